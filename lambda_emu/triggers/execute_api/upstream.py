"""Others who are asked by HTTP in the name of an API."""

from __future__ import annotations

import asyncio
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit

from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.triggers.http_answer import MOST_HEADER_BYTES

PASSED_ON = Workers("requests that APIs pass on", 16, 128)
FORWARDED = "forwarded"
MOST_HOPS = 8
"""An API that leads back to itself ends here: each hop adds its header."""
OURS = frozenset((b"host", b"content-length"))
"""Headers that are said anew, beside those of one hop."""
FAILURES = (OSError, HTTPException, TimeoutError, ValueError)
"""What it may be that nobody answers."""


class UpstreamRequest(NamedTuple):
    """What is asked of whom. timeout_s: until the answer's head, and between two pieces of its body."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes
    timeout_s: float


async def begin(asked: UpstreamRequest, loop: Loop) -> tuple[HTTPConnection, HTTPResponse]:
    """The answer's head is there; who reads its body closes both. On the loop. FAILURES."""
    asking = loop.work(PASSED_ON, ask, asked)
    try:
        return await asyncio.wait_for(asyncio.shield(asking), asked.timeout_s)
    except FAILURES:
        asking.add_done_callback(_let_go)
        raise


def ask(asked: UpstreamRequest) -> tuple[HTTPConnection, HTTPResponse]:
    """On a worker. FAILURES."""
    parts = urlsplit(asked.url)
    make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = make(parts.hostname or "", parts.port, timeout=asked.timeout_s)
    try:
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        named = any(name.lower() == "host" for name, _ in asked.headers)
        connection.putrequest(asked.method, path, skip_host=named, skip_accept_encoding=True)
        for name, value in asked.headers:
            connection.putheader(name, value.encode("latin-1", "replace"))
        connection.putheader("content-length", str(len(asked.body)))
        connection.endheaders(asked.body)
        answer = connection.getresponse()
        if sum(len(name) + len(value) for name, value in answer.getheaders()) > MOST_HEADER_BYTES:
            raise HTTPException(f"the answer's headers have more than {MOST_HEADER_BYTES} bytes")
        return connection, answer
    except BaseException:
        connection.close()
        raise


def _let_go(asking: asyncio.Future[tuple[HTTPConnection, HTTPResponse]]) -> None:
    """It answered when nobody waited any more."""
    if not asking.cancelled() and asking.exception() is None:
        connection, answer = asking.result()
        with closing(connection):
            answer.close()
