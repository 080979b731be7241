"""The Invoke operations: from a checked request to the pool or the queue, and back. Contract: invoke.md 2.1-2.3."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from lambda_emu.api.context import RequestContext
from lambda_emu.api.elsewhere import hint
from lambda_emu.api.operations import operation
from lambda_emu.api.operations.outcomes import Headers, common_headers, streamed, whole
from lambda_emu.arn import Target
from lambda_emu.environment.invocation import Invocation, Outcome
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import ClientContextInvalid, ClientContextTooLong, EventTooLarge, RequestIdInvalid
from lambda_emu.errors.resources import FunctionNotFound, FunctionPending
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.invoke.request import Gathered, InvokeRequest
from lambda_emu.invoke.trace import trace_header
from lambda_emu.model.capacity import managed_instances
from lambda_emu.model.function import durable
from lambda_emu.model.function.function import FunctionVersion
from lambda_emu.model.function.tenancy import check_tenant
from lambda_emu.store import QueuedEvent
from lambda_emu.text.json_text import refusal

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        InvocationRequestTypeDef,
        InvokeAsyncRequestTypeDef,
        InvokeWithResponseStreamRequestTypeDef,
    )

EVENT_BYTES = 1024 * 1024
CLIENT_CONTEXT_BYTES = 3583
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
EMPTY_EVENT = b"{}"
LOOK_AGAIN_S = 0.02


class _Asked(NamedTuple):
    """One Invoke after its own checks. client_context: compact JSON, or None.

    refusal: what is wrong with the payload. Found where the view runs, for a large one on a worker; raised in its turn.
    """

    target: Target
    payload: bytes
    refusal: LambdaError | None
    trace_id: str
    client_context: str | None
    wants_tail: bool
    tenant_id: str | None
    execution_name: str | None


Begin = Callable[[_Asked, RequestContext, Call], None]


@operation("Invoke", detached=True)
def invoke(req: InvocationRequestTypeDef, context: RequestContext, call: Call) -> None:
    begin = TYPES[req.get("InvocationType", "RequestResponse")]
    _begin(begin, req, req.get("Payload"), context, call)


@operation("InvokeAsync", detached=True)
def invoke_async(req: InvokeAsyncRequestTypeDef, context: RequestContext, call: Call) -> None:
    """Deprecated: an Invoke of type Event that can say nothing else."""
    _begin(_keep_for_later, req, req["InvokeArgs"], context, call)


@operation("InvokeWithResponseStream", detached=True)
def invoke_with_response_stream(
    req: InvokeWithResponseStreamRequestTypeDef, context: RequestContext, call: Call
) -> None:
    """An Invoke whose answer is an event stream."""
    begin = STREAMED_TYPES[req.get("InvocationType", "RequestResponse")]
    _begin(begin, req, req.get("Payload"), context, call)


def _begin(begin: Begin, req: Mapping[str, Any], body: Any, context: RequestContext, call: Call) -> None:
    """Check what the caller sent, then go on by its type on the loop, where the function is looked up."""
    own_id = call.request.header(b"x-amzn-requestid")
    if own_id is not None and UUID.fullmatch(own_id) is None:
        raise RequestIdInvalid
    payload = bytes(body or EMPTY_EVENT)
    asked = _Asked(
        target=context.target(req["FunctionName"], req.get("Qualifier")),
        payload=payload,
        refusal=refusal(payload),
        trace_id=trace_header(call.request.header(b"x-amzn-trace-id"), context.clock),
        client_context=_client_context(req.get("ClientContext")),
        wants_tail=req.get("LogType") == "Tail",
        tenant_id=req.get("TenantId"),
        execution_name=req.get("DurableExecutionName"),
    )
    call.detach(_begin_when_active, begin, asked, context, call)


def _begin_when_active(begin: Begin, asked: _Asked, context: RequestContext, call: Call, waited_s: float = 0.0) -> None:
    """A function that was just created is waited for a little, for those who invoke it without waiting themselves."""
    try:
        begin(asked, context, call)
    except FunctionNotFound as error:
        hint(context, error, {"FunctionName": asked.target.id.arn()})
        raise
    except FunctionPending as error:
        if not error.passing or waited_s >= context.pending_wait_s:
            raise
        again = partial(_begin_when_active, begin, asked, context, call, waited_s + LOOK_AGAIN_S)
        context.clock.call_later(LOOK_AGAIN_S, lambda: call.detach(again))


def _check_kind(asked: _Asked, version: FunctionVersion) -> None:
    """Of events and dry runs, which are not given to the invoker now: may the function be invoked like this?"""
    check_tenant(version.tenant_isolation, asked.tenant_id)
    durable.check_invocation(version.durable, asked.target.qualifier, asked.execution_name)


def _wait_for_outcome(
    asked: _Asked, context: RequestContext, call: Call, written: Callable[[Outcome, Headers], Answer]
) -> None:
    resolved = context.invoker.resolve(asked.target.id, asked.target.qualifier)
    if asked.refusal is not None:
        raise asked.refusal
    durable.check_invocation(resolved.version.durable, asked.target.qualifier, asked.execution_name)
    version = resolved.version.version

    def done(result: Outcome | LambdaError) -> None:
        if isinstance(result, LambdaError):
            call.fail(result)
        else:
            call.answer(written(result, common_headers(call.request.request_id, version, asked.trace_id)))

    request = InvokeRequest(
        call.request.request_id,
        asked.target,
        asked.payload,
        trace_id=asked.trace_id,
        client_context=asked.client_context,
        wants_tail=asked.wants_tail,
        tenant_id=asked.tenant_id,
    )
    context.invoker.submit(resolved, Invocation(request, Gathered(done)))


def _keep_for_later(asked: _Asked, context: RequestContext, call: Call) -> None:
    version = context.invoker.resolve(asked.target.id, asked.target.qualifier).version
    if len(asked.payload) > EVENT_BYTES:
        raise EventTooLarge(len(asked.payload))
    if asked.refusal is not None:
        raise asked.refusal
    _check_kind(asked, version)
    durable.check_built(version.durable)
    managed_instances.check_built(version)
    now_s = context.clock.steady_s()
    event = QueuedEvent(
        request_id=call.request.request_id,
        function=asked.target.id,
        qualifier=asked.target.qualifier,
        invoked_arn=asked.target.arn,
        payload=asked.payload,
        trace_id=asked.trace_id,
        accepted_s=now_s,
        attempts=0,
        due_s=now_s,
        tenant_id=asked.tenant_id,
    )

    def kept(error: LambdaError | None) -> None:
        if error is not None:
            call.fail(error)
        else:
            call.answer(
                Answer(202, [("x-amzn-RequestId", call.request.request_id), ("X-Amzn-Trace-Id", asked.trace_id)])
            )

    context.async_invoker.put(event, kept)


def _only_check(asked: _Asked, context: RequestContext, call: Call) -> None:
    _check_kind(asked, context.invoker.resolve(asked.target.id, asked.target.qualifier).version)
    call.answer(Answer(204, [("x-amzn-RequestId", call.request.request_id)]))


TYPES: dict[str, Begin] = {
    "RequestResponse": partial(_wait_for_outcome, written=whole),
    "Event": _keep_for_later,
    "DryRun": _only_check,
}
STREAMED_TYPES: dict[str, Begin] = {
    "RequestResponse": partial(_wait_for_outcome, written=streamed),
    "DryRun": _only_check,
}


def _client_context(text: str | None) -> str | None:
    """Decoded and on one line, as it travels to the runtime in a header. ClientContextTooLong, ClientContextInvalid."""
    if not text:
        return None
    if len(text) > CLIENT_CONTEXT_BYTES:
        raise ClientContextTooLong(CLIENT_CONTEXT_BYTES)
    try:
        return json.dumps(json.loads(base64.b64decode(text, validate=True)), separators=(",", ":"))
    except (ValueError, RecursionError) as error:
        raise ClientContextInvalid from error
