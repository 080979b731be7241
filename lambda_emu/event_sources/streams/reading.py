"""A stream as its readers know it, whoever serves it: shards, iterators and records."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

from lambda_emu.event_sources.poller import Record, SourceUnavailable

LARGEST_PAGE = 1000
POLL_S, SAFETY_POLL_S = 1.0, 600.0
"""Of a stream that wakes nobody, and of one that does."""
TRIM_HORIZON, LATEST, AT_TIMESTAMP = "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"
AFTER, ITERATOR, ENDED = "AFTER", "ITERATOR", "ENDED"


class StreamGone(SourceUnavailable):
    """There is no such stream, or no such shard."""


class IteratorLost(Exception):
    """It is too old, or says a place that is not kept any more. trimmed: the latter."""

    def __init__(self, trimmed: bool) -> None:
        super().__init__("what it points at is trimmed" if trimmed else "the iterator has expired")
        self.trimmed = trimmed


class ShardInfo(NamedTuple):
    """A shard as its stream describes it. ended: nothing is added to it any more.

    parents: those it was split from or merged from, whose records come before its own.
    """

    id: str
    parents: tuple[str, ...]
    ended: bool


class StreamPlace(NamedTuple):
    """Where a record lies, and what keeps its order. at_s: when it came, in seconds since the epoch."""

    sequence: int
    key: bytes
    at_s: float


class Page(NamedTuple):
    """Records in their order, and the iterator behind them; None: the shard has ended."""

    records: Sequence[Record]
    iterator: str | None


class Position(Struct, frozen=True):
    """Where reading goes on. text: a sequence number (AFTER), an iterator (ITERATOR), or seconds since the epoch
    (AT_TIMESTAMP)."""

    kind: str
    text: str = ""


class Wake(Protocol):
    """Hears of which stream, and which of its shards, has records; of any where none is said."""

    def __call__(self, arn: str, shards: Collection[str] = ()) -> None: ...


class StreamReader(Protocol):
    """One stream. Every method: SourceUnavailable, StreamGone."""

    @property
    def arn(self) -> str: ...

    async def shards(self) -> Sequence[ShardInfo]:
        """Those that may still be read, parents before their children."""

    async def iterator(self, shard: str, position: Position) -> str:
        """Or IteratorLost."""

    async def records(self, iterator: str, limit: int) -> Page:
        """Or IteratorLost."""
