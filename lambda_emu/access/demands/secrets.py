"""Secrets Manager and the parameters of Systems Manager."""

from __future__ import annotations

from collections.abc import Sequence

from lambda_emu.access.demand import ANY, Asking, Demand


def secretsmanager(asking: Asking) -> Sequence[Demand]:
    """A secret that is named is asked for by its name: whoever knows its ARN puts that in the name's place."""
    given = asking.text("SecretId") or asking.text("Name")
    context = {"secretsmanager:secretid": given} if given else {}
    if given.startswith("arn:") or not given:
        return [asking.demand(given or ANY, context=context)]
    resource = asking.arn(f"secret:{given}")
    return [Demand(f"{asking.service}:{asking.operation}", resource, context, given)]


def ssm(asking: Asking) -> Sequence[Demand]:
    operation = asking.operation
    if "Parameter" not in operation and asking.text("ResourceType") != "Parameter":
        return [asking.demand()]
    if operation == "GetParametersByPath":
        return [asking.demand(_parameter(asking, asking.text("Path")))]
    names = asking.texts("Names") or [asking.text("Name") or asking.text("ResourceId")]
    return [asking.demand(_parameter(asking, name) if name else ANY) for name in names[:10]]


def _parameter(asking: Asking, name: str) -> str:
    """A version or a label behind it is no part of what it is."""
    if name.startswith("arn:"):
        return name
    return asking.arn(f"parameter/{name.partition(':')[0].removeprefix('/')}")
