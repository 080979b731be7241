"""Invoke: from a checked request to the pool or the queue, from an outcome to the wire. Contract: invoke.md 2.1-2.3."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from lambda_emu.api.answers import Answer
from lambda_emu.api.bridge import Call
from lambda_emu.api.house import House
from lambda_emu.api.service_model import lambda_model
from lambda_emu.api.wire import operation
from lambda_emu.arn import Target
from lambda_emu.errors import ClientContextInvalid, ClientContextTooLong, EventTooLarge, LambdaError, RequestIdInvalid
from lambda_emu.invoke.trace import trace_header
from lambda_emu.model.json_text import refusal
from lambda_emu.pool.invocation import Invocation, Outcome
from lambda_emu.store import QueuedEvent

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import InvocationRequestTypeDef

EVENT_BYTES = 1024 * 1024
CLIENT_CONTEXT_BYTES = 3583
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
EMPTY_EVENT = b"{}"


@dataclass(frozen=True, slots=True)
class _Asked:
    """One Invoke after its own checks. client_context: compact JSON, or None.

    refusal: what is wrong with the payload. Found where the view runs, for a large one on a worker; raised in its turn.
    """

    target: Target
    payload: bytes
    refusal: LambdaError | None
    trace_id: str
    client_context: str | None
    wants_tail: bool


def invoke_inline(environ: Mapping[str, Any], function_name: str, house: House, call: Call) -> None:
    """Invoke on the loop, without Flask: its context and routing cost more than all of ours (docs/decisions)."""
    try:
        parsed = lambda_model().operation("Invoke").parse(environ, {"FunctionName": function_name})
        invoke(cast("InvocationRequestTypeDef", parsed), house, call)
    except LambdaError as error:
        call.fail(error)


@operation("Invoke", detached=True)
def invoke(req: InvocationRequestTypeDef, house: House, call: Call) -> None:
    """Check what the caller sent, then go on by its type on the loop, where the function is looked up."""
    own_id = call.header(b"x-amzn-requestid")
    if own_id is not None and UUID.fullmatch(own_id) is None:
        raise RequestIdInvalid
    payload = bytes(req.get("Payload") or EMPTY_EVENT)  # type: ignore[arg-type]
    asked = _Asked(
        target=house.target(req["FunctionName"], req.get("Qualifier")),
        payload=payload,
        refusal=refusal(payload),
        trace_id=trace_header(call.header(b"x-amzn-trace-id"), house.clock),
        client_context=_client_context(req.get("ClientContext")),
        wants_tail=req.get("LogType") == "Tail",
    )
    begin = TYPES[req.get("InvocationType", "RequestResponse")]
    call.detach(lambda: begin(asked, house, call))


def _wait_for_outcome(asked: _Asked, house: House, call: Call) -> None:
    resolved = house.invoker.resolve(asked.target.id, asked.target.qualifier)
    if asked.refusal is not None:
        raise asked.refusal
    version = resolved.version.version

    def done(result: Outcome | LambdaError) -> None:
        if isinstance(result, LambdaError):
            call.fail(result)
        else:
            call.answer(_answer(result, call.request_id, version, asked.trace_id))

    invocation = Invocation(
        call.request_id,
        asked.payload,
        asked.target.arn,
        done,
        trace_id=asked.trace_id,
        client_context=asked.client_context,
        wants_tail=asked.wants_tail,
    )
    house.invoker.submit(resolved, invocation)


def _keep_for_later(asked: _Asked, house: House, call: Call) -> None:
    house.invoker.resolve(asked.target.id, asked.target.qualifier)
    if len(asked.payload) > EVENT_BYTES:
        raise EventTooLarge(len(asked.payload))
    if asked.refusal is not None:
        raise asked.refusal
    now_s = house.clock.now_s()
    event = QueuedEvent(
        request_id=call.request_id,
        function=asked.target.id,
        qualifier=asked.target.qualifier,
        invoked_arn=asked.target.arn,
        payload=asked.payload,
        trace_id=asked.trace_id,
        accepted_s=now_s,
        attempts=0,
        due_s=now_s,
    )

    def kept(error: LambdaError | None) -> None:
        if error is not None:
            call.fail(error)
        else:
            call.answer(Answer(202, [("x-amzn-RequestId", call.request_id), ("X-Amzn-Trace-Id", asked.trace_id)]))

    house.async_invoker.put(event, kept)


def _only_check(asked: _Asked, house: House, call: Call) -> None:
    house.invoker.resolve(asked.target.id, asked.target.qualifier)
    call.answer(Answer(204, [("x-amzn-RequestId", call.request_id)]))


TYPES: dict[str, Callable[[_Asked, House, Call], None]] = {
    "RequestResponse": _wait_for_outcome,
    "Event": _keep_for_later,
    "DryRun": _only_check,
}


def _answer(outcome: Outcome, request_id: str, version: str, trace_id: str) -> Answer:
    headers = [
        ("Content-Type", "application/json"),
        ("x-amzn-RequestId", request_id),
        ("X-Amz-Executed-Version", version),
        ("X-Amzn-Trace-Id", trace_id),
    ]
    if outcome.failed:
        headers.append(("X-Amz-Function-Error", "Unhandled"))
    if outcome.tail is not None:
        headers.append(("X-Amz-Log-Result", base64.b64encode(outcome.tail).decode()))
    return Answer(200, headers, outcome.payload)


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
