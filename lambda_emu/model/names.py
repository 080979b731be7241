"""Which function a request means, and when its name alone forbids it. Contract: api.md 1.3 and 1.4."""

from __future__ import annotations

from lambda_emu.arn import FunctionId, Target, parse_function_name, partition_of
from lambda_emu.errors import AccessDenied, QualifierMismatch, RegionUnreachable


def resolve(name: str, qualifier: str | None, account: str, region: str) -> Target:
    """The target of a FunctionName and Qualifier that passed the model's constraints.

    account, region: where this emulator says it is.
    Raises RegionUnreachable, AccessDenied (another account), QualifierMismatch.
    """
    written = parse_function_name(name)
    if written.region is not None and written.region != region:
        raise RegionUnreachable(written.region, region)
    if written.account is not None and written.account != account:
        raise AccessDenied
    if written.qualifier is not None and qualifier is not None and written.qualifier != qualifier:
        raise QualifierMismatch
    return Target(FunctionId(account, region, written.name, partition_of(region)), qualifier or written.qualifier)
