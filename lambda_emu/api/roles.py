"""Whether a role may be given to Lambda: it must be one of the caller's account. Contract: api.md 1.3."""

from __future__ import annotations

from lambda_emu.api.context import RequestContext
from lambda_emu.errors.resources import CrossAccountRole


def check_role(context: RequestContext, arn: str) -> None:
    """CrossAccountRole for a role of another account.

    Where the caller's account is only our default, it says nothing about the role: that is accepted, and the log says
    once how to make the two one.
    """
    account = arn.split(":")[4]
    if account == context.scope.account:
        return
    if context.account_known:
        raise CrossAccountRole
    context.notices.tell(
        f"{arn} is a role of account {account}, but functions are of {context.scope.account} here, since nothing says "
        f"another; --account {account} (or LAMBDA_EMU_ACCOUNT, or `account` in the project file) makes them one",
        about=f"roles of {account}",
    )
