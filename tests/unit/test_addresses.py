"""Where the URL of a function is called, by what the resolver says of names below `localhost`."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from lambda_emu.triggers import addresses
from lambda_emu.triggers.addresses import address_of

BY_NAME, BY_PATH = "http://abc.lambda-url.eu-west-1.localhost:9000/", "{}/_lambda-emu/url/abc/"


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    addresses.names_lead_to.cache_clear()
    yield
    addresses.names_lead_to.cache_clear()


def answering(monkeypatch: pytest.MonkeyPatch, *found: str) -> None:
    def getaddrinfo(*_: object) -> list[Any]:
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    ("found", "host", "by_name"),
    [
        (("127.0.0.1",), "127.0.0.1", True),
        (("127.0.0.1",), "0.0.0.0", True),
        (("127.0.0.1",), "localhost", True),
        ((), "127.0.0.1", False),
        ((), "localhost", False),
        (("127.0.0.1",), "192.168.1.7", False),  # nothing listens there
        (("10.0.0.1",), "0.0.0.0", False),
    ],
)
def test_it_is_a_name_where_that_leads_to_the_server(
    monkeypatch: pytest.MonkeyPatch, found: tuple[str, ...], host: str, by_name: bool
) -> None:
    answering(monkeypatch, *found)

    address = address_of("abc", "eu-west-1", f"http://{host}:9000")

    assert address == (BY_NAME if by_name else BY_PATH.format(f"http://{host}:9000"))


def test_a_resolver_that_is_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [] if ended.wait(60) else None)
    monkeypatch.setattr(addresses, "LOOK_UP_S", 0.05)

    try:
        address = address_of("abc", "eu-west-1", "http://127.0.0.1:9000")
    finally:
        ended.set()

    assert address == BY_PATH.format("http://127.0.0.1:9000")


@pytest.mark.parametrize("host", ["127.0.0.1:9027", "host.docker.internal:9000", "[::1]:9000"])
def test_who_asks_by_another_name_is_told_that_one(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    answering(monkeypatch, "127.0.0.1")  # where we are; not where he is

    assert address_of("abc", "eu-west-1", "http://127.0.0.1:9000", host) == BY_PATH.format(f"http://{host}")
