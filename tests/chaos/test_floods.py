"""Everybody asks at once, for everything: invocations go on, and whoever is refused is told why."""

from __future__ import annotations

import base64
import http.client
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from lam import ROLE, zipped
from own import OwnLam, own_emulator
from waiting import eventually

ECHO = "def handler(event, context): return event['n']"
INVOCATIONS = 200
FLOODERS = 32
TOLD = {200, 201, 202, 204, 404, 409, 429}
"""What a flood may be answered: done, not there, in the middle of another change, too many at once."""

Ask = Callable[[int], tuple[str, str, Any]]


def creations(number: int) -> tuple[str, str, Any]:
    """Of functions with some MB of code, so that each is spooled and unpacked."""
    settings = {"FunctionName": f"f-{number}", "Runtime": "python3.11", "Handler": "app.handler", "Role": ROLE}
    return "POST", "/2015-03-31/functions", settings | {"Code": {"ZipFile": LARGE}}


def updates(number: int) -> tuple[str, str, Any]:
    return "PUT", "/2015-03-31/functions/echo/code", {"ZipFile": LARGE if number % 2 else SMALL}


def layers(_: int) -> tuple[str, str, Any]:
    return "POST", "/2018-10-31/layers/words/versions", {"Content": {"ZipFile": SMALL}}


def lists(_: int) -> tuple[str, str, Any]:
    return "GET", "/2015-03-31/functions/", None


def changes(_: int) -> tuple[str, str, Any]:
    return "PUT", "/2017-10-31/functions/echo/concurrency", {"ReservedConcurrentExecutions": 100}


def events(number: int) -> tuple[str, str, Any]:
    return "POST", "/2015-03-31/functions/other/invocations", {"n": number}


ALL = (creations, updates, layers, lists, changes, events)
SMALL = base64.b64encode(zipped({"app.py": ECHO})).decode()
LARGE = base64.b64encode(zipped({"app.py": ECHO, "data": os.urandom(3_000_000)})).decode()


class Flood:
    """Many who ask the same kind of thing without a pause. statuses: of the answers."""

    def __init__(self, address: str, ask: Ask) -> None:
        self.statuses: Counter[int] = Counter()
        self._address = address
        self._ask = ask
        self._over = Event()
        self._numbers = count()

    def pour(self) -> None:
        connection = http.client.HTTPConnection(self._address, timeout=120)
        while not self._over.is_set():
            method, path, body = self._ask(next(self._numbers))
            connection.request(method, path, None if body is None else json.dumps(body).encode(), HEADERS)
            answer = connection.getresponse()
            answer.read()
            self.statuses[answer.status] += 1
        connection.close()

    def stop(self) -> None:
        self._over.set()


HEADERS = {"Content-Type": "application/json"}


@contextmanager
def flooded(lam: OwnLam, *asks: Ask) -> Iterator[list[Flood]]:
    address = lam.emulator.url.removeprefix("http://")
    floods = [Flood(address, ask) for ask in asks]
    with ThreadPoolExecutor(FLOODERS) as threads:
        try:
            pours = [threads.submit(floods[number % len(floods)].pour) for number in range(FLOODERS)]
            yield floods
        finally:
            for flood in floods:
                flood.stop()
        for pour in pours:
            pour.result()


@pytest.mark.slow
@pytest.mark.parametrize(
    "asks",
    [(creations,), (updates, layers), (lists, changes), (events,), ALL],
    ids=lambda asks: "+".join(ask.__name__ for ask in asks),
)
def test_invocations_go_on_whatever_floods_it(tmp_path: Path, asks: tuple[Ask, ...]) -> None:
    with own_emulator(tmp_path, "process") as lam:
        for name in ("echo", "other", "mine"):
            lam.create(name, ECHO)

        with flooded(lam, *asks) as floods:
            eventually(lambda: all(flood.statuses for flood in floods), "the floods to be answered")
            for number in range(INVOCATIONS):
                event = {"n": number, "large": "x" * (100_000 if number % 10 == 0 else 0)}
                assert lam.invoke("mine", event).payload == number

        for flood in floods:
            assert set(flood.statuses) <= TOLD
        eventually(lambda: lam.emulator.loop.count_unfinished() == 0, "nothing to be left to do")
        assert list((tmp_path / ".lambda-emu" / "spool").iterdir()) == []
