"""SIGKILL while events pour in: none that was accepted is lost, and nothing of the old server runs on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from own import Served, processes, served
from server_rig import Exchange, http_server, send
from waiting import eventually

TELLER = """
import urllib.request
def handler(event, context):
    urllib.request.urlopen(event["tell"] + str(event["n"])).close()
"""
CALLERS = 8
ENOUGH = 200


class Teller:
    """Counts what each event told it, in every life of the server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.heard: Counter[int] = Counter()


@contextmanager
def teller() -> Iterator[Teller]:
    def answer(exchange: Exchange) -> None:
        told.heard[int(exchange.path[1:])] += 1
        send(exchange, status=204)

    with http_server(answer) as url:
        told = Teller(f"{url}/")
        yield told


def pour(lam: Served, told: Teller, first: int, accepted: list[int]) -> None:
    """One caller: event upon event, until the server is gone."""
    for number in range(first, 1_000_000, CALLERS):
        event = json.dumps({"tell": told.url, "n": number}).encode()
        try:
            lam.client.invoke(FunctionName="teller", InvocationType="Event", Payload=event)
        except (BotoCoreError, ClientError):
            return
        accepted.append(number)


def test_every_event_that_was_accepted_runs(tmp_path: Path) -> None:
    """At least once each, and never more than twice: only what ran at the kill runs again."""
    accepted: list[int] = []
    with teller() as told:
        with ThreadPoolExecutor(CALLERS) as threads, served(tmp_path, "process") as lam:
            lam.create("teller", TELLER)
            for first in range(CALLERS):
                threads.submit(pour, lam, told, first, accepted)
            eventually(lambda: len(accepted) >= ENOUGH and told.heard, "enough to be accepted, and some to run")
            before = lam.tree()
            lam.process.kill()
        eventually(lambda: not before & {(number, start) for number, _, start in processes()}, "all of it to end")

        with served(tmp_path, "process") as lam:
            eventually(lambda: set(accepted) <= set(told.heard), "all of them to run")

        assert max(told.heard.values()) <= 2
