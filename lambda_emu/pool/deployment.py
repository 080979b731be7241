"""What is to run: a version of a function, what its environments are made of, and what its runtime finds in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from lambda_emu.environment.states import InitType
from lambda_emu.model.function.function import FunctionVersion
from lambda_emu.model.function.vpc import network_of
from lambda_emu.pool.endpoints import Endpoints
from lambda_emu.sandbox.base import Sandbox, StemKind

LOCALE = {"TZ": ":UTC", "LANG": "en_US.UTF-8"}


class Deployment(Struct, frozen=True):
    """A version with what its environments are made of. What is said of the runtime is None for custom ones.

    task: None where the code is in the version's own image. old_names: by which the runtime has credentials too.
    """

    version: FunctionVersion
    task: Path | None
    layers: tuple[Path, ...]
    execution_env: str | None
    runtime_version: str | None
    runtime_version_arn: str | None
    old_names: Mapping[str, str] = {}


def kind_of(version: FunctionVersion, networks: Mapping[str, str]) -> StemKind:
    """Which stems it can use. networks: by subnet, those that environments of a function in a VPC join."""
    image = "" if version.image is None else version.image.id
    network = network_of(version, networks)
    return StemKind(
        version.runtime, version.architecture, version.ephemeral_storage_mb, image, network, version.memory_mb
    )


def variables(
    deployment: Deployment,
    init_type: InitType,
    runtime: Mapping[str, str],
    sandbox: Sandbox,
    endpoints: Endpoints,
    log_stream: str,
    credentials: Mapping[str, str],
) -> dict[str, str]:
    """Everything the runtime's process sees.

    docs/contract/runtime.md#environment-variables. Later wins: the customer's, the runtime's, ours.

    runtime: what the image or the host gives this runtime (PATH, LD_LIBRARY_PATH, NODE_PATH ...); the customer
    may override it. sandbox: says where the APIs are, and endpoints in which variables. credentials: this
    environment's own, which it keeps when it is reset.
    """
    version = deployment.version
    reserved = {
        "AWS_REGION": version.id.region,
        "AWS_DEFAULT_REGION": version.id.region,
        "AWS_LAMBDA_FUNCTION_NAME": version.id.name,
        "AWS_LAMBDA_FUNCTION_VERSION": version.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(version.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": init_type.value,
        "AWS_LAMBDA_LOG_GROUP_NAME": version.logging.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_RUNTIME_API": sandbox.runtime_api,
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
    }
    if version.handler:  # an image's entry point sets it
        reserved["_HANDLER"] = version.handler
    if deployment.execution_env is not None:
        reserved["AWS_EXECUTION_ENV"] = deployment.execution_env
    theirs = endpoints.inside(sandbox, {**runtime, **(version.environment or {})})
    ours = {**_defaults(version), **endpoints.variables(sandbox, theirs)}
    old = {name: credentials[new] for name, new in deployment.old_names.items()}
    return {**ours, **theirs, **credentials, **old, **reserved}


def _defaults(version: FunctionVersion) -> dict[str, str]:
    found = {
        **LOCALE,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1:2000",
        "_AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1",
        "_AWS_XRAY_DAEMON_PORT": "2000",
    }
    if version.logging.log_format == "JSON":
        found["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        found["AWS_LAMBDA_LOG_LEVEL"] = version.logging.application_log_level or "INFO"
    return found
