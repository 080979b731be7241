"""The Invoke operations: from a checked request to the room invoke, and back.

docs/contract/invoke.md#request, #order-of-checks.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from lambda_emu.api.context import RequestContext
from lambda_emu.api.operations import operation
from lambda_emu.api.operations.outcomes import DryRunReply, KeptReply, StreamedReply, WholeReply
from lambda_emu.arn import Target
from lambda_emu.errors.request import InvalidRequestContent
from lambda_emu.errors.resources import OtherAccount
from lambda_emu.gateway.call import Call
from lambda_emu.invoke.request import EMPTY_EVENT, InvocationType, InvokeRequest, trace_header
from lambda_emu.text.json_text import refusal

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        InvocationRequestTypeDef,
        InvokeAsyncRequestTypeDef,
        InvokeWithResponseStreamRequestTypeDef,
    )

CLIENT_CONTEXT_BYTES = 3583
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

InvocationKind = tuple[InvocationType, type[WholeReply]]
EVENT: InvocationKind = (InvocationType.EVENT, KeptReply)
DRY_RUN: InvocationKind = (InvocationType.DRY_RUN, DryRunReply)
TYPES: Mapping[str, InvocationKind] = {
    "RequestResponse": (InvocationType.REQUEST_RESPONSE, WholeReply),
    "Event": EVENT,
    "DryRun": DRY_RUN,
}
STREAMED_TYPES: Mapping[str, InvocationKind] = {
    "RequestResponse": (InvocationType.REQUEST_RESPONSE, StreamedReply),
    "DryRun": DRY_RUN,
}


class Planned(NamedTuple):
    """What is asked for, but for the event."""

    context: RequestContext
    reply: type[WholeReply]
    kind: InvocationType
    target: Target
    principal: str | None
    trace: str | None  # the caller's header
    client_context: str | None
    wants_tail: bool
    tenant_id: str | None
    execution_name: str | None


@operation("Invoke", detached=True)
def invoke(req: InvocationRequestTypeDef, context: RequestContext, call: Call) -> None:
    run(plan_invoke(req, context, call), _body(req.get("Payload")), call)


@operation("InvokeAsync", detached=True)
def invoke_async(req: InvokeAsyncRequestTypeDef, context: RequestContext, call: Call) -> None:
    """Deprecated: an Invoke of type Event that can say nothing else."""
    run(_plan(EVENT, req, context, call), _body(req["InvokeArgs"]), call)


@operation("InvokeWithResponseStream", detached=True)
def invoke_with_response_stream(
    req: InvokeWithResponseStreamRequestTypeDef, context: RequestContext, call: Call
) -> None:
    """An Invoke whose answer is an event stream."""
    asked = STREAMED_TYPES[req.get("InvocationType", "RequestResponse")]
    run(_plan(asked, req, context, call), _body(req.get("Payload")), call)


def plan_invoke(req: Mapping[str, Any], context: RequestContext, call: Call) -> Planned:
    """All of an Invoke that its head says."""
    return _plan(TYPES[req.get("InvocationType", "RequestResponse")], req, context, call)


def _plan(asked: InvocationKind, req: Mapping[str, Any], context: RequestContext, call: Call) -> Planned:
    kind, reply = asked
    own_id = call.request.header(b"x-amzn-requestid")
    if own_id is not None and UUID.fullmatch(own_id) is None:
        raise RequestIdInvalid
    principal = None
    try:
        target = context.target(req["FunctionName"], req.get("Qualifier"))
    except OtherAccount as other:
        target, principal = other.target, context.scope.account
    return Planned(
        context,
        reply,
        kind,
        target,
        principal,
        call.request.header(b"x-amzn-trace-id"),
        _client_context(req["ClientContext"]) if req.get("ClientContext") else None,
        req.get("LogType") == "Tail",
        req.get("TenantId"),
        req.get("DurableExecutionName"),
    )


def run(planned: Planned, body: bytes, call: Call) -> None:
    """Here, where a large payload may be looked at, all that concerns the request alone; the rest on the loop."""
    context, reply, kind, target, principal, trace, client_context, wants_tail, tenant_id, execution_name = planned
    payload = body or EMPTY_EVENT
    request = InvokeRequest(
        call.request.request_id,
        target,
        payload,
        kind,
        principal,
        trace_header(trace, context.clock, target),
        client_context,
        wants_tail,
        tenant_id,
        execution_name,
        refusal(payload),
    )
    call.detach(context.invoker.invoke, request, reply(call, context, request))


def _body(given: Any) -> bytes:
    return bytes(given or b"")


def _client_context(text: str) -> str:
    """Decoded and on one line, as it travels to the runtime in a header. ClientContextTooLong, ClientContextInvalid."""
    if len(text) > CLIENT_CONTEXT_BYTES:
        raise ClientContextTooLong(CLIENT_CONTEXT_BYTES)
    try:
        return json.dumps(json.loads(base64.b64decode(text, validate=True)), separators=(",", ":"))
    except (ValueError, RecursionError) as error:
        raise ClientContextInvalid from error


class ClientContextInvalid(InvalidRequestContent):
    """X-Amz-Client-Context is not base64 of a JSON object. AWS's text is not recorded."""

    def __init__(self) -> None:
        super().__init__("Client context must be a valid Base64-encoded JSON object.")


class ClientContextTooLong(InvalidRequestContent):
    """AWS's text is not recorded."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"Client context must have at most {limit_bytes} bytes.")


class RequestIdInvalid(InvalidRequestContent):
    """A caller's own x-amzn-RequestId must be a UUID. AWS's text is not recorded."""

    def __init__(self) -> None:
        super().__init__("The request ID must be a valid UUID.")
