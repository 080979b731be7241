"""Who hears how an asynchronous event ended, and what: destinations and dead letter queues.

docs/contract/invoke.md#destinations.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from lambda_emu.arn import LATEST
from lambda_emu.clock import Clock
from lambda_emu.destinations.delivery import (
    DEAD_LETTERS,
    Delivery,
    as_json,
    object_key,
    timestamp,
    work_of,
)
from lambda_emu.destinations.outbox import Outbox, TargetLane
from lambda_emu.invoke.ending import KEPT_CHARACTERS, EventEnd, config_of, dead_letters_of
from lambda_emu.store import WorkItem

MESSAGE_CHARACTERS = 1024
SHORT_BYTES = 64 * 1024
"""What is longer is read again from disk when its turn has come, and made a record of beside the loop."""


class EventDestinations:
    """invoke.Sequel: deliveries follow from the end of an event. On the loop."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock
        self._begun: dict[str, tuple[TargetLane, Delivery]] = {}  # by id, until they are kept

    def follow(self, end: EventEnd) -> Sequence[WorkItem]:
        return list(self._deliveries(end))

    def kept(self, work: Sequence[WorkItem]) -> None:
        for each in work:
            begun = self._begun.pop(each.id, None)
            if begun is not None and each.payload is not None:
                lane, delivery = begun
                lane.begin(delivery, each.payload)
            else:
                self._outbox.wake([each])

    def _deliveries(self, end: EventEnd) -> Iterator[WorkItem]:
        event = end.event
        config = config_of(end.function, event.qualifier)
        if config is not None and (target := config.on_success if end.succeeded else config.on_failure):
            yield self._record(end, target)
        if not end.succeeded and (target := dead_letters_of(end.function, event.qualifier)):
            yield self._dead_letter(end, target)

    def _record(self, end: EventEnd, target: str) -> WorkItem:
        """As JSON around what the function was given and what it answered, which are kept as they are."""
        event, outcome, now_s = end.event, end.outcome, self._clock.now_s()
        delivery = Delivery(
            self._clock.new_id(),
            target,
            event.function,
            f"the result of event {event.request_id}",
            trace=event.trace_id,
            key=object_key(f"async/{event.function.name}", now_s, self._clock.new_id()),
            prefix=record_prefix(end, now_s),
        )
        if outcome is not None and event.payload is not None:
            delivery = replace(delivery, split=len(event.payload), middle=record_middle(end), suffix="}")
            payload = event.payload + outcome.payload
            work = work_of(delivery, self._clock.steady_s(), payload)
            lane = self._outbox.admit(target) if len(payload) <= SHORT_BYTES else None
            if lane is None:
                return work
            self._begun[work.id] = lane, replace(delivery, created_s=work.created_s)
            return replace(work, running=True)
        delivery = replace(delivery, suffix=f"{_last_answer(end)}}}")
        return work_of(delivery, self._clock.steady_s(), brought_by=event.request_id)

    def _dead_letter(self, end: EventEnd, target: str) -> WorkItem:
        """The event itself, and why it was given up."""
        event = end.event
        code, message = _error(end)
        attributes = {"RequestID": ("String", event.request_id), "ErrorCode": ("Number", str(code))}
        if message:
            attributes["ErrorMessage"] = ("String", message[:MESSAGE_CHARACTERS])
        about = f"dead letter {event.request_id}"
        delivery = Delivery(
            self._clock.new_id(), target, event.function, about, DEAD_LETTERS, event.trace_id, attributes
        )
        return work_of(delivery, self._clock.steady_s(), brought_by=event.request_id)


def record_prefix(end: EventEnd, now_s: float) -> str:
    """Of a record as JSON, up to what the function was given."""
    begin = {"version": "1.0", "timestamp": timestamp(now_s), "requestContext": _request_context(end)}
    return f'{_json(begin)[:-1]},"requestPayload":'


def record_middle(end: EventEnd) -> str:
    """From there to what it answered, after which it ends by a brace."""
    return f',"responseContext":{_json(_response_context(end))},"responsePayload":'


def _request_context(end: EventEnd) -> dict[str, object]:
    event = end.event
    return {
        "requestId": event.request_id,
        "functionArn": event.function.arn(event.qualifier or LATEST),
        "condition": end.condition.value,
        "approximateInvokeCount": end.invocations,
    }


def _response_context(end: EventEnd) -> dict[str, object] | None:
    """None: it was not run."""
    outcome, last = end.outcome, end.last
    if outcome is not None:
        error = {"functionError": "Unhandled"} if outcome.failed else {}
        return {"statusCode": 200, "executedVersion": outcome.executed_version, **error}
    if last is None or last.version is None:
        return None
    return {"statusCode": last.status, "executedVersion": last.version, "functionError": "Unhandled"}


def _last_answer(end: EventEnd) -> str:
    """The members that say what the last attempt came to, of an event that ended by itself; nothing if there is none.

    Its answer was given to be kept, so it is short.
    """
    context = _response_context(end)
    if context is None or end.last is None:
        return ""
    text = end.last.text
    payload = "" if text is None else f',"responsePayload":{as_json(text.encode()).decode()}'
    return f',"responseContext":{_json(context)}{payload}'


def _error(end: EventEnd) -> tuple[int, str]:
    """Status and words, as a dead letter has them."""
    if end.outcome is not None:
        return 200, _message(end.outcome.payload)
    if end.last is None:
        return 429, "Rate Exceeded."
    if end.last.version is None:
        return end.last.status, end.last.text or ""
    return 200, _message((end.last.text or "").encode())


def _message(payload: bytes) -> str:
    """The errorMessage that an error names; one may be anything a runtime posted, and is looked into if it is short."""
    try:
        error = json.loads(payload[:KEPT_CHARACTERS])
    except (ValueError, RecursionError):
        return ""
    found = error.get("errorMessage") if isinstance(error, dict) else None
    return found if isinstance(found, str) else ""


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
