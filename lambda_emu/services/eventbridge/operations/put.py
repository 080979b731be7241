"""Events are put, and patterns tried. What takes long with large ones is done before, off the loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.schedules.expressions import parse_rule_expression
from lambda_emu.services.eventbridge.buses import Buses
from lambda_emu.services.eventbridge.errors import EventsError, NoSuchBus, NotAllowed
from lambda_emu.services.eventbridge.event import Envelope, Refused, check_size, envelope_of, refusal_of
from lambda_emu.services.eventbridge.matching import Arrival
from lambda_emu.services.eventbridge.patterns.language import compile_rule, read_event
from lambda_emu.services.eventbridge.request import EventsRequest
from lambda_emu.services.shapes import Members

Prepare = Callable[["Came"], Any]
_NEEDED = ("id", "detail-type", "source", "account", "time", "region")


class Came(Struct, frozen=True):
    """A request before it is done. is_of_service: whether one of AWS's services makes it, as S3 does.

    trace: the tracing header that it came with, for events that bring none.
    """

    members: Members
    scope: Scope
    now_s: float
    new_id: Callable[[], str]
    is_of_service: bool = False
    trace: str | None = None


class Ready(Struct, frozen=True):
    """An event that is to come to a bus. read: as patterns are asked about it."""

    bus: str | None
    event: Envelope
    read: Any


def prepare_put(came: Came) -> list[Ready | Refused]:
    """Of each entry. EntriesTooLarge."""
    entries = came.members["Entries"]
    check_size(entries)
    found: list[Ready | Refused] = []
    for entry in entries:
        refused = refusal_of(entry, is_of_service=came.is_of_service)
        if refused is not None:
            found.append(refused)
            continue
        event = envelope_of(entry, came.new_id(), came.scope, came.now_s, came.trace)
        found.append(Ready(entry.get("EventBusName"), event, read_event(event.text)))
    return found


def put_events(asked: EventsRequest, buses: Buses) -> None:
    """Answered when what rules want of them is on disk. A bus that is not there takes events, and nobody gets them."""
    now_s = asked.clock.now_s()
    results: list[Mapping[str, str]] = []
    arrivals: list[Arrival] = []
    for each in asked.prepared:
        refused, arrival = (each, None) if isinstance(each, Refused) else _arrive(each, asked, buses, now_s)
        if refused is not None:
            results.append({"ErrorCode": refused.code, "ErrorMessage": refused.text})
            continue
        results.append({"EventId": each.event.id})
        if arrival is not None:
            arrivals.append(arrival)

    def told(error: LambdaError | None) -> None:
        failed = sum("ErrorCode" in result for result in results)
        asked.told(error, {"FailedEntryCount": failed, "Entries": results})

    buses.put(arrivals, told)


def _arrive(ready: Ready, asked: EventsRequest, buses: Buses, now_s: float) -> tuple[Refused | None, Arrival | None]:
    try:
        bus = asked.bus(buses, ready.bus)
    except NoSuchBus as error:
        buses.tell_unwanted(ready.event, str(ready.bus), partial(str, error.text))
        return None, None
    except NotAllowed as error:
        return Refused(error.code, str(error.text)), None
    return None, Arrival(ready.event, ready.read, bus, now_s)


def prepare_rule(came: Came) -> None:
    """PatternInvalid, InvalidRuleExpression."""
    members = came.members
    if members.get("EventPattern"):
        compile_rule(members["EventPattern"])
    if members.get("ScheduleExpression"):
        parse_rule_expression(members["ScheduleExpression"])


def prepare_test(came: Came) -> bool:
    """PatternInvalid, EventsError."""
    members = came.members
    pattern = compile_rule(members["EventPattern"])
    try:
        event = read_event(members["Event"])
    except ValueError:
        event = None
    if not isinstance(event, dict):
        raise EventsError("Parameter Event is not valid.")  # (?)
    absent: Sequence[str] = [name for name in _NEEDED if name not in event]
    if absent:
        raise EventsError(f"Parameter Event is not valid. Reason: it has no {absent[0]}")  # (?)
    return pattern.matches(event)


def try_event_pattern(asked: EventsRequest, _: Buses) -> None:
    asked.answer({"Result": asked.prepared})
