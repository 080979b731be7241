"""What CreateFunction and UpdateFunctionConfiguration may set, and what that does to a version.

docs/contract/api.md#configuration.

A request sets what it names and leaves the rest. Sub-structures are replaced whole; only LoggingConfig is merged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from lambda_emu.errors.request import ConstraintViolations
from lambda_emu.model.capacity import managed_instances
from lambda_emu.model.changes.refusals import (
    CodeWithLayersTooLarge,
    CustomRuntimeUnknown,
    MemoryAboveLimit,
    NoSnapStart,
    NulInside,
)
from lambda_emu.model.function import durable, environment_variables, image_package, runtime_names
from lambda_emu.model.function.function import FunctionVersion
from lambda_emu.model.function.logging_config import merged_logging
from lambda_emu.model.function.tenancy import check_without_tenants
from lambda_emu.model.layers.references import Find, find_layers

Wanted = Mapping[str, Any]

UNZIPPED_LIMIT_BYTES = 262_144_000

_PLAIN = {
    "Role": "role",
    "Runtime": "runtime",
    "Handler": "handler",
    "Description": "description",
    "Timeout": "timeout_s",
    "MemorySize": "memory_mb",
}


STARTED_WITH = ("Handler", "Environment", "ImageConfig")
"""Members that become arguments and variables of a program."""


def check(wanted: Wanted, has: Wanted) -> None:
    """The rules that each member keeps alone. Raises the error of the first one broken.

    has: what decides whether the function is on Managed Instances: `other` of its $LATEST, or what a new one is to be.
    """
    managed_instances.check_members(wanted, has)
    limits = managed_instances.limits(wanted, has)
    if "RuntimeConfig" in wanted:
        raise CustomRuntimeUnknown(wanted["RuntimeConfig"]["RuntimeArn"])
    if wanted.get("MemorySize", 0) > limits.memory_mb:
        raise MemoryAboveLimit(limits.memory_mb)
    _check_most("timeout", wanted.get("Timeout", 0), limits.timeout_s)
    _check_most("ephemeralStorage.size", wanted.get("EphemeralStorage", {}).get("Size", 0), limits.storage_mb)
    environment_variables.check(wanted.get("Environment", {}).get("Variables", {}))
    for member in STARTED_WITH:
        if _holds_nul(wanted.get(member)):
            raise NulInside(member)


def _holds_nul(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_nul(part) for part in (*value, *value.values()))
    return any(map(_holds_nul, value)) if isinstance(value, list) else isinstance(value, str) and "\0" in value


def _check_most(path: str, value: int, limit: int) -> None:
    """The model allows more than most functions may have."""
    if value > limit:
        constraint = f"Member must have value less than or equal to {limit}"
        raise ConstraintViolations([f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"])


def apply_settings(version: FunctionVersion, wanted: Wanted, find_layer: Find) -> FunctionVersion:
    """The version with the request's members applied; revision, deployment and progress are left to the caller.

    find_layer: what a layer version's ARN stands for.
    Raises the errors of packages, layers, SnapStart, log levels and Managed Instances.
    """
    image_package.check_configuration(version, wanted)
    changes: dict[str, Any] = {field: wanted[member] for member, field in _PLAIN.items() if member in wanted}
    for member, change in _STRUCTURES.items():
        if member in wanted:
            changes |= change(version, wanted[member])
    if "Layers" in wanted:
        changes["layers"] = find_layers(wanted["Layers"], version, find_layer)
    other = dict(version.other)
    for member, echo in _ECHOED.items():
        if member in wanted:
            other[member] = echo(other.get(member), wanted[member])
    if managed_instances.CONFIG in wanted:
        runtime = changes.get("runtime", version.runtime)
        other[managed_instances.CONFIG] = managed_instances.configure_instances(
            wanted[managed_instances.CONFIG], runtime
        )
    changes["other"] = MappingProxyType({member: value for member, value in other.items() if value is not None})
    return _check_together(replace(version, **changes))


def _check_together(version: FunctionVersion) -> FunctionVersion:
    """The rules that hold between members."""
    if managed_instances.on_instances(version.other):
        managed_instances.check(version)
    if version.other.get("SnapStart", {}).get("ApplyOn") == "PublishedVersions":
        check_without_tenants(version, "SnapStart")
        if version.image is None and not runtime_names.can_snap_start(version.runtime):
            raise NoSnapStart(version.runtime)
    return check_size(version)


def check_size(version: FunctionVersion) -> FunctionVersion:
    """The version itself; CodeWithLayersTooLarge if both together unpack to too much."""
    size = version.code.unzipped_size + sum(layer.content.unzipped_size for layer in version.layers)
    if version.layers and size > UNZIPPED_LIMIT_BYTES:
        raise CodeWithLayersTooLarge(size, UNZIPPED_LIMIT_BYTES)
    return version


def _environment(_: FunctionVersion, wanted: Wanted) -> dict[str, Any]:
    """`{Variables: {}}` is kept and shown, `{}` sets nothing."""
    return {"environment": MappingProxyType(dict(wanted["Variables"])) if "Variables" in wanted else None}


def _storage(_: FunctionVersion, wanted: Wanted) -> dict[str, Any]:
    return {"ephemeral_storage_mb": wanted["Size"]}


def _tracing(_: FunctionVersion, wanted: Wanted) -> dict[str, Any]:
    return {"tracing_mode": wanted["Mode"]} if "Mode" in wanted else {}


def _logging(version: FunctionVersion, wanted: Wanted) -> dict[str, Any]:
    return {"logging": merged_logging(version.logging, wanted)}


def _durable(version: FunctionVersion, wanted: Wanted) -> dict[str, Any]:
    return {"durable": durable.update_durability(version.durable, wanted)}


_STRUCTURES: Mapping[str, Callable[[FunctionVersion, Any], dict[str, Any]]] = {
    "Environment": _environment,
    "EphemeralStorage": _storage,
    "ImageConfig": image_package.configure_image,
    "TracingConfig": _tracing,
    "LoggingConfig": _logging,
    "DurableConfig": _durable,
}


def _vpc(before: Wanted | None, wanted: Wanted) -> Wanted | None:
    """Nothing runs in a VPC here; it is shown as given. An emptied one stays, with an empty VpcId."""
    subnets = wanted.get("SubnetIds", [])
    if not subnets and before is None:
        return None
    return {
        "SubnetIds": subnets,
        "SecurityGroupIds": wanted.get("SecurityGroupIds", []),
        "VpcId": "vpc-00000000000000000" if subnets else "",
        "Ipv6AllowedForDualStack": wanted.get("Ipv6AllowedForDualStack", False),
    }


def _dead_letters(before: Wanted | None, wanted: Wanted) -> Wanted | None:
    """`{}` keeps the target, an empty ARN clears it."""
    if "TargetArn" not in wanted:
        return before
    return {"TargetArn": wanted["TargetArn"]} if wanted["TargetArn"] else None


def _snap_start(_: Wanted | None, wanted: Wanted) -> Wanted:
    """Off on $LATEST, whatever is asked: only published versions have snapshots."""
    return {"ApplyOn": wanted.get("ApplyOn", "None"), "OptimizationStatus": "Off"}


def _or_none(_: Any, wanted: Any) -> Any:
    """An empty value clears the member."""
    return wanted or None


_ECHOED: Mapping[str, Callable[[Any, Any], Any]] = {
    managed_instances.ACCELERATOR: _or_none,
    "VpcConfig": _vpc,
    "DeadLetterConfig": _dead_letters,
    "SnapStart": _snap_start,
    "KMSKeyArn": _or_none,
    "FileSystemConfigs": _or_none,
}
