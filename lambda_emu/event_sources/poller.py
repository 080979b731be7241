"""What every kind of source is made of, and what is said between it and who drives it (`feed.py`).

A `Source` stands for a mapping and finds its units of order: a queue is one, and so is each shard of a stream. A
`Poller` reads one of them: it fetches and settles, and knows positions, handles and what its event looks like. Batches,
windows, filters, how many run at once, and when to try again are the driver's, the same for every kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from typing import Any, NamedTuple, Protocol

from msgspec import Struct

from lambda_emu.errors.base import LambdaError
from lambda_emu.event_sources.scaling import Scaling
from lambda_emu.model.mappings.mapping import EventSourceMapping


class SourceUnavailable(Exception):
    """The source is not there, or does not answer; it is asked again later. The text says why."""


class SourceEnded(Exception):
    """Nothing will ever come of this unit any more, such as a shard that was split."""


class Record(Struct, frozen=True, gc=False):
    """Something of a source. id: what a function calls it by that reports it as failed, as `report.frozen` has it.

    json: as it goes into the event. place: what its poller knows it by. trace: the tracing header it came with.
    """

    id: Any
    json: bytes
    place: Any = None
    trace: str | None = None


class Fetched(NamedTuple):
    """What there was. whole: the batch is to go out as it is, though it may have no records: nothing is waited for."""

    records: Sequence[Record] = ()
    whole: bool = False


class BatchVerdict(Enum):
    """What came of a batch."""

    OK = auto()
    PARTIAL = auto()  # the function reports records that failed
    FAILED = auto()  # it failed, or its report cannot be read
    REFUSED = auto()  # it was not run: throttled, not there, too large; or we failed


class Result(Struct, frozen=True):
    """What came of a batch. failed: ids, of PARTIAL alone. payload: what the function answered.

    error: why it was REFUSED. executed_version: of one that ran.
    """

    verdict: BatchVerdict
    request_id: str
    failed: frozenset[Any] = frozenset()
    payload: bytes = b""
    function_failed: bool = False
    executed_version: str = ""
    error: LambdaError | None = None

    @property
    def passes(self) -> bool:
        """Whether it was refused for now, and may not be a little later; else it is the batch that is refused."""
        return self.error is not None and (self.error.status == 429 or self.error.status >= 500)


class Poller(Protocol):
    """Reads one unit of order. Everything is called on the loop; one `fetch` at a time.

    ordered: a batch that failed comes again before anything else does: until it is settled nothing follows, and after a
    failure it is waited. divisible: records that were fetched together may be with the function side by side.
    """

    ordered: bool
    divisible: bool

    async def fetch(self, limit: int, wait_s: float) -> Fetched:
        """What is there, at most so many. If there is nothing it sleeps until the source wakes it, at most so long.

        SourceUnavailable; SourceEnded, at each further call too. What it returned is its driver's until it comes back
        by one of the calls below.
        """

    def interrupt(self) -> None:
        """A fetch that sleeps, or is about to, returns now, with nothing."""

    def event(self, records: Sequence[Record]) -> bytes:
        """What the function is given."""

    async def settle(self, records: Sequence[Record], result: Result) -> None:
        """They were given to the function, and this came of it. SourceUnavailable."""

    async def drop(self, records: Sequence[Record]) -> None:
        """No filter wants them: they are done with. SourceUnavailable."""

    async def release(self, records: Sequence[Record]) -> None:
        """They will not be given to the function now: the mapping stops, or those before them come again first.

        SourceUnavailable.
        """

    def filter_view(self, record: Record) -> tuple[Mapping[str, Any], str | None]:
        """What filters see beside the data, and the data as text; None where this kind has none."""


Begin = Callable[[Poller, Scaling], None]
"""Read this unit, with so many batches at once. Called on the loop, now or whenever one is found."""


class Source(Protocol):
    """What a mapping reads. On the loop."""

    def start(self, begin: Begin) -> None:
        """Find the units, and tell of each."""

    def change(self, mapping: EventSourceMapping) -> None:
        """The mapping was updated."""

    def stop(self) -> None:
        """Find nothing any more."""
