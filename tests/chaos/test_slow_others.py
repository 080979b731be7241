"""What does not answer holds up those who asked it, and nobody else."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from select import select
from threading import Event
from typing import Any
from urllib.request import urlopen

from botocore.exceptions import ClientError
from lam import ROLE, client
from own import OwnLam, own_emulator
from silence import silent_server
from waiting import eventually

from lambda_emu.api.service import FETCHES
from lambda_emu.gateway.spool import SPOOLING

ECHO = "def handler(event, context): return len(event)"
CODE: Any = {"S3Bucket": "code", "S3Key": "app.zip"}
SETTINGS: dict[str, Any] = {"Runtime": "python3.11", "Handler": "app.handler", "Role": ROLE}


class Slow:
    """Creations of functions whose code is in an S3 that does not answer."""

    def __init__(self, url: str, threads: ThreadPoolExecutor) -> None:
        self._client = client(url, max_pool_connections=200)
        self._threads = threads
        self.pending: list[Future[Any]] = []

    def send(self, count: int) -> None:
        for number in range(len(self.pending), len(self.pending) + count):
            create = self._threads.submit(
                self._client.create_function, FunctionName=f"slow-{number}", Code=CODE, **SETTINGS
            )
            self.pending.append(create)

    def refusals(self) -> list[Any]:
        """What those heard that were answered."""
        return [found.exception() for found in self.pending if found.done()]


@contextmanager
def beside(folder: Path, count: int) -> Iterator[tuple[OwnLam, Slow]]:
    """An emulator that works on so many slow requests, with a function that is warm."""
    with silent_server() as s3, own_emulator(folder, "process", s3_endpoint=s3) as lam:
        lam.create("echo", ECHO)
        lam.invoke("echo", {})
        with ThreadPoolExecutor(200) as threads:
            slow = Slow(lam.emulator.url, threads)
            slow.send(count)
            eventually(lambda: fetching(lam) >= count, "all of them to be at work")
            yield lam, slow
            lam.emulator.close()  # which waits for none of them


def fetching(lam: OwnLam) -> int:
    return lam.emulator.loop.count_unfinished(FETCHES)


def test_beside_sixteen_slow_requests_everybody_else_is_served(tmp_path: Path) -> None:
    with beside(tmp_path, 16) as (lam, slow):
        with urlopen(f"{lam.emulator.url}/_lambda-emu/health") as health:
            assert health.status == 200
        assert lam.invoke("echo", {"large": "x" * 1_000_000}).payload == 1
        assert lam.client.get_function(FunctionName="echo")["Configuration"]["State"] == "Active"
        lam.client.put_function_concurrency(FunctionName="echo", ReservedConcurrentExecutions=7)
        lam.update("echo", "def handler(event, context): return 'new'")
        assert lam.invoke("echo", {}).payload == "new"

        assert slow.refusals() == []


def test_more_than_may_wait_are_told_so_and_the_others_still_served(tmp_path: Path) -> None:
    room = FETCHES.threads + FETCHES.waiting
    with beside(tmp_path, room) as (lam, slow):
        slow.send(3)
        wait(slow.pending[-3:], timeout=60)

        refusals = slow.refusals()
        assert len(refusals) == 3
        for refusal in refusals:
            assert isinstance(refusal, ClientError)
            assert refusal.response["ResponseMetadata"]["HTTPStatusCode"] == 429
            assert refusal.response["Error"] == {
                "Code": "TooManyRequestsException",
                "Message": "Rate Exceeded. 64 fetches of code are waiting already; try again in a moment.",
            }
        assert lam.invoke("echo", {"large": "x" * 1_000_000}).payload == 1


def test_a_body_waits_outside_while_the_disk_is_slow(tmp_path: Path) -> None:
    """What cannot be written is not read either, so that it fills no memory; then the client goes on."""
    size = 64_000_000
    head = f"POST /2015-03-31/functions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n"
    with own_emulator(tmp_path, "process") as lam, slow_disk(lam) as disk:
        address = lam.emulator.url.removeprefix("http://").split(":")
        with socket.create_connection((address[0], int(address[1])), timeout=60) as client:
            client.sendall(head.encode())
            sent = send_until_stuck(client, b"x" * size)
            with urlopen(f"{lam.emulator.url}/_lambda-emu/health") as health:
                assert health.status == 200
            assert sent < size / 2

            disk.set()
            client.sendall(b"x" * (size - sent))

            assert client.recv(65536).startswith(b"HTTP/1.1 400 ")


def test_a_connection_brings_one_large_body_after_another(tmp_path: Path) -> None:
    body = b'{"Description": "' + b"x" * 4_000_000 + b'"}'
    with own_emulator(tmp_path, "process") as lam:
        connection = HTTPConnection(lam.emulator.url.removeprefix("http://"), timeout=60)
        for _ in range(8):
            connection.request("POST", "/2018-10-31/layers/words/versions", body)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 400
        connection.close()


@contextmanager
def slow_disk(lam: OwnLam) -> Iterator[Event]:
    """All who write bodies are at it, until the event is set."""
    gate, loop = Event(), lam.emulator.loop
    loop.ask(lambda: [loop.work(SPOOLING, gate.wait, 60) for _ in range(SPOOLING.threads)], 10)
    try:
        yield gate
    finally:
        gate.set()


def send_until_stuck(client: socket.socket, data: bytes) -> int:
    """How much of it the other side takes."""
    sent = 0
    while sent < len(data) and select([], [client], [], 1)[1]:
        sent += client.send(data[sent : sent + 65536])
    return sent
