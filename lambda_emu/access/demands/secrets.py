"""Secrets Manager and the parameters of Systems Manager."""

from __future__ import annotations

from collections.abc import Sequence

from lambda_emu.access.demand import ANY, Asking, Demand


def secretsmanager(asking: Asking) -> Sequence[Demand]:
    """A secret that is named is asked for by its name: whoever knows its ARN puts that in the name's place."""
    if asking.operation == "BatchGetSecretValue":
        return [asking.demand(), *(_secret(asking, given, "GetSecretValue") for given in _in_batch(asking))]
    given = [each for each in (asking.text("SecretId"), asking.text("Name")) if each]
    return [_secret(asking, each, asking.operation) for each in given] or [asking.demand()]


def _in_batch(asking: Asking) -> list[str]:
    """Secrets that are looked for by filters may be any."""
    return asking.texts("SecretIdList") or [ANY]


def _secret(asking: Asking, given: str, operation: str) -> Demand:
    context = {"secretsmanager:secretid": given}
    if given == ANY or given.startswith("arn:"):
        return asking.demand(given, operation, context)
    return Demand(f"{asking.service}:{operation}", asking.arn(f"secret:{given}"), context, given)


def ssm(asking: Asking) -> Sequence[Demand]:
    operation = asking.operation
    if "Parameter" not in operation and asking.text("ResourceType") != "Parameter":
        return [asking.demand()]
    if operation == "GetParametersByPath":
        return [asking.demand(_parameter(asking, asking.text("Path")))]
    names = [*asking.texts("Names"), asking.text("Name"), asking.text("ResourceId")]
    return [asking.demand(_parameter(asking, name)) for name in names if name] or [asking.demand()]


def _parameter(asking: Asking, name: str) -> str:
    """A version or a label behind it is no part of what it is."""
    if name.startswith("arn:"):
        return name
    return asking.arn(f"parameter/{name.partition(':')[0].removeprefix('/')}")
