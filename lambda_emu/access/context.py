"""What every request tells conditions, by key in lower case.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from lambda_emu.gateway.request import Request
from lambda_emu.model.caller import Caller, CallerKind
from lambda_emu.model.iam.patterns import Context

TYPES = {
    CallerKind.ROOT: "Account",
    CallerKind.USER: "User",
    CallerKind.SESSION: "AssumedRole",
    CallerKind.FEDERATED: "FederatedUser",
    CallerKind.ANONYMOUS: "Anonymous",
}


def caller_context(caller: Caller, tags: Mapping[str, str]) -> Context:
    """tags: of the user or role; those of its session go before them."""
    found: dict[str, str | tuple[str, ...]] = {
        "aws:principalarn": caller.principal_arn,
        "aws:principalaccount": caller.account,
        "aws:principaltype": TYPES.get(caller.kind, ""),
        "aws:userid": caller.user_id,
    }
    if caller.kind is CallerKind.USER:
        found["aws:username"] = caller.arn.rpartition("/")[2]
    if caller.source_identity is not None:
        found["aws:sourceidentity"] = caller.source_identity
    for name, value in {**tags, **dict(caller.tags)}.items():
        found[f"aws:principaltag/{name.lower()}"] = value
    return {key: value for key, value in found.items() if value}


def own_context(region: str, owner: str, now_s: float) -> dict[str, str | tuple[str, ...]]:
    """Of what happens without a request. owner: of the resource."""
    at = datetime.fromtimestamp(now_s, UTC)
    found: dict[str, str | tuple[str, ...]] = {
        "aws:currenttime": at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "aws:epochtime": str(int(now_s)),
        "aws:requestedregion": region,
        "aws:securetransport": "true",
        "aws:viaawsservice": "false",
        "aws:principalisawsservice": "false",
    }
    if owner:
        found["aws:resourceaccount"] = owner
    return found


def request_context(request: Request, region: str, owner: str, now_s: float) -> Context:
    """No request has MFA or an organization here; each counts as one by TLS, as on AWS. owner: of the resource."""
    found = own_context(region, owner, now_s)
    found["aws:sourceip"] = request.peer or "127.0.0.1"
    for name, key in (("user-agent", "aws:useragent"), ("referer", "aws:referer")):
        if (value := request.header(name.encode())) is not None:
            found[key] = value
    return found
