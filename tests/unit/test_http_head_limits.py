"""How large a head may be that a client sends, however it comes. Real sockets, the real loop."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import pytest
from cost_rig import times_as_much
from http_rig import LIMIT_S, Echo, all_of, connect, served, talk
from msgspec.structs import replace

from lambda_emu.http.exchange import BodySink, Writer
from lambda_emu.http.head_reader import HeadLimits
from lambda_emu.http.listener import PortSettings
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head

HEAD_BYTES = 64 * 1024
FIELD = b"lambda-runtime-function-xray-error-cause"
LARGE_FIELD = PortSettings(limits=HeadLimits(large_field=(FIELD, 1 << 20)))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served() as (port, _, _):
        yield port


def head_of(*fields: bytes) -> bytes:
    return b"\r\n".join([b"GET /a HTTP/1.1", *fields, b"", b""])


def field_of(size: int, name: bytes = b"x") -> bytes:
    return name + b": " + b"y" * (size - len(name) - 2)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([field_of(HEAD_BYTES - 200)], 200),
        ([field_of(HEAD_BYTES + 10)], 431),
        ([field_of(HEAD_BYTES // 2)] * 2, 431),
        ([b"x: y"] * 99, 200),
        ([b"x: y"] * 101, 431),
        ([b"x:"] * 60_000, 431),
        ([field_of(1_000_000, FIELD)], 431),
    ],
    ids=["64 KB", "more", "more in two", "99 fields", "101 fields", "60,000 fields", "no field may be large here"],
)
def test_a_head_has_64_kb_and_100_fields(port: int, fields: list[bytes], status: int) -> None:
    answer = talk(port, head_of(*fields, b"Connection: close"))

    assert answer.startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize("size", [500, 7_000, 20_000, 300_000])
@pytest.mark.parametrize(
    "before", [b"", b"GET /b HTTP/1.1\r\n\r\n", b"POST /b HTTP/1.1\r\nContent-Length: 99\r\n\r\n" + b"x" * 99]
)
@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([field_of(650)] * 99, 200),
        ([field_of(670)] * 99, 431),
        ([field_of(HEAD_BYTES - 200)], 200),
        ([field_of(HEAD_BYTES + 10)], 431),
        ([b"x: y"] * 101, 431),
    ],
    ids=["99 fields, 64 KB", "99 fields, more", "64 KB", "more", "101 fields"],
)
def test_the_limits_of_a_head_hold_however_it_comes(
    port: int, fields: list[bytes], status: int, before: bytes, size: int
) -> None:
    """Alone or behind another request, at once or in pieces."""
    with connect(port) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(ConnectionError):  # it may be refused before its end
            for piece in in_pieces(before + head_of(*fields, b"Connection: close"), size):
                client.sendall(piece)
        answers = [int(answer[:3]) for answer in all_of(client).split(b"HTTP/1.1 ")[1:]]

    assert answers == [*[200] * bool(before), status]


def test_too_many_fields_are_refused_before_the_head_ends(port: int) -> None:
    with connect(port) as client:
        client.sendall(b"GET /a HTTP/1.1\r\n" + b"x: y\r\n" * 102)  # the last one may go on

        assert all_of(client).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([field_of(1_000_000, FIELD), field_of(60_000)], 200),
        ([field_of(60_000, FIELD), field_of(60_000)], 200),
        ([field_of(60_000), field_of(1_000_000, FIELD)], 200),
        ([field_of(1_100_000, FIELD)], 431),
        ([field_of(1_000_000, FIELD), field_of(70_000)], 431),
        ([field_of(1_000_000, FIELD), field_of(1_000_000, FIELD)], 431),
        ([field_of(1_000_000)], 431),
    ],
    ids=["1 MB and 60 KB", "both small", "last", "too large", "the others too large", "twice", "another"],
)
def test_one_field_may_be_larger_where_a_port_says_so(fields: list[bytes], status: int) -> None:
    with served(settings=LARGE_FIELD) as (port, _, _):
        answer = talk(port, head_of(*fields, b"Connection: close"))

    assert answer.startswith(b"HTTP/1.1 %d " % status)


def loop_cost_s(port: int, loop: Loop, request_bytes: bytes) -> float:
    """What the loop's thread spends on a request."""
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client:
        before_s = loop.ask(time.thread_time, LIMIT_S)
        client.sendall(request_bytes)
        assert client.recv(12) == b"HTTP/1.1 200"
        return loop.ask(time.thread_time, LIMIT_S) - before_s


class InPieces(asyncio.Protocol):
    """Hands on what comes 200 bytes at a time, whatever the kernel has put together."""

    def __init__(self, behind: asyncio.Protocol) -> None:
        self._behind = behind

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._behind.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        for piece in in_pieces(data, 200):
            self._behind.data_received(piece)

    def connection_lost(self, exc: Exception | None) -> None:
        self._behind.connection_lost(exc)


def in_pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def test_a_large_head_in_small_pieces_costs_no_more_than_its_bytes() -> None:
    """The parser copies what it has of a field for each piece of it: eight times the head was sixty times the work."""
    with served(settings=replace(LARGE_FIELD, sniffer=InPieces)) as (port, _, loop):
        small, large = (
            partial(loop_cost_s, port, loop, head_of(field_of(size, FIELD))) for size in (125_000, 1_000_000)
        )

        assert times_as_much(large, small, enough=24) < 24


TRAILERS = b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n%s\r\n"


def test_trailers_are_no_headers() -> None:
    seen = list[list[tuple[bytes, bytes]]]()

    def look(head: Head, writer: Writer) -> BodySink:
        seen.append(head.headers)
        return Echo(head, writer)

    with served(look) as (port, _, _):
        talk(port, TRAILERS % b"Host: other\r\nContent-Length: 5\r\nX: y\r\n")

    assert [name for name, _ in seen[0]] == [b"transfer-encoding"]


@pytest.mark.parametrize(
    "trailers",
    [b"x: y\r\n" * 101, field_of(HEAD_BYTES + 1) + b"\r\n", b"x: " + b"y" * 1_000_000],
    ids=["101", "64 KB", "endless"],
)
def test_trailers_are_counted_like_a_head(port: int, trailers: bytes) -> None:
    assert talk(port, TRAILERS % trailers, b"").startswith(b"HTTP/1.1 431 ")
