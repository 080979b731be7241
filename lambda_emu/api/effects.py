"""Says in the log what a function was given that has no effect here: each once, when it is given and at start."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from lambda_emu.api.context import RequestContext
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.function.function import Function, FunctionVersion
from lambda_emu.model.function.without_effect import OPERATIONS, Here, without_effect
from lambda_emu.model.mappings.sources import POLLED, SourceKind, kind_of
from lambda_emu.notices import Notices
from lambda_emu.store import Store

MAPS = "CreateEventSourceMapping"
# Operations after which a function may have a member that it had not.
GIVING = frozenset(
    {
        *(
            "CreateFunction",
            "UpdateFunctionConfiguration",
            "PutRuntimeManagementConfig",
            "PutFunctionCodeSigningConfig",
        ),
        *("CreateFunctionUrlConfig", "UpdateFunctionUrlConfig"),
        *("PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig"),
    }
)


def tell(context: RequestContext, operation: str, request: Mapping[str, Any]) -> None:
    """After an operation that succeeded."""
    if operation == MAPS:
        _tell_of_mapping(str(request.get("FunctionName")), _kind_of(request), context.notices)
    elif operation in OPERATIONS:
        name = request.get("FunctionName") or request.get("CapacityProviderName")
        context.notices.tell(f"{name}: {operation} without effect here: {OPERATIONS[operation]}")
    elif operation in GIVING:
        with suppress(LambdaError):  # it may be gone already
            function = context.store.function(context.target(request["FunctionName"]).id)
            if function is not None:
                tell_of(function, context.here, context.notices)


def tell_of(function: Function, here: Here, notices: Notices) -> None:
    for member, instead in without_effect(function, here):
        text = f"{function.id.name}: {member} without effect here: {instead}"
        notices.tell(text, about=f"{member} of {function.id.arn()}")


def tell_of_all(store: Store, here: Here, notices: Notices) -> None:
    """At start: of what there is."""
    for _, function in store.functions.everywhere():
        tell_of(function, here, notices)
    for _, mapping in store.mappings.everywhere():
        _tell_of_mapping(mapping.function_arn.rpartition(":function:")[2], mapping.kind, notices)


def _tell_of_mapping(name: str, kind: SourceKind, notices: Notices) -> None:
    if kind not in POLLED:
        notices.tell(f"{name}: {MAPS} without effect here: {OPERATIONS[MAPS]} ({kind.value})")


def _kind_of(request: Mapping[str, Any]) -> SourceKind:
    return kind_of(request.get("EventSourceArn"), request.get("SelfManagedEventSource"))


def has_extensions(store: Store, version: FunctionVersion) -> bool:
    """Whether a layer brings a program that Lambda would start beside the runtime."""
    folders = (store.artifacts.tree(layer.content.sha256) / "extensions" for layer in version.layers)
    return any(path.is_file() for folder in folders if folder.is_dir() for path in folder.iterdir())
