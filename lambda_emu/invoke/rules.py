"""May this be invoked? Every rule that says so, in the order in which they are asked.

docs/contract/invoke.md#order-of-checks.

Who asks comes first (`authorize`), then whether there is such a function and what runs in place of what it names
(`runnable`), then the event itself (`check`), then whether its chain goes in circles (`check_chain`), then what serves
it (`check_served`), and last whether there is concurrency left (`admission`, which the pool holds to).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from lambda_emu.arn import LATEST, Target
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import RequestTooLarge, TooLarge
from lambda_emu.errors.resources import AccessDenied, FunctionNotFound, FunctionPending
from lambda_emu.invoke.lineage import runs_in_circles
from lambda_emu.invoke.request import InvocationType, InvokeRequest
from lambda_emu.model.capacity import managed_instances
from lambda_emu.model.concurrency.limits import provisioned_in_all, set_aside
from lambda_emu.model.function import durable
from lambda_emu.model.function.function import Function, FunctionState, FunctionVersion
from lambda_emu.model.function.tenancy import check_tenant
from lambda_emu.model.policies.decision import NOTHING_TOLD, allows
from lambda_emu.model.quotas import EVENT_BYTES, REQUEST_BYTES
from lambda_emu.pool.choice import Admission

INVOKE = "lambda:InvokeFunction"


def authorize(
    function: Function | None, principal: str, action: str, resource: Target, context: Mapping[str, str] = NOTHING_TOLD
) -> None:
    """AccessDenied unless the function's resource policy lets it do that, whether or not there is a function.

    principal: another account, or a service. context: what conditions may ask for, by key.
    docs/contract/api.md#policies.
    """
    policy = None if function is None else function.policies.get(resource.qualifier or "")
    if policy is None or not allows(policy, principal, action, resource.arn, context):
        raise AccessDenied


def permission_command(target: Target, principal: str, source_arn: str) -> str:
    """What lets a service run it, for the same to run on AWS."""
    from shlex import join  # here: mistakes alone need it

    words = ["--function-name", target.id.name]
    if target.qualifier is not None:
        words += ["--qualifier", target.qualifier]
    named = re.sub(r"[^\w-]+", "-", source_arn.rstrip(":*").rpartition(":")[2], flags=re.ASCII).strip("-")
    words += ["--statement-id", named[:100] or "any", "--action", INVOKE]
    return join(["aws", "lambda", "add-permission", *words, "--principal", principal, "--source-arn", source_arn])


def runnable(
    function: Function | None, target: Target, served: FunctionVersion | None, chance: float
) -> FunctionVersion:
    """The version that runs. FunctionNotFound, FunctionPending, NoPublishedVersion.

    served: who serves the alias instead, while it moves. chance: evenly distributed in [0, 1), for aliases that share
    what comes between two versions.
    """
    qualifier = target.qualifier
    if function is None:
        raise FunctionNotFound(target.id.arn(qualifier or LATEST))
    version = function.running if qualifier is None else function.runnable(qualifier, chance)
    if version is None:
        raise FunctionNotFound(target.id.arn(qualifier or LATEST))
    version = served or version
    if version.progress.state is FunctionState.ACTIVE_NON_INVOCABLE:
        version = managed_instances.in_place_of_latest(function, qualifier)
    progress = version.progress
    if progress.state is not FunctionState.ACTIVE:
        raise FunctionPending(progress.state, progress.reason if progress.state is FunctionState.FAILED else None)
    return version


def check(request: InvokeRequest, version: FunctionVersion) -> None:
    """Whether the event can be given to this version. RequestTooLarge, EventTooLarge, PayloadNotJson, the tenant's
    refusals, DurableNeedsQualifier, DurableNameRefused; of a dry run the payload is not looked at.
    """
    size_bytes = len(request.payload)
    if request.kind is InvocationType.EVENT and size_bytes > EVENT_BYTES:
        raise EventTooLarge(size_bytes)
    if size_bytes > REQUEST_BYTES:
        raise RequestTooLarge(REQUEST_BYTES, "InvokeFunction")
    if request.payload_error is not None and request.kind is not InvocationType.DRY_RUN:
        raise request.payload_error
    if version.tenant_isolation is not None or request.tenant_id is not None:
        check_tenant(version.tenant_isolation, request.tenant_id)
    if version.durable is not None or request.execution_name is not None:
        durable.check_invocation(version.durable, request.target.qualifier, request.execution_name)


def check_chain(function: Function, target: Target, trace_id: str | None) -> None:
    """RecursiveInvocation if it was run too often in this chain of events, and nobody allowed that.

    docs/contract/invoke.md#recursion.
    """
    if runs_in_circles(trace_id, target) and function.recursive_loop != "Allow":
        raise RecursiveInvocation


def check_served(version: FunctionVersion) -> None:
    """The pool serves it, and nothing else does yet. NotBuiltYet for durable functions and Managed Instances."""
    durable.check_built(version.durable)
    managed_instances.check_built(version)


def admission(function: Function, own: int, unreserved: int) -> Admission:
    """The limits that a version's invocations count against. unreserved: see `unreserved_concurrency`.

    own: what is provisioned for it. What of a reservation is provisioned is for the versions that have it alone.
    """
    if function.reserved_concurrency is not None:
        return Admission(function.reserved_concurrency - provisioned_in_all(function), reserved=True, provisioned=own)
    return Admission(unreserved, reserved=False, provisioned=own)


def unreserved_concurrency(functions: Iterable[Function], account_concurrency: int) -> int:
    """What all functions share, beyond what is set aside for some."""
    return account_concurrency - sum(set_aside(function) for function in functions)


class EventTooLarge(TooLarge):
    def __init__(self, size_bytes: int, limit_bytes: int = EVENT_BYTES) -> None:
        super().__init__(
            f"{size_bytes} byte payload is too large for the Event invocation type (limit {limit_bytes} bytes)"
        )


class RecursiveInvocation(LambdaError):
    """The text is the model's description; AWS's own is not recorded."""

    code, status, text_key = "RecursiveInvocationException", 400, "Message"

    def __init__(self) -> None:
        super().__init__(
            "Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services "
            "resources and stopped your function's invocation."
        )
