"""Services of AWS that run functions: whom a function's policy has to let in, for what.

What this server does in their names says so in a header; who signs as somebody else and says it is not believed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from lambda_emu.access.demand import Demand
from lambda_emu.gateway.request import Request
from lambda_emu.model.caller import Caller, CallerKind

INVOKED_BY = b"x-lambda-emu-invoked-by"
"""`s3.amazonaws.com arn:aws:s3:::bucket`."""
_SAID = re.compile(r"([a-z0-9.-]{1,64}\.amazonaws\.com) (arn:[!-~]{1,1024})")


def is_in_a_name(caller: Caller, asked: Request) -> bool:
    """Whether it is an invocation by us in the name of a service."""
    return caller.kind is CallerKind.SERVICE and INVOKED_BY in asked.head.first


def in_its_name(caller: Caller, asked: Request, demands: Sequence[Demand]) -> tuple[Caller, Sequence[Demand]]:
    """The service, and what conditions are told of its source. What is not said so is as it was."""
    said = _SAID.fullmatch(asked.header(INVOKED_BY) or "")
    if said is None or caller.kind is not CallerKind.SERVICE:
        return caller, demands
    principal, source = said.groups()
    account = source.split(":")[4] if source.count(":") >= 5 else ""
    context = {
        "aws:sourcearn": source,
        "aws:sourceaccount": account or caller.account,
        "aws:principalisawsservice": "true",
    }
    service = Caller(CallerKind.SERVICE, principal, "", principal, principal)
    return service, [replace(each, context={**each.context, **context}) for each in demands]
