"""A message through SQS: sent, received, deleted. What it takes of the server's CPU, beside MiniStack's."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.client import Address, BadAnswer, Connection
from benchmarks.emulator import Emulator
from benchmarks.figures import in_turns
from benchmarks.functions import client_of
from benchmarks.messages import request as request_of
from benchmarks.ministack import VERSION, ministack
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns

BLOCKS, MESSAGES = 20, 240
CLIENTS = 8
BODY = json.dumps({"order": 1, "items": ["book"] * 20})
_HANDLE = re.compile(rb'"ReceiptHandle": ?"([^"]+)"')


def queues(_stage: Stage) -> list[Verdict]:
    """One queue, 250 bytes a message; ours has outlived its process before it answers."""
    with Emulator("--engine", "process", stems=0) as emulator, ministack() as (address, pid):
        ours, theirs = Queue(emulator.address, emulator.pid), Queue(address, pid)
        return [_beside(ours, theirs, CLIENTS, 0.33), _beside(ours, theirs, 1, 0.33)]


def _beside(ours: Queue, theirs: Queue, clients: int, limit: float) -> Verdict:
    ours.cpu_ms(clients)
    theirs.cpu_ms(clients)
    turns = in_turns(lambda: ours.cpu_ms(clients), lambda: theirs.cpu_ms(clients), BLOCKS)
    what = f"SQS message, server's CPU, {clients} client{'s' if clients > 1 else ''}"
    return of_turns(what, "ms", turns, f"MiniStack {VERSION}", limit)


class Queue:
    """One queue of one server. pid: of the server."""

    def __init__(self, address: Address, pid: int) -> None:
        self._address = address
        self._pid = pid
        client = client_of(address.url, "sqs")
        self._url = client.create_queue(QueueName="bench")["QueueUrl"]
        client.close()
        self._send = self._request("SendMessage", MessageBody=BODY)
        self._receive = self._request("ReceiveMessage", MaxNumberOfMessages=1)

    def cpu_ms(self, clients: int) -> float:
        """Of the server, all its threads, for one message. On new connections: some end after a thousand requests."""
        before_ns = cpu_ns(self._pid)
        with ExitStack() as stack:
            connections = [stack.enter_context(Connection(self._address)) for _ in range(clients)]
            for _ in range(MESSAGES // clients):
                self._pass(connections)
        return (cpu_ns(self._pid) - before_ns) / 1e6 / MESSAGES

    def _pass(self, connections: Sequence[Connection]) -> None:
        """A message by each, all at once."""
        _call(connections, [self._send] * len(connections))
        got = _call(connections, [self._receive] * len(connections))
        found = [_HANDLE.search(one) for one in got]
        if None in found:
            raise BadAnswer(got[found.index(None)].decode(errors="replace"))
        handles = [one[1].decode() for one in found if one is not None]
        _call(connections, [self._request("DeleteMessage", ReceiptHandle=handle) for handle in handles])

    def _request(self, operation: str, **members: object) -> bytes:
        return request_of(self._address, operation, {"QueueUrl": self._url, **members})


def _call(connections: Sequence[Connection], requests: Sequence[bytes]) -> list[bytes]:
    """The answers to one request by each."""
    for connection, request in zip(connections, requests, strict=True):
        connection.send(request)
    answers = [connection.answer() for connection in connections]
    for answer in answers:
        if not answer.startswith(b"HTTP/1.1 200"):
            raise BadAnswer(answer.decode(errors="replace"))
    return answers


def cpu_ns(pid: int) -> int:
    """What all threads of a process have run, of those that there are now."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks)
