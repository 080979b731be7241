"""A capacity provider: the instances that functions on Managed Instances run on.

docs/contract/api.md#capacity-providers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from lambda_emu.errors.resources import FunctionNotFound
from lambda_emu.model.capacity.managed_instances import CONFIG, INSTANCES
from lambda_emu.model.capacity.refusals import CapacityProviderInUse, NotOnManagedInstances
from lambda_emu.model.function.function import Function, FunctionVersion
from lambda_emu.model.function.tags import new_tags

KIND = "capacity-provider"
PENDING, ACTIVE, DELETING = "Pending", "Active", "Deleting"
PENDING_S = 1.0

# What AWS fills in, from its guide and public reports; not recorded.
SCALING_DEFAULTS = {"ScalingMode": "Auto", "MaxVCpuCount": 400}

_KEPT = ("VpcConfig", "PermissionsConfig", "InstanceRequirements", "KmsKeyArn", "PropagateTags", "TelemetryConfig")


class CapacityProvider(Struct, frozen=True):
    """settings: its members as the wire shows them, but for ARN, state and time. last_modified: as shown.

    created_s: epoch seconds.
    """

    name: str
    last_modified: str
    created_s: float
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def state(self, now_s: float) -> str:
        """Nothing is started here, so that a second is enough; a clock that is set back changes nothing."""
        return PENDING if abs(now_s - self.created_s) < PENDING_S else ACTIVE


def new_provider(name: str, wanted: Mapping[str, Any], now_s: float, modified: str) -> CapacityProvider:
    """wanted: the members of CreateCapacityProvider. Raises TooManyTags."""
    provider = CapacityProvider(name, modified, now_s, tags=new_tags(wanted.get("Tags", {})))
    scaling = wanted.get("CapacityProviderScalingConfig", {})
    return update_provider(
        provider, {**wanted, "CapacityProviderScalingConfig": {**SCALING_DEFAULTS, **scaling}}, modified
    )


def update_provider(provider: CapacityProvider, wanted: Mapping[str, Any], modified: str) -> CapacityProvider:
    """What is not sent stays, also inside the scaling config; the rest is replaced whole."""
    settings = {**provider.settings, **{member: wanted[member] for member in _KEPT if member in wanted}}
    scaling = wanted.get("CapacityProviderScalingConfig", {})
    settings["CapacityProviderScalingConfig"] = {**settings.get("CapacityProviderScalingConfig", {}), **scaling}
    return replace(provider, settings=MappingProxyType(settings), last_modified=modified)


def provider_arn(version: FunctionVersion) -> str | None:
    """The capacity provider that a version runs on; None: it is not on Managed Instances."""
    arn: str | None = version.other.get(CONFIG, {}).get(INSTANCES, {}).get("CapacityProviderArn")
    return arn


def managed_version(function: Function, qualifier: str) -> FunctionVersion:
    """The version on Managed Instances. Raises FunctionNotFound, NotOnManagedInstances."""
    version = function.version(qualifier)
    if version is None:
        raise FunctionNotFound(function.id.arn(qualifier))
    if provider_arn(version) is None:
        raise NotOnManagedInstances
    return version


def versions_on(functions: Iterable[Function], arn: str) -> Iterator[FunctionVersion]:
    """The published versions that run on a provider, by name and number."""
    for function in functions:
        for version in function.published_versions():
            if provider_arn(version) == arn:
                yield version


def check_unused(functions: Iterable[Function], arn: str) -> None:
    """Raises CapacityProviderInUse."""
    using = [f for f in functions if arn in map(provider_arn, (f.latest, *f.published_versions()))]
    if using:
        raise CapacityProviderInUse(arn, len(using))
