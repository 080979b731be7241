"""Functions on Managed Instances: what only they may have, and what they cannot.

docs/contract/api.md#capacity-providers, #states, #configuration.

What is not there is from AWS's guide and public reports. A function is on them from its creation or never. Its $LATEST
is not invoked: what runs is a published version, unqualified the one named $LATEST.PUBLISHED. PublishTo without Publish
publishes nothing (not recorded).
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from msgspec import Struct

from lambda_emu.arn import LATEST
from lambda_emu.errors.resources import FunctionPending
from lambda_emu.errors.service import NotBuiltYet
from lambda_emu.model import quotas
from lambda_emu.model.capacity.refusals import (
    ManagedInstancesOnly,
    MemoryBelowInstances,
    NoPublishedVersion,
    NotOnInstances,
    RuntimeNotOnInstances,
    ScalingRangeInvalid,
)
from lambda_emu.model.function.function import Function, FunctionState, FunctionVersion, ScalingConfig
from lambda_emu.model.function.logging_config import LevelsWithText
from lambda_emu.model.function.runtime_names import can_run_on_instances

Wanted = Mapping[str, Any]

CONFIG = "CapacityProviderConfig"
INSTANCES = "LambdaManagedInstancesCapacityProviderConfig"
ACCELERATOR = "AcceleratorConfig"
ONLY_THERE = (CONFIG, ACCELERATOR, "PublishTo")

LEAST_MEMORY_MB = 2048
MEMORY_GIB_PER_VCPU = 2.0

# How many invocations an environment of one vCPU gets at once unless the function says.
_CONCURRENCY = {"nodejs": 64, "java": 32, "dotnet": 32, "provided": 8}
_OTHER_CONCURRENCY = 16

_NO_CONFIGURATION = ("FunctionArn", "Version", "RevisionId", "LastModified", "CodeSize", "CodeSha256")


def on_instances(has: Wanted) -> bool:
    """has: the `other` of a version, or what a new function is to have."""
    return CONFIG in has


def check_members(wanted: Wanted, has: Wanted) -> None:
    """ManagedInstancesOnly for what a function elsewhere may not be given."""
    if not on_instances(has):
        for member in ONLY_THERE:
            if member in wanted:
                raise ManagedInstancesOnly(member)


class InstanceLimits(Struct, frozen=True):
    """The most that a function may ask for."""

    memory_mb: int = quotas.MEMORY_MB
    timeout_s: int = quotas.TIMEOUT_S
    storage_mb: int = quotas.EPHEMERAL_STORAGE_MB


def limits(wanted: Wanted, has: Wanted) -> InstanceLimits:
    """The long timeout is for events and event source mappings alone, the large storage for accelerators."""
    if not on_instances(has):
        return InstanceLimits()
    accelerated = ACCELERATOR in has or ACCELERATOR in wanted
    storage_mb = quotas.ACCELERATED_STORAGE_MB if accelerated else quotas.EPHEMERAL_STORAGE_MB
    return InstanceLimits(quotas.INSTANCES_MEMORY_MB, quotas.INSTANCES_TIMEOUT_S, storage_mb)


def with_defaults(wanted: Wanted) -> Wanted:
    """What a new function is to have, with what it has unasked on Managed Instances."""
    if not on_instances(wanted):
        return wanted
    logging = {"LogFormat": "JSON", **wanted.get("LoggingConfig", {})}
    return {"MemorySize": LEAST_MEMORY_MB, **wanted, "LoggingConfig": logging}


def configure_instances(wanted: Wanted, runtime: str) -> Wanted:
    """CapacityProviderConfig as it is kept and shown; an update replaces it whole."""
    concurrency = next((n for language, n in _CONCURRENCY.items() if runtime.startswith(language)), _OTHER_CONCURRENCY)
    defaults = {
        "PerExecutionEnvironmentMaxConcurrency": concurrency,
        "ExecutionEnvironmentMemoryGiBPerVCpu": MEMORY_GIB_PER_VCPU,
    }
    return {INSTANCES: {**defaults, **wanted[INSTANCES]}}


def check(version: FunctionVersion) -> None:
    """The rules between the members of a version that is on Managed Instances.

    RuntimeNotOnInstances, MemoryBelowInstances, LevelsWithText, NotOnInstances.
    """
    if version.image is None and not can_run_on_instances(version.runtime):
        raise RuntimeNotOnInstances(version.runtime)
    one_vcpu_mb = int(version.other[CONFIG][INSTANCES]["ExecutionEnvironmentMemoryGiBPerVCpu"] * 1024)
    least_mb = max(LEAST_MEMORY_MB, one_vcpu_mb)
    if version.memory_mb < least_mb:
        raise MemoryBelowInstances(least_mb)
    if version.logging.log_format == "Text":
        raise LevelsWithText
    if version.other.get("SnapStart", {}).get("ApplyOn") == "PublishedVersions":
        raise NotOnInstances("SnapStart")
    if version.tenant_isolation is not None:
        raise NotOnInstances("TenancyConfig")


def idle_state(version: FunctionVersion) -> FunctionState:
    """What a version is when nothing is under way."""
    unpublished = version.version == LATEST and on_instances(version.other)
    return FunctionState.ACTIVE_NON_INVOCABLE if unpublished else FunctionState.ACTIVE


def in_place_of_latest(function: Function, qualifier: str | None) -> FunctionVersion:
    """What an invocation runs that came to a $LATEST on Managed Instances. NoPublishedVersion, FunctionPending."""
    if qualifier is None and function.latest_published is not None:
        return function.latest_published
    if qualifier is None or not (function.versions or function.latest_published):
        raise NoPublishedVersion(function.id.arn(qualifier))
    raise FunctionPending(FunctionState.ACTIVE_NON_INVOCABLE)


def check_built(version: FunctionVersion) -> None:
    """Nothing runs on Managed Instances yet."""
    if on_instances(version.other):
        raise NotBuiltYet("The execution of functions on Managed Instances")


def config_sha256(shown: Wanted) -> str:
    """The same for versions of the same configuration. shown: FunctionConfiguration. How AWS counts is not known."""
    kept = {member: value for member, value in shown.items() if member not in _NO_CONFIGURATION}
    return b64encode(sha256(json.dumps(kept, sort_keys=True, default=dict).encode()).digest()).decode()


def new_scaling(wanted: Mapping[str, Any]) -> ScalingConfig:
    """wanted: FunctionScalingConfig, which replaces the one before. Raises ScalingRangeInvalid."""
    least, most = wanted.get("MinExecutionEnvironments"), wanted.get("MaxExecutionEnvironments")
    if least is not None and most is not None and least > most:
        raise ScalingRangeInvalid
    return ScalingConfig(least, most)
