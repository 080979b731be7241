"""Keys that moto gives out say whose they are, and who asks is told who he is here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lambda_emu.model.caller import CallerKind
from lambda_emu.model.credentials import KEY_LENGTH, KEY_PREFIXES, access_key, read_token, role_id, session_of
from lambda_emu.services.child.program.current_request import session_token


def replace_keys() -> None:
    """Keys that are given out here say whose they are, wherever they come back."""
    from moto.iam import models as iam
    from moto.moto_api._internal import mock_random

    models: Any = iam
    make: Callable[..., str] = models.generate_access_key_id_from_account_id

    def generate(account_id: str, prefix: str, total_length: int = 20) -> str:
        if prefix not in KEY_PREFIXES or total_length != KEY_LENGTH:
            return make(account_id, prefix, total_length)
        return access_key(prefix, account_id, mock_random.getrandbits(25))

    models.generate_access_key_id_from_account_id = generate


def replace_identity() -> None:
    """Functions ask as their role, which is known by the session token; any other key is its account's root user's.

    moto has a user of its own for both.
    """
    from moto.sts.models import STSBackend

    find = STSBackend.get_caller_identity

    def find_ours(self: Any, access_key_id: str, region: str) -> tuple[str, str, str]:
        user, arn, account = find(self, access_key_id, region)
        if not arn.endswith(":user/moto") or ":sts:" not in arn:
            return user, arn, account
        token = session_token()
        session, whose = read_token(token), session_of(token)
        if whose is not None:
            role = whose.role.rpartition("/")[2]
            name = f"arn:{self.partition}:sts::{account}:assumed-role/{role}/{whose.name}"
            return f"{_role_id(self, whose.role)}:{whose.name}", name, account
        if session is not None and session.kind != CallerKind.SERVICE.value:
            return session.user_id, session.arn, session.account
        return account, f"arn:{self.partition}:iam::{account}:root", account

    STSBackend.get_caller_identity = find_ours  # type: ignore[method-assign]


def _role_id(backend: Any, role: str) -> str:
    """Of one that IAM does not know, what its name comes to."""
    from moto.iam.models import iam_backends

    known = iam_backends[backend.account_id][backend.partition].roles.values()
    return next((str(one.id) for one in known if one.arn == role), role_id(role))
