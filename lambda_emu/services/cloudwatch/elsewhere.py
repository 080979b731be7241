"""Metrics of AWS's other services, which the child keeps: it is asked in the caller's name, on a worker."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.service import ServiceFailure
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.http.exchange import MakeProtocol, Writer
from lambda_emu.http.group import Group
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Dates, Head
from lambda_emu.http.stream import Stream
from lambda_emu.services.cloudwatch.members import Members
from lambda_emu.services.cloudwatch.wire import JSON_TYPE, TARGET, Time

LIMIT_S = 60.0
MOST_BYTES = 16 * 1024 * 1024
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


class Child(Protocol):
    """Whoever serves what is not served here."""

    @property
    def pid(self) -> int | None:
        """None while it does not run."""

    def serve(self, request: Request, call: Call) -> None: ...


class ChildMetrics:
    """Asks for one request of a client's. Its errors are LambdaErrors."""

    def __init__(self, child: Child, loop: Loop, clock: Clock, request: Request) -> None:
        self._child = child
        self._loop = loop
        self._dates = Dates(clock.now_s)
        self._request = request

    def points(self, asked: Members, queries: Sequence[Members]) -> Mapping[str, Mapping[int, float]]:
        """Of each of these queries of metrics, by its id: values by seconds since the epoch, the earliest first."""
        same = {name: asked[name] for name in ("StartTime", "EndTime")}
        shown = [{**query, "ReturnData": True} for query in queries]
        answer = self._ask("GetMetricData", {**same, "MetricDataQueries": shown, "ScanBy": "TimestampAscending"})
        return {
            str(result["Id"]): dict(zip(map(int, result["Timestamps"]), map(float, result["Values"]), strict=True))
            for result in answer.get("MetricDataResults", [])
        }

    def metrics(self, namespace: str | None, name: str | None) -> list[tuple[str, str, tuple[tuple[str, str], ...]]]:
        """Those of AWS's services; none while the child does not run, as then nobody has used one."""
        if self._child.pid is None:
            return []
        asked = {key: value for key, value in (("Namespace", namespace), ("MetricName", name)) if value is not None}
        found: list[tuple[str, str, tuple[tuple[str, str], ...]]] = []
        while True:
            answer = self._ask("ListMetrics", asked)
            for each in answer.get("Metrics", []):
                dimensions = sorted((pair["Name"], pair["Value"]) for pair in each.get("Dimensions", []))
                found.append((each["Namespace"], each["MetricName"], tuple(dimensions)))
            if not answer.get("NextToken"):
                return found
            asked["NextToken"] = answer["NextToken"]

    def statistics(self, asked: Members) -> Mapping[str, Any]:
        """What GetMetricStatistics answers."""
        answer = self._ask("GetMetricStatistics", asked)
        found = [{**point, "Timestamp": Time(point["Timestamp"])} for point in answer.get("Datapoints", [])]
        return {**answer, "Datapoints": found}

    def _ask(self, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._call(operation, members)
        try:
            found = json.loads(answer.body)
        except ValueError as error:
            raise ServiceFailure(f"{operation}: what the services' process answered cannot be read") from error
        if answer.status != 200:
            raise ServiceFailure(f"{operation}: {found.get('message') or found.get('Message') or answer.status}")
        return dict(found)

    def _call(self, operation: str, members: Mapping[str, Any]) -> Answer:
        mine = self._request
        headers = [
            (b"x-amz-target", TARGET + operation.encode()),
            (b"content-type", JSON_TYPE.encode()),
            *((name, value) for name, value in mine.head.headers if name in (b"host", b"authorization")),
        ]
        head = Head(b"POST", b"/", headers, "1.0", keep_alive=False, peer=mine.head.peer)  # 1.0: it knows no chunks
        request = Request(head, b"/", b"", mine.request_id)
        request.body = json.dumps(members).encode()
        collector = AnswerCollector()
        call = Call(request, collector.refuse, Writer(collector, True), self._loop, self._dates)
        self._child.serve(request, call)
        return collector.answer.result(LIMIT_S)


class AnswerCollector:
    """A client connection that keeps the answer. On the loop, but that a worker waits for `answer`."""

    group: Group

    def __init__(self) -> None:
        self.answer: Future[Answer] = Future()
        self._pieces: list[bytes] = []
        self._size = 0
        self._status = 0

    def refuse(self, error: LambdaError, _: Request) -> Answer:
        self._fail(error)
        return Answer(error.status, [])

    # -- http.exchange.ClientConnection -----------------------------------------------------------

    def write_answer(self, _: Writer, head: bytes, body: bytes) -> None:
        if not self.answer.done():
            self.answer.set_result(Answer(_status(head), [], body))

    def begin_stream(self, _: Writer, stream: Stream) -> None:
        self._status = _status(stream.open(self, close=False))

    def switch(self, _: Writer, head: bytes, make: MakeProtocol) -> bool:
        return False

    def hold(self, held: bool) -> None: ...

    def join(self, group: Group) -> bool:
        return True

    # -- http.stream.Outlet -----------------------------------------------------------------------

    has_room = True

    def write_piece(self, piece: bytes) -> bool:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > MOST_BYTES:
            self._fail(ServiceFailure("what the services' process answered is too long"))
            self._pieces.clear()
        return True

    def end_stream(self, last: bytes) -> None:
        if not self.answer.done():
            self.answer.set_result(Answer(self._status, [], b"".join((*self._pieces, last))))

    def drop(self) -> None:
        self._fail(ServiceFailure("the services' process broke off its answer"))

    def _fail(self, error: LambdaError) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


def _status(head: bytes) -> int:
    found = _STATUS.match(head)
    return 500 if found is None else int(found[1])
