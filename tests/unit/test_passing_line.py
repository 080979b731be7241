"""The line to the services' process: each request has its own answer, and who cannot have it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from lambda_emu.services.passing.line import Line

Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
ASKED = b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"


class Waiting:
    """Keeps what an answer says."""

    def __init__(self) -> None:
        self.status = 0
        self.body = b""
        self.over: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.status = status

    def piece(self, data: bytes) -> None:
        self.body += data

    def end(self) -> None:
        self.over.set_result("end")

    def lost(self) -> None:
        self.over.set_result("lost")


def answering(*answers: bytes, then_close: bool = False) -> Answering:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        if then_close:
            writer.close()

    return serve


def on_line(folder: Path, serve: Answering, work: Callable[[Line], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        server = await asyncio.start_unix_server(serve, folder / "s")
        _, line = await asyncio.get_running_loop().create_unix_connection(Line, str(folder / "s"))
        await work(line)
        line.drop()
        server.close()

    uvloop.run(asyncio.wait_for(run(), 20))


async def asked(line: Line, *, is_head: bool = False) -> Waiting:
    waiting = Waiting()
    line.send(ASKED, waiting, is_head=is_head)
    assert await waiting.over == "end"
    return waiting


def test_a_line_is_used_again_for_the_next_request(tmp_path: Path) -> None:
    async def work(line: Line) -> None:
        first, second = await asked(line), await asked(line)

        assert (first.status, first.body, second.status, second.body) == (200, b"ab", 404, b"c")
        assert line.is_free

    answers = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nc\r\n0\r\n\r\n",
    )
    on_line(tmp_path, answering(*answers), work)


def test_an_answer_to_head_has_no_body_whatever_its_length_says(tmp_path: Path) -> None:
    async def work(line: Line) -> None:
        head = await asked(line, is_head=True)
        after = await asked(line)

        assert (head.body, after.body) == (b"", b"x")

    on_line(
        tmp_path,
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"),
        work,
    )


@pytest.mark.parametrize(
    "begun", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", b"\0\0\r\n"]
)
def test_who_waits_is_told_when_the_rest_does_not_come(tmp_path: Path, begun: bytes) -> None:
    async def work(line: Line) -> None:
        waiting = Waiting()
        line.send(ASKED, waiting, is_head=False)

        assert await waiting.over == "lost"
        assert not line.is_free

    on_line(tmp_path, answering(begun, then_close=True), work)


def test_a_line_that_the_other_end_closed_is_not_free(tmp_path: Path) -> None:
    async def work(line: Line) -> None:
        await asked(line)
        while line.is_free:
            await asyncio.sleep(0)

    on_line(tmp_path, answering(b"HTTP/1.1 204 No\r\n\r\n", then_close=True), work)
