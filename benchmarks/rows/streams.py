"""Kinesis: what a record that is put takes of the server's CPU, and how many a second reach a Python function, beside
MiniStack."""

from __future__ import annotations

import socket
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from benchmarks.client import Address, BadAnswer, Connection
from benchmarks.emulator import Emulator
from benchmarks.figures import in_turns
from benchmarks.functions import Functions, client_of
from benchmarks.messages import KINESIS, request
from benchmarks.ministack import VERSION, ministack
from benchmarks.rows.queues import BODY, cpu_ns
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns
from benchmarks.waiting import wait_for

PUTS, PUT_BLOCKS, CLIENTS = 960, 20, 8
RECORDS, SHARDS, BATCH, BLOCKS = 20_000, 4, 100, 3
LIMIT_S = 300
THEIRS = f"MiniStack {VERSION}"


def streams(_stage: Stage) -> list[Verdict]:
    """250 bytes a record; functions as processes on both sides, which is MiniStack's own way."""
    with Emulator("--engine", "process") as emulator, ministack() as (address, pid), _counter() as counter:
        ours, theirs = Stream(emulator.address, emulator.pid, counter), Stream(address, pid, counter)
        found = [_puts(ours, theirs, clients) for clients in (CLIENTS, 1)]
        for one in (ours, theirs):
            one.fill()
            one.rate()
        turns = in_turns(ours.rate, theirs.rate, BLOCKS)
    what = f"Kinesis to a function, {SHARDS} shards, batches of {BATCH}, process"
    return [*found, of_turns(what, "records/s", turns, THEIRS, 5, at_least=True)]


def _puts(ours: Stream, theirs: Stream, clients: int) -> Verdict:
    ours.put_cpu_ms(clients)
    theirs.put_cpu_ms(clients)
    turns = in_turns(lambda: ours.put_cpu_ms(clients), lambda: theirs.put_cpu_ms(clients), PUT_BLOCKS)
    what = f"PutRecord, server's CPU, {clients} client{'s' if clients > 1 else ''}"
    return of_turns(what, "ms", turns, THEIRS, 0.33)


@contextmanager
def _counter() -> Iterator[socket.socket]:
    """Where handlers say how many records they were given."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as counter:
        counter.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        counter.bind(("127.0.0.1", 0))
        counter.settimeout(LIMIT_S)
        yield counter


class Stream:
    """One stream that is put to, and one whose records a function counts. pid: of the server."""

    def __init__(self, address: Address, pid: int, counter: socket.socket) -> None:
        self._address = address
        self._pid = pid
        self._counter = counter
        self._functions, self._kinesis = client_of(self._address.url, "lambda"), client_of(self._address.url, "kinesis")
        Functions(address.url).create(["counts"], "app.counts")
        for name, shards in (("put", 1), ("counted", SHARDS)):
            self._kinesis.create_stream(StreamName=name, ShardCount=shards)
            self._kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
        summary = self._kinesis.describe_stream_summary(StreamName="counted")["StreamDescriptionSummary"]
        self._arn = summary["StreamARN"]
        record = {"StreamName": "put", "PartitionKey": "k", "Data": b64encode(BODY.encode()).decode()}
        self._put = request(address, "PutRecord", record, KINESIS)

    def put_cpu_ms(self, clients: int) -> float:
        """Of the server, all its threads, for one record."""
        before_ns = cpu_ns(self._pid)
        with ExitStack() as stack:
            connections = [stack.enter_context(Connection(self._address)) for _ in range(clients)]
            for _ in range(PUTS // clients):
                for connection in connections:
                    connection.send(self._put)
                answers = [connection.answer() for connection in connections]
                if not all(answer.startswith(b"HTTP/1.1 200") for answer in answers):
                    raise BadAnswer(answers[0].decode(errors="replace"))
        return (cpu_ns(self._pid) - before_ns) / 1e6 / PUTS

    def fill(self) -> None:
        port = self._counter.getsockname()[1]
        for at in range(0, RECORDS, 500):
            entries = [{"Data": BODY.encode(), "PartitionKey": f"{port}/{at + number}"} for number in range(500)]
            self._kinesis.put_records(StreamName="counted", Records=entries)

    def rate(self) -> float:
        """Records a second, from the mapping on that is made when all are there, to the last that was counted."""
        begun_s = time.perf_counter()
        wanted = {"EventSourceArn": self._arn, "FunctionName": "counts", "BatchSize": BATCH}
        made = self._functions.create_event_source_mapping(**wanted, StartingPosition="TRIM_HORIZON")
        came = 0
        while came < RECORDS:
            came += int(self._counter.recv(64))
        took_s = time.perf_counter() - begun_s
        wait_for(lambda: self._state(made["UUID"]) == "Enabled", "the mapping to be Enabled")
        self._functions.delete_event_source_mapping(UUID=made["UUID"])
        wait_for(lambda: self._state(made["UUID"]) is None, "the mapping to be gone")
        return RECORDS / took_s

    def _state(self, uuid: str) -> str | None:
        found = self._functions.list_event_source_mappings(FunctionName="counts")["EventSourceMappings"]
        return next((str(one["State"]) for one in found if one["UUID"] == uuid), None)
