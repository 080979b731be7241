"""Which function a request means, and when its name alone forbids it. docs/contract/api.md#validation, #names."""

from __future__ import annotations

from functools import lru_cache

from lambda_emu.arn import Scope, Target, parse_function_name
from lambda_emu.errors.base import InvalidParameter
from lambda_emu.errors.resources import NotFound, OtherAccount


@lru_cache(maxsize=1024)
def resolve(name: str, qualifier: str | None, scope: Scope, anywhere: bool = False) -> Target:
    """The target of a FunctionName and Qualifier that passed the model's constraints.

    scope: the caller's. anywhere: the caller said nothing of an account or a region, so that an ARN's hold.
    Raises RegionUnreachable, QualifierMismatch, OtherAccount.
    """
    written = parse_function_name(name)
    if anywhere:
        scope = Scope(written.account or scope.account, written.region or scope.region)
    if written.region is not None and written.region != scope.region:
        raise RegionUnreachable(written.region, scope.region)
    if written.qualifier is not None and qualifier is not None and written.qualifier != qualifier:
        raise QualifierMismatch
    if written.account is not None and written.account != scope.account:
        owner = Scope(written.account, scope.region)
        raise OtherAccount(Target(owner.function(written.name), qualifier or written.qualifier))
    return Target(scope.function(written.name), qualifier or written.qualifier)


class QualifierMismatch(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("The derived qualifier from the function name does not match the specified qualifier.")


class UnqualifiedOnly(InvalidParameter):
    """An operation on the function as a whole was given a version or an alias."""

    def __init__(self) -> None:
        super().__init__(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
            "operation. Please specify either a function name or an unqualified function ARN."
        )


class RegionUnreachable(NotFound):
    def __init__(self, region: str, here: str) -> None:
        super().__init__(f"Functions from '{region}' are not reachable in this region ('{here}')")
