"""Which module serves which operations; each is imported when one of them is first asked for.

So who only runs functions does not wait for what the rest of the API needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from lambda_emu.api.registry import HANDLERS, Handler

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "account": ("GetAccountSettings",),
    "aliases": (
        "CreateAlias",
        "GetAlias",
        "ListAliases",
        "UpdateAlias",
        "DeleteAlias",
    ),
    "capacity_providers": (
        "CreateCapacityProvider",
        "GetCapacityProvider",
        "UpdateCapacityProvider",
        "DeleteCapacityProvider",
        "ListCapacityProviders",
        "ListFunctionVersionsByCapacityProvider",
    ),
    "code_signing": (
        "CreateCodeSigningConfig",
        "GetCodeSigningConfig",
        "UpdateCodeSigningConfig",
        "DeleteCodeSigningConfig",
        "ListCodeSigningConfigs",
        "ListFunctionsByCodeSigningConfig",
        "PutFunctionCodeSigningConfig",
        "GetFunctionCodeSigningConfig",
        "DeleteFunctionCodeSigningConfig",
    ),
    "concurrency": (
        "PutFunctionConcurrency",
        "GetFunctionConcurrency",
        "DeleteFunctionConcurrency",
    ),
    "durable_executions": (
        "ListDurableExecutionsByFunction",
        "DeleteDurableExecution",
        "ResumeDurableExecution",
        "PauseDurableExecution",
        "StopDurableExecution",
        "GetDurableExecutionHistory",
        "GetDurableExecution",
        "CheckpointDurableExecution",
        "GetDurableExecutionState",
        "SendDurableExecutionCallbackHeartbeat",
        "SendDurableExecutionCallbackFailure",
        "SendDurableExecutionCallbackSuccess",
    ),
    "event_invoke": (
        "PutFunctionEventInvokeConfig",
        "UpdateFunctionEventInvokeConfig",
        "GetFunctionEventInvokeConfig",
        "DeleteFunctionEventInvokeConfig",
        "ListFunctionEventInvokeConfigs",
    ),
    "event_source_mappings": (
        "CreateEventSourceMapping",
        "GetEventSourceMapping",
        "UpdateEventSourceMapping",
        "DeleteEventSourceMapping",
        "ListEventSourceMappings",
    ),
    "function_urls": (
        "CreateFunctionUrlConfig",
        "GetFunctionUrlConfig",
        "UpdateFunctionUrlConfig",
        "DeleteFunctionUrlConfig",
        "ListFunctionUrlConfigs",
    ),
    "functions": (
        "CreateFunction",
        "GetFunction",
        "GetFunctionConfiguration",
        "ListFunctions",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
        "DeleteFunction",
    ),
    "invocations": (
        "Invoke",
        "InvokeAsync",
        "InvokeWithResponseStream",
    ),
    "layer_policies": (
        "AddLayerVersionPermission",
        "GetLayerVersionPolicy",
        "RemoveLayerVersionPermission",
    ),
    "layers": (
        "PublishLayerVersion",
        "GetLayerVersion",
        "GetLayerVersionByArn",
        "ListLayers",
        "ListLayerVersions",
        "DeleteLayerVersion",
    ),
    "policies": (
        "AddPermission",
        "GetPolicy",
        "RemovePermission",
        "PutResourcePolicy",
        "GetResourcePolicy",
        "DeleteResourcePolicy",
    ),
    "provisioned_concurrency": (
        "PutProvisionedConcurrencyConfig",
        "GetProvisionedConcurrencyConfig",
        "ListProvisionedConcurrencyConfigs",
        "DeleteProvisionedConcurrencyConfig",
    ),
    "recursion": (
        "PutFunctionRecursionConfig",
        "GetFunctionRecursionConfig",
    ),
    "runtime_management": (
        "PutRuntimeManagementConfig",
        "GetRuntimeManagementConfig",
    ),
    "scaling": (
        "PutFunctionScalingConfig",
        "GetFunctionScalingConfig",
    ),
    "tags": (
        "TagResource",
        "UntagResource",
        "ListTags",
    ),
    "versions": (
        "PublishVersion",
        "ListVersionsByFunction",
    ),
}
_FAMILY_OF = {operation: family for family, operations in FAMILIES.items() for operation in operations}


def handler_of(operation: str) -> Handler | None:
    """The function that serves an operation; None for one that is younger than this."""
    if operation not in HANDLERS and operation in _FAMILY_OF:
        _load(_FAMILY_OF[operation])
    return HANDLERS.get(operation)


def load_all() -> Mapping[str, Handler]:
    """Every handler there is, by operation."""
    for family in FAMILIES:
        _load(family)
    return HANDLERS


def _load(family: str) -> None:
    import_module(f"lambda_emu.api.operations.{family}")
