"""Whoever polls for a mapping that goes ends at once, wherever he is just then: he has nothing to sleep for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from ground_rig import ACCOUNT, REGION, Ground, ground_in
from waiting import eventually

from lambda_emu.clock import Clock
from lambda_emu.event_sources.feed import Feed
from lambda_emu.event_sources.filtering import RecordFilter
from lambda_emu.event_sources.poller import Poller, Record, Result
from lambda_emu.event_sources.scaling import Scaling
from lambda_emu.event_sources.streams.dynamodb import FORM
from lambda_emu.event_sources.streams.mapping import StreamMapping
from lambda_emu.event_sources.streams.positions import Checkpoint, Positions
from lambda_emu.event_sources.streams.reading import SAFETY_POLL_S, TRIM_HORIZON, Page, Position, ShardInfo
from lambda_emu.event_sources.streams.shard import Shard
from lambda_emu.model.mappings.mapping import EventSourceMapping, MappingState
from lambda_emu.model.mappings.sources import SourceKind

STREAM = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/t/stream/now"
MAPPING = EventSourceMapping(
    uuid="11111111-1111-4111-8111-111111111111",
    kind=SourceKind.DYNAMODB,
    function_arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f",
    state=MappingState.ENABLED,
    enabled=True,
    last_modified_s=0.0,
    source_arn=STREAM,
    settings={"BatchSize": 10},
)


class Gate:
    """Holds up who comes after it was shut, until it is opened. On the loop."""

    def __init__(self) -> None:
        self.passed = 0
        self.is_reached = False
        self._open: asyncio.Event | None = None

    def shut(self) -> None:
        self._open = asyncio.Event()

    def open(self) -> None:
        assert self._open is not None
        self._open.set()

    async def pass_through(self) -> None:
        if self._open is not None:
            self.is_reached = True
            await self._open.wait()
        self.passed += 1


class EmptyStream:
    """reading.StreamReader of a stream of one shard, which has nothing, and tells so once its gate lets it."""

    arn = STREAM

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def shards(self) -> Sequence[ShardInfo]:
        return [ShardInfo("shard", (), False)]

    async def iterator(self, _: str, __: Position) -> str:
        return "iterator"

    async def records(self, iterator: str, _: int) -> Page:
        await self._gate.pass_through()
        return Page([], iterator)


class Asker:
    """feed.FeedConsumer whose role is asked for behind a gate, and whose function is never asked."""

    mapping = MAPPING
    wanted: RecordFilter | None = None

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def is_callable(self) -> bool:
        return True

    async def check(self) -> None:
        await self._gate.pass_through()

    async def ask(self, _: Poller, __: Sequence[Record]) -> Result:
        raise AssertionError("nothing came")

    def count(self, _: str, __: int) -> None: ...

    def settled(self, _: Sequence[Record], __: Result) -> None: ...


class Polling:
    """A feed of a stream that has nothing, which sleeps until somebody tells it something. role, stream: gates."""

    def __init__(self, ground: Ground) -> None:
        self.role, self.stream = Gate(), Gate()
        self._loop = ground.loop
        mapping = StreamMapping(MAPPING, FORM, lambda *_: None, SAFETY_POLL_S)
        positions = Positions(ground.store, ground.loop, lambda _: None)
        begun = [Checkpoint("shard", 0, 1, Position(TRIM_HORIZON))]
        self.shard = Shard(begun, mapping, EmptyStream(self.stream), positions, ground.loop, ground.clock)
        self._lane = self.shard.lanes[0]
        self.feed = Feed(self._lane, Scaling(), Asker(self.role), ground.loop, ground.clock)
        self._run = self._loop.ask(lambda: self._loop.spawn(self.feed.run(), "a feed of the test"), 10)
        eventually(lambda: self._lane.nap.is_asleep, "the feed to sleep")

    def catch(self, gate: Gate) -> None:
        """Wait until it is held up there, as it looks for what has come."""
        self._loop.ask(gate.shut, 10)
        self._loop.ask(self.feed.look, 10)
        self._loop.ask(self.shard.wake, 10)
        eventually(lambda: gate.is_reached, "the feed to be there")

    def tell(self, what: Callable[[], None], gate: Gate) -> None:
        self._loop.ask(what, 10)
        self._loop.ask(gate.open, 10)

    @property
    def has_ended(self) -> bool:
        return self._run.done()


@pytest.fixture
def polling(tmp_path: Path) -> Iterator[Polling]:
    with ground_in(tmp_path, Clock()) as ground:
        polling = Polling(ground)
        yield polling
        ground.loop.ask(polling.feed.stop, 10)


PLACES = pytest.mark.parametrize("place", ["role", "stream"])


@PLACES
def test_who_is_stopped_while_he_asks_somebody_ends(polling: Polling, place: str) -> None:
    gate: Gate = getattr(polling, place)
    polling.catch(gate)

    polling.tell(polling.feed.stop, gate)

    eventually(lambda: polling.has_ended, "the feed to end")


@PLACES
def test_who_is_told_of_a_change_while_he_asks_somebody_looks_again(polling: Polling, place: str) -> None:
    gate: Gate = getattr(polling, place)
    polling.catch(gate)
    before = polling.role.passed + (place == "role")  # that he is asking for now

    polling.tell(polling.feed.look, gate)

    eventually(lambda: polling.role.passed > before, "the feed to look again")
