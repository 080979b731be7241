"""Users of IAM have permissions boundaries; with moto only roles have."""

from __future__ import annotations

from typing import Any

KIND = "PermissionsBoundaryPolicy"


def replace_user_boundaries() -> None:
    from moto.core.responses import EmptyResult
    from moto.iam.exceptions import NoSuchEntity
    from moto.iam.models import User
    from moto.iam.responses import IamResponse

    create = IamResponse.create_user

    def user(self: Any) -> Any:
        return self.backend.get_user(self._get_param("UserName"))

    def boundary(self: Any) -> str:
        arn = str(self._get_param("PermissionsBoundary"))
        if arn not in self.backend.managed_policies:
            raise NoSuchEntity(f"Policy {arn} does not exist or is not attachable.")
        return arn

    def create_user(self: Any) -> Any:
        arn = boundary(self) if self._get_param("PermissionsBoundary") else None
        answer = create(self)
        if arn is not None:
            user(self).permissions_boundary_arn = arn
        return answer

    def put_user_permissions_boundary(self: Any) -> Any:
        user(self).permissions_boundary_arn = boundary(self)
        return EmptyResult()

    def delete_user_permissions_boundary(self: Any) -> Any:
        found = user(self)
        if getattr(found, "permissions_boundary_arn", None) is None:
            raise NoSuchEntity(f"User {found.name} does not have a permissions boundary.")  # (?)
        found.permissions_boundary_arn = None
        return EmptyResult()

    IamResponse.create_user = create_user  # type: ignore[method-assign]
    IamResponse.put_user_permissions_boundary = put_user_permissions_boundary  # type: ignore[attr-defined]
    IamResponse.delete_user_permissions_boundary = delete_user_permissions_boundary  # type: ignore[attr-defined]
    User.permissions_boundary = property(_shown)  # type: ignore[attr-defined]


def _shown(user: Any) -> dict[str, str] | None:
    arn = getattr(user, "permissions_boundary_arn", None)
    return None if arn is None else {"PermissionsBoundaryType": KIND, "PermissionsBoundaryArn": arn}
