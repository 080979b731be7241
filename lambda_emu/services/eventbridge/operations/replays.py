"""What is done to replays, and what has them go on: events of an archive come to their bus once more."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.services.eventbridge import archive_table, kept
from lambda_emu.services.eventbridge.buses import Buses
from lambda_emu.services.eventbridge.errors import (
    AlreadyThere,
    IllegalStatus,
    NoSuch,
    NotKept,
    ParameterInvalid,
    TooMany,
)
from lambda_emu.services.eventbridge.event import read_envelope
from lambda_emu.services.eventbridge.kept import Change
from lambda_emu.services.eventbridge.matching import Arrival
from lambda_emu.services.eventbridge.patterns.language import read_event
from lambda_emu.services.eventbridge.records import Archive, Replay
from lambda_emu.services.eventbridge.request import EventsRequest

log = logging.getLogger(__name__)

ALIVE = ("STARTING", "RUNNING")
MOST_REPLAYS = 100
"""At a time. AWS has 10."""
AT_ONCE = 50
"""Events of a replay that come to the bus in one step."""
AGAIN_AFTER_S = 1.0


class Replaying:
    """Has replays go on, a step at a time, each alone among changes. On the loop. It keeps nothing itself."""

    def __init__(self, buses: Buses, clock: Clock) -> None:
        self._buses = buses
        self._clock = clock

    def go_on(self) -> None:
        """With those that an earlier run left."""
        for replay in self._buses.directory.records(Replay):
            if replay.state in (*ALIVE, "CANCELLING"):
                self.start(replay.scope, replay.name)

    def start(self, scope: Scope, name: str) -> None:
        self._buses.alone(partial(self._step, scope, name))

    async def _step(self, scope: Scope, name: str) -> None:
        replay = self._buses.directory.record(Replay, scope, name)
        if self._buses.is_closed or replay is None or replay.state not in (*ALIVE, "CANCELLING"):
            return
        try:
            if replay.state == "CANCELLING":
                await self._end(replay, "CANCELLED")
            elif not await self._send_some(replay):
                await self._end(replay, "COMPLETED")
            else:
                self.start(scope, name)
        except NotKept:
            log.warning("replay %s is tried again", name)
            self._clock.call_later(AGAIN_AFTER_S, partial(self.start, scope, name))

    async def _send_some(self, replay: Replay) -> bool:
        """Whether there were some. NotKept."""
        archive = self._buses.directory.record(Archive, replay.scope, replay.archive)
        bus = None if archive is None else self._buses.directory.bus(replay.scope, archive.bus)
        if archive is None or bus is None:
            return False
        place = (replay.first_s, -1) if replay.last_s is None else (replay.last_s, replay.last)
        find = partial(_events, archive=archive, place=place, end_s=replay.end_s)
        found = await self._buses.ask(find)
        if not found:
            return False
        now_s, only = self._clock.now_s(), frozenset(replay.destination.get("FilterArns", ()))
        arrivals = []
        for _, _, text in found:
            event = replace(read_envelope(text), replay=replay.name)
            arrivals.append(Arrival(event, read_event(event.text), bus, now_s, only))
        after = replace(replay, state="RUNNING", last_s=found[-1][0], last=found[-1][1])
        error = await self._buses.put_alone(arrivals, partial(kept.put, record=after))
        if error is not None:
            raise NotKept
        self._buses.keep(after)
        return True

    async def _end(self, replay: Replay, state: str) -> None:
        after = replace(replay, state=state, ended_s=self._clock.now_s())
        await self._buses.change_alone(lambda: Change([after]))


def _events(
    connection: sqlite3.Connection, archive: Archive, place: tuple[float, int], end_s: float
) -> Sequence[tuple[float, int, str]]:
    return archive_table.after(connection, archive, place, end_s, AT_ONCE)


def start_replay(asked: EventsRequest, buses: Buses) -> None:
    members, name = asked.members, asked.members["ReplayName"]

    def work() -> Change:
        archive = _source(asked, buses)
        bus = buses.directory.find(asked.scope, members["Destination"]["Arn"])
        if bus.arn != archive.bus_arn:
            raise ParameterInvalid("Destination.Arn", "Cross event bus replay is not permitted.")
        if members["EventStartTime"] >= members["EventEndTime"]:
            raise ParameterInvalid("EventEndTime", "EventStartTime must be before EventEndTime.")
        if buses.directory.record(Replay, asked.scope, name) is not None:
            raise AlreadyThere("Replay", name)
        if sum(1 for one in buses.directory.records(Replay) if one.state in ALIVE) >= MOST_REPLAYS:
            raise TooMany
        times = members["EventStartTime"], members["EventEndTime"]
        now_s, said = asked.clock.now_s(), members.get("Description")
        replay = Replay(asked.scope, name, archive.name, *times, members["Destination"], now_s, description=said)
        shown = {"ReplayArn": replay.arn, "State": replay.state, "ReplayStartTime": now_s}
        return Change([replay], result=shown)

    def told(error: LambdaError | None, result: Mapping[str, Any] | None) -> None:
        asked.told(error, result)
        if error is None:
            Replaying(buses, asked.clock).start(asked.scope, name)

    buses.change(work, told)


def cancel_replay(asked: EventsRequest, buses: Buses) -> None:
    def work() -> Change:
        replay = _named(asked, buses)
        if replay.state not in ALIVE:
            raise IllegalStatus(f"Replay {replay.name} is not in a valid state for this operation.")
        return Change([replace(replay, state="CANCELLING")], result={"ReplayArn": replay.arn, "State": "CANCELLING"})

    buses.change(work, asked.told)


def describe_replay(asked: EventsRequest, buses: Buses) -> None:
    replay = _named(asked, buses)
    more = {"ReplayArn": replay.arn, "Description": replay.description, "Destination": replay.destination}
    asked.answer({**_shown(replay), **{name: value for name, value in more.items() if value is not None}})


def list_replays(asked: EventsRequest, buses: Buses) -> None:
    members = asked.members
    wanted = {"NamePrefix": members.get("NamePrefix", ""), "State": members.get("State")}
    source = members.get("EventSourceArn")
    asked.page(
        "Replays",
        (
            (one.name, _shown(one))
            for one in buses.directory.records(Replay)
            if one.scope == asked.scope
            and one.name.startswith(str(wanted["NamePrefix"]))
            and wanted["State"] in (None, one.state)
            and source in (None, _source_arn(one))
        ),
    )


def _source(asked: EventsRequest, buses: Buses) -> Archive:
    """ParameterInvalid."""
    arn = asked.members["EventSourceArn"]
    name = arn.rpartition(":archive/")[2]
    found = buses.directory.record(Archive, asked.scope, name)
    if found is None or found.arn != arn:
        raise ParameterInvalid("EventSourceArn", f"Archive {name} does not exist.")
    return found


def _named(asked: EventsRequest, buses: Buses) -> Replay:
    """NoSuch."""
    name = asked.members["ReplayName"]
    found = buses.directory.record(Replay, asked.scope, name)
    if found is None:
        raise NoSuch("Replay", name)
    return found


def _source_arn(replay: Replay) -> str:
    return replay.arn.rpartition(":replay/")[0] + f":archive/{replay.archive}"


def _shown(replay: Replay) -> dict[str, Any]:
    shown = {
        "ReplayName": replay.name,
        "EventSourceArn": _source_arn(replay),
        "State": replay.state,
        "EventStartTime": replay.first_s,
        "EventEndTime": replay.end_s,
        "EventLastReplayedTime": replay.last_s,
        "ReplayStartTime": replay.begun_s,
        "ReplayEndTime": replay.ended_s,
    }
    return {name: value for name, value in shown.items() if value is not None}
