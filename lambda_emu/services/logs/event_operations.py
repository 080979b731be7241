"""Events are pushed, read from a stream, looked for in a group."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct, ValidationError, convert

from lambda_emu.logs.batch import SEGMENT_BYTES, Run
from lambda_emu.logs.groups import EVER_MS, EventPosition, Span, StoredEvent
from lambda_emu.logs.lines import encode_pushed
from lambda_emu.services.logs.errors import InvalidParameter, StreamMissing
from lambda_emu.services.logs.group_operations import UPLOAD_TOKEN
from lambda_emu.services.logs.groups import Groups
from lambda_emu.services.logs.patterns import FilterPattern, PatternInvalid, parse_pattern
from lambda_emu.services.logs.records import DAY_MS, LogGroup
from lambda_emu.services.logs.request import TOKEN_INVALID, LogsRequest, Result, position_in
from lambda_emu.services.shapes import WrongType

EVENT_BYTES = 26
"""What an event counts besides its message."""
MOST_BATCH_BYTES = 1_048_576
MOST_EVENTS = 10_000
PAGE_BYTES = 1_048_576
SCAN_BYTES = 16 * 1024 * 1024
SCAN_S = 2.0
"""So much, and so long, one request looks through; its answer says where to go on."""
NEWEST_MS = 2 * 3600 * 1000
OLDEST_MS = 14 * DAY_MS
_GET_TOKEN = re.compile(r"([fb])/(\d{56})/s", re.ASCII)
_START = EventPosition(0, 0, 0)


class InputEvent(Struct, frozen=True):
    timestamp: int
    message: str


# -- PutLogEvents ---------------------------------------------------------------------------------


def put_log_events(asked: LogsRequest, groups: Groups) -> Result:
    """Those that come too late or too early are left out, and the answer says which."""
    events = _checked(asked.members["logEvents"])
    group = groups.find(asked.scope, asked.members["logGroupName"])
    machine_ms = int(groups.clock.machine.now_s() * 1000)  # by which programs go, wherever work's time is
    first, end, rejected = _accepted([one.timestamp for one in events], sorted((asked.now_ms, machine_ms)), group)
    data, runs = _runs(events[first:end])
    groups.push(asked.scope, group.name, asked.members["logStreamName"], data, runs, asked.trace)
    return {"nextSequenceToken": UPLOAD_TOKEN, **({"rejectedLogEventsInfo": rejected} if rejected else {})}


def _checked(given: Any) -> Sequence[InputEvent]:
    try:
        events = convert(given, list[InputEvent])
    except ValidationError as error:
        raise WrongType(str(error)) from None
    size, last_ms = 0, 0
    for number, event in enumerate(events, 1):
        at_ms = event.timestamp
        if not event.message or not 0 <= at_ms <= EVER_MS:
            what = ("message", "''", "have length greater than or equal to 1")
            if event.message:
                what = ("timestamp", f"'{at_ms}'", "have value greater than or equal to 0")
            raise InvalidParameter(
                f"1 validation error detected: Value {what[1]} at 'logEvents.{number}.member.{what[0]}' failed to "
                f"satisfy constraint: Member must {what[2]}"
            )
        if at_ms < last_ms:
            raise InvalidParameter("Log events in a single PutLogEvents request must be in chronological order.")
        last_ms = at_ms
        size += len(event.message.encode()) + EVENT_BYTES
    if size > MOST_BATCH_BYTES:
        raise InvalidParameter(f"Upload too large: {size} bytes exceeds limit of {MOST_BATCH_BYTES}")
    if last_ms - events[0].timestamp > DAY_MS:
        raise InvalidParameter(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )
    return events


def _accepted(times: Sequence[int], now_ms: Sequence[int], group: LogGroup) -> tuple[int, int, dict[str, int]]:
    """From which event to which, and what is said of the others. now_ms: by two clocks, the earlier one first."""
    rejected = {}
    too_old = sum(at_ms < now_ms[0] - OLDEST_MS for at_ms in times)
    expired = sum(at_ms < group.kept_from_ms(now_ms[0]) for at_ms in times)
    too_new = sum(at_ms <= now_ms[-1] + NEWEST_MS for at_ms in times)
    if too_new < len(times):
        rejected["tooNewLogEventStartIndex"] = too_new
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if expired:
        rejected["expiredLogEventEndIndex"] = expired
    return max(too_old, expired), too_new, rejected


def _runs(events: Sequence[InputEvent]) -> tuple[bytes, list[Run]]:
    """Those of one time go together, but not too many."""
    parts: list[bytes] = []
    runs: list[Run] = []
    end = begun = 0
    last_ms = -1
    for event in events:
        part = encode_pushed(event.message.encode())
        if runs and event.timestamp == last_ms and end - begun < SEGMENT_BYTES:
            runs.pop()
        else:
            begun, last_ms = end, event.timestamp
        parts.append(part)
        end += len(part)
        runs.append((last_ms, end))
    return b"".join(parts), runs


# -- GetLogEvents ---------------------------------------------------------------------------------


def get_log_events(asked: LogsRequest, groups: Groups) -> Result:
    """Events of a stream, in the order of time: the last ones, or from its head, or beside those of a token."""
    members = asked.members
    scope, name = asked.group()
    group, stream = groups.find(scope, name), members["logStreamName"]
    groups.catch_up()
    if stream not in groups.reader.stream_names(scope, name):
        raise StreamMissing
    start_ms, end_ms = _times(asked, group)
    span = Span(scope, name, start_ms, end_ms - ("endTime" in members), frozenset({stream}))
    token, backward, position = members.get("nextToken"), not members.get("startFromHead", False), None
    if token is not None:
        found = _GET_TOKEN.fullmatch(token)
        position = None if found is None else position_in(found[2])
        if found is None or position is None:
            raise InvalidParameter(TOKEN_INVALID)
        backward = found[1] == "b"
    events = _page(groups.reader.events(span, position, backward=backward), members.get("limit") or MOST_EVENTS)
    if backward:
        events.reverse()
    first, last = (events[0].position, events[-1].position) if events else (position or _START, position or _START)
    return {
        "events": [_shown(event) for event in events],
        "nextForwardToken": f"f/{_id(last)}/s",
        "nextBackwardToken": f"b/{_id(first)}/s",
    }


def _page(found: Iterator[StoredEvent], limit: int) -> list[StoredEvent]:
    events: list[StoredEvent] = []
    size = 0
    for event in found:
        size += len(event.message) + EVENT_BYTES
        if events and size > PAGE_BYTES:
            break
        events.append(event)
        if len(events) >= limit:
            break
    return events


# -- FilterLogEvents ------------------------------------------------------------------------------


def filter_log_events(asked: LogsRequest, groups: Groups) -> Result:
    """Events of all streams or some, in the order of time."""
    members = asked.members
    scope, name = asked.group()
    group = groups.find(scope, name)
    pattern = pattern_of(members.get("filterPattern", ""))
    groups.catch_up()
    span = _filtered_span(asked, groups, group)
    token, position = members.get("nextToken"), None
    if token is not None and (position := position_in(token)) is None:
        raise InvalidParameter(TOKEN_INVALID)
    backward = members.get("startFromHead") is False
    events: list[StoredEvent] = []
    size = looked = 0
    limit = members.get("limit") or MOST_EVENTS
    more: dict[str, str] = {}
    last: StoredEvent | None = None
    until_s = groups.clock.machine.monotonic_s() + SCAN_S
    for event in groups.reader.events(span, position, backward=backward):
        is_full = len(events) >= limit or size > PAGE_BYTES or looked > SCAN_BYTES
        if last is not None and (is_full or groups.clock.machine.monotonic_s() > until_s):
            more = {"nextToken": last.id}
            break
        last = event
        looked += len(event.message) + EVENT_BYTES
        if pattern.match(event.message) is not None:
            events.append(event)
            size += len(event.message) + EVENT_BYTES
    shown = [{"logStreamName": one.owner.stream, **_shown(one), "eventId": one.id} for one in events]
    return {"events": shown, "searchedLogStreams": [], **more}


def pattern_of(text: str) -> FilterPattern:
    """InvalidParameter."""
    try:
        return parse_pattern(text)
    except PatternInvalid as error:
        raise InvalidParameter(str(error)) from error


def _filtered_span(asked: LogsRequest, groups: Groups, group: LogGroup) -> Span:
    names, prefix = asked.members.get("logStreamNames"), asked.members.get("logStreamNamePrefix")
    if names is not None and prefix is not None:
        raise InvalidParameter("logStreamNames and logStreamNamePrefix are mutually exclusive.")  # (?)
    if names is not None and not set(names) <= groups.reader.stream_names(group.scope, group.name):
        raise StreamMissing
    start_ms, end_ms = _times(asked, group)
    return Span(group.scope, group.name, start_ms, end_ms, None if names is None else frozenset(names), prefix or "")


def _times(asked: LogsRequest, group: LogGroup) -> tuple[int, int]:
    """Nothing is shown that is older than the group keeps. InvalidParameter."""
    start_ms, end_ms = asked.members.get("startTime", 0), asked.members.get("endTime", EVER_MS)
    if start_ms > end_ms:
        raise InvalidParameter("startTime must be before endTime.")  # (?)
    return max(start_ms, group.kept_from_ms(asked.now_ms)), min(end_ms, EVER_MS)


def _shown(event: StoredEvent) -> dict[str, Any]:
    return {"timestamp": event.position.at_ms, "message": event.message, "ingestionTime": event.ingested_ms}


def _id(position: EventPosition) -> str:
    return f"3{position.at_ms:014d}{position.segment:023d}{position.index:018d}"
