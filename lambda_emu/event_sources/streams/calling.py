"""Streams that are read by AWS's API, whoever serves them: its calls block, and are made on workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, Protocol, TypeVar

from lambda_emu.arn import scope_in
from lambda_emu.event_sources.poller import SourceUnavailable
from lambda_emu.event_sources.streams.mapping import StreamForm
from lambda_emu.event_sources.streams.reading import (
    ITERATOR,
    IteratorLost,
    Page,
    Position,
    ShardInfo,
    StreamGone,
    StreamReader,
    Wake,
)
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.model.mappings.mapping import EventSourceMapping
from lambda_emu.services.clients import Call

P = ParamSpec("P")
T = TypeVar("T")

READS = Workers("reads of streams", 4, 4000)


class StreamApi(Protocol):
    """One stream by the API of its service. Every method blocks, and raises what those of reading.StreamReader do."""

    @property
    def arn(self) -> str: ...

    def shards(self) -> Sequence[ShardInfo]: ...

    def iterator(self, shard: str, position: Position) -> str: ...

    def page(self, iterator: str, limit: int) -> Page: ...


class CalledReader:
    """reading.StreamReader."""

    def __init__(self, api: StreamApi, loop: Loop) -> None:
        self.arn = api.arn
        self._api = api
        self._loop = loop

    async def shards(self) -> Sequence[ShardInfo]:
        return await self._work(self._api.shards)

    async def iterator(self, shard: str, position: Position) -> str:
        return position.text if position.kind == ITERATOR else await self._work(self._api.iterator, shard, position)

    async def records(self, iterator: str, limit: int) -> Page:
        return await self._work(self._api.page, iterator, limit)

    async def _work(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await self._loop.work(READS, read, *args, **kwargs)
        except (Full, Closed) as error:
            raise SourceUnavailable(str(error)) from None


class CalledStreams:
    """source.StreamKind of those. `wake` is for who serves them here; elsewhere nobody calls it."""

    form: StreamForm

    def __init__(
        self, form: StreamForm, api_of: Callable[[EventSourceMapping], StreamApi], loop: Loop, poll_s: float
    ) -> None:
        self.form = form
        self.poll_s = poll_s
        self._api_of = api_of
        self._loop = loop

    def reader(self, mapping: EventSourceMapping) -> StreamReader:
        return CalledReader(self._api_of(mapping), self._loop)

    def listen(self, arn: str, wake: Wake) -> Callable[[], None]:
        """Who serves them here wakes all of them: source.Streams.wake."""
        return lambda: None


class Asking:
    """Of a stream's service. SourceUnavailable, StreamGone, IteratorLost."""

    def __init__(self, service: str, arn: str, call: Call) -> None:
        """service: as boto3 calls it."""
        self.arn = arn
        self._service = service
        self._scope = scope_in(arn)
        self._call = call

    def ask(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        account, region = self._scope.account, self._scope.region
        try:
            return self._call(self._service, operation, parameters, account=account, region=region)
        except Exception as error:
            code = getattr(error, "response", {}).get("Error", {}).get("Code", "")  # botocore's, not imported here
            if code in ("TrimmedDataAccessException", "ExpiredIteratorException"):
                raise IteratorLost(code.startswith("Trimmed")) from None
            if code == "ResourceNotFoundException":
                raise StreamGone(f"Stream not found: {self.arn}") from error
            raise SourceUnavailable(f"{operation} of {self.arn}: {error}") from error
