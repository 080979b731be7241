"""StartLiveTail: what is written to some groups is sent each second, for three hours at most."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.json import encode

from lambda_emu.clock import Timers
from lambda_emu.gateway.call import Call
from lambda_emu.http.event_stream import CONTENT_TYPE, event, message
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.http.stream import Stream
from lambda_emu.logs.groups import Owners, StoredEvent
from lambda_emu.services.logs.errors import InvalidParameter, LimitReached
from lambda_emu.services.logs.event_operations import pattern_of
from lambda_emu.services.logs.groups import Groups
from lambda_emu.services.logs.patterns import FilterPattern
from lambda_emu.services.logs.request import LogsRequest

log = logging.getLogger(__name__)

READS = Workers("reads of logs for live tails", 2, 64)
EACH_S = 1.0
LASTS_S = 3 * 3600.0
MOST_EVENTS = 500
"""Of one update: of more that match a sample is sent."""
MOST_SESSIONS = 15
MOST_PIECES = 8
"""Megabytes of the log that are looked through for one update; the next goes on there."""
PIECE_S = 1.0
"""So long a pattern may take for each; what is left is none of the sample."""
JSON = "application/json"


class Wanted(Struct, frozen=True):
    """identifiers: as they were given. streams, prefixes: None: all."""

    identifiers: Sequence[str]
    owners: Owners
    pattern: FilterPattern
    streams: Sequence[str] | None
    prefixes: Sequence[str] | None

    def has(self, found: StoredEvent) -> bool:
        stream = found.owner.stream
        if self.streams is not None and stream not in self.streams:
            return False
        if self.prefixes is not None and not stream.startswith(tuple(self.prefixes)):
            return False
        return self.pattern.match(found.message) is not None


class LiveTails:
    """The sessions of one server. On the loop, but for `wanted`."""

    def __init__(self, groups: Groups, loop: Loop) -> None:
        self._groups = groups
        self._loop = loop
        self._sessions: set[Session] = set()

    @property
    def count(self) -> int:
        """Of sessions that go on."""
        return len(self._sessions)

    def wanted(self, asked: LogsRequest) -> tuple[Wanted, int]:
        """And the segment behind which to begin. On a worker. LogsError."""
        members = asked.members
        named = {asked.identified(one) for one in members["logGroupIdentifiers"]}
        for scope, name in named:
            self._groups.find(scope, name)
        streams, prefixes = members.get("logStreamNames"), members.get("logStreamNamePrefixes")
        if (streams is not None or prefixes is not None) and len(named) > 1:
            raise InvalidParameter("logStreamNames and logStreamNamePrefixes can be specified for one log group only.")
        if streams is not None and prefixes is not None:
            raise InvalidParameter("logStreamNames and logStreamNamePrefixes are mutually exclusive.")
        if self.count >= MOST_SESSIONS:
            raise LimitReached(f"There are {MOST_SESSIONS} live tails already.")
        pattern = pattern_of(members.get("logEventFilterPattern", ""))
        self._groups.catch_up()
        wanted = Wanted(members["logGroupIdentifiers"], Owners(frozenset(named)), pattern, streams, prefixes)
        return wanted, self._groups.reader.last_segment()

    def begin(self, wanted: Wanted, position: int, call: Call, session_id: str) -> None:
        session = Session(wanted, position, self._groups, self._loop, self._sessions.discard)
        self._sessions.add(session)
        session.start(call, session_id)

    def close(self) -> None:
        for session in list(self._sessions):
            session.end()


Ended = Callable[["Session"], object]


class Session:
    """http.stream.Source of one answer. On the loop."""

    def __init__(self, wanted: Wanted, position: int, groups: Groups, loop: Loop, ended: Ended) -> None:
        """ended: told of itself, once."""
        self._wanted = wanted
        self._position = position
        self._groups = groups
        self._loop = loop
        self._ended = ended
        self._timers = Timers(groups.clock.machine)
        self._answer: Stream | None = None
        self._has_room = True

    def start(self, call: Call, session_id: str) -> None:
        request_id = call.request.request_id
        headers = [("Content-Type", CONTENT_TYPE), ("x-amzn-RequestId", request_id)]
        self._answer = call.begin(200, headers, None, self)
        self._timers.call_later(LASTS_S, self._time_out)
        begun: dict[str, Any] = {
            "requestId": request_id,
            "sessionId": session_id,
            "logGroupIdentifiers": self._wanted.identifiers,
            "logStreamNames": self._wanted.streams or [],
            "logStreamNamePrefixes": self._wanted.prefixes or [],
        }
        self._write(event("initial-response", JSON, b"{}") + event("sessionStart", JSON, encode(begun)))
        self._timers.call_later(EACH_S, self._look)

    def end(self) -> None:
        answer = self._forget()
        if answer is not None:
            answer.end()

    def go_on(self) -> None:
        self._has_room = True

    def abort(self) -> None:
        self._forget()

    def _look(self) -> None:
        """A client that takes nothing is told nothing; the log waits for it."""
        if self._has_room:
            self._loop.spawn(self._update(), "a live tail")
        else:
            self._timers.call_later(EACH_S, self._look)

    async def _update(self) -> None:
        try:
            found, left_out, self._position = await self._loop.work(READS, self._read, self._position)
        except Full:
            found, left_out = [], 0
        except Closed:
            return
        except Exception:
            log.exception("a live tail ends")
            self._fail("SessionStreamingException", "The log could not be read.")
            return
        if self._answer is None:
            return
        told = (
            found if len(found) <= MOST_EVENTS else [found[at * len(found) // MOST_EVENTS] for at in range(MOST_EVENTS)]
        )
        update = {
            "sessionMetadata": {"sampled": bool(left_out) or len(found) > MOST_EVENTS},
            "sessionResults": [_shown(one) for one in told],
        }
        self._write(event("sessionUpdate", JSON, encode(update)))
        self._timers.call_later(EACH_S, self._look)

    def _read(self, position: int) -> tuple[list[StoredEvent], int, int]:
        """What is found, how many were not looked at, and where to go on. On a worker."""
        position = min(position, self._groups.reader.last_segment())
        found: list[StoredEvent] = []
        left_out: list[int] = []
        for _ in range(MOST_PIECES):
            written = self._groups.reader.newer(self._wanted.owners, position)
            found += filter(self._wanted.has, self._groups.timely(written.events, PIECE_S, left_out.append))
            position = written.next
            if written.complete:
                break
        return found, sum(left_out), position

    def _time_out(self) -> None:
        self._fail("SessionTimeoutException", "The live tail session has timed out.")

    def _fail(self, code: str, text: str) -> None:
        headers = {":message-type": "exception", ":exception-type": code, ":content-type": JSON}
        self._write(message(headers, encode({"message": text})))
        self.end()

    def _write(self, piece: bytes) -> None:
        if self._answer is not None:
            self._has_room = self._answer.write(piece)

    def _forget(self) -> Stream | None:
        answer, self._answer = self._answer, None
        self._timers.cancel()
        self._ended(self)
        return answer


def _shown(one: StoredEvent) -> dict[str, Any]:
    owner = one.owner
    return {
        "logStreamName": owner.stream,
        "logGroupIdentifier": f"{owner.scope.account}:{owner.group}",
        "message": one.message,
        "timestamp": one.position.at_ms,
        "ingestionTime": one.ingested_ms,
    }
