"""STS: who becomes whom. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html"""

from __future__ import annotations

from collections.abc import Sequence

from lambda_emu.access.demand import ANY, MOST_TAGS, Asking, Demand
from lambda_emu.model.iam.patterns import Context

ROLE = "AssumeRole"


FREE = ("GetCallerIdentity", "GetSessionToken", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")


def sts(asking: Asking) -> Sequence[Demand]:
    """Everybody may ask who he is, and for a session of his own."""
    if asking.operation in FREE:
        return []
    if asking.operation == "GetFederationToken":
        who = f"federated-user/{asking.text('Name')}"
        return [asking.demand(f"arn:{asking.scope.partition}:sts::{asking.scope.account}:{who}")]
    if asking.operation != ROLE:
        return [asking.demand()]
    role = asking.text("RoleArn") or ANY
    context, tags = _context(asking), tags_of(asking)
    operations = [ROLE]
    operations += ["TagSession"] if tags else []
    operations += ["SetSourceIdentity"] if asking.text("SourceIdentity") else []
    return [asking.demand(role, operation, {**context, **tags}) for operation in operations]


def _context(asking: Asking) -> dict[str, str | tuple[str, ...]]:
    named = {
        "sts:externalid": asking.text("ExternalId"),
        "sts:rolesessionname": asking.text("RoleSessionName"),
        "sts:sourceidentity": asking.text("SourceIdentity"),
    }
    return {key: value for key, value in named.items() if value}


def tags_of(asking: Asking) -> Context:
    """Those that are given, and the names of those that are taken away."""
    found: dict[str, str | tuple[str, ...]] = {}
    keys = []
    for number in range(1, MOST_TAGS + 1):
        key = asking.text(f"Tags.member.{number}.Key")
        if not key:
            break
        keys.append(key)
        found[f"aws:requesttag/{key.lower()}"] = asking.text(f"Tags.member.{number}.Value")
    for number in range(1, MOST_TAGS + 1):
        key = asking.text(f"TagKeys.member.{number}")
        if not key:
            break
        keys.append(key)
    return {**found, "aws:tagkeys": tuple(keys)} if keys else {}
