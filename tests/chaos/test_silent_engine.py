"""An engine that stops answering, without hanging up: what needs nothing from it goes on, the rest when it is back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen

import pytest
from own import Served, served
from silence import SilentEngine, silent_engine, silent_server
from waiting import eventually

pytestmark = pytest.mark.docker

COUNTER = """
calls = 0
def handler(event, context):
    global calls
    calls += 1
    return calls
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[SilentEngine]:
    with silent_engine(tmp_path) as engine:
        yield engine


@pytest.fixture
def lam(engine: SilentEngine, tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path, "docker", DOCKER_HOST=engine.url) as lam:
        for name in ("warm", "cold"):
            lam.create(name, COUNTER)
        lam.invoke("warm", {})
        yield lam
        engine.speak()


def test_what_is_warm_and_all_that_asks_no_engine_goes_on(lam: Served, engine: SilentEngine) -> None:
    engine.fall_silent()

    with urlopen(f"{lam.url}/_lambda-emu/health", timeout=30) as health:
        assert health.status == 200
    for number in range(20):
        assert lam.invoke("warm", {"large": "x" * 100_000}).payload == number + 2
    assert lam.client.get_function(FunctionName="warm")["Configuration"]["State"] == "Active"
    lam.client.put_function_concurrency(FunctionName="warm", ReservedConcurrentExecutions=7)
    lam.create("pending", COUNTER, wait=False)
    assert lam.invoke("warm", {}, InvocationType="Event", LogType="None").status == 202


def test_what_was_asked_of_it_meanwhile_is_done_when_it_speaks_again(lam: Served, engine: SilentEngine) -> None:
    engine.fall_silent()
    lam.create("pending", COUNTER, wait=False)
    with ThreadPoolExecutor(8) as threads:
        waiting = [threads.submit(lam.invoke, "cold", {}) for _ in range(8)]
        assert lam.invoke("warm", {}).payload == 2
        engine.speak()
        assert {answer.result().status for answer in waiting} == {200}

    lam.wait_until_active("pending")
    assert lam.invoke("pending", {}).payload == 1
    eventually(lambda: len(lam.environments("")) > 0, "stems")


@pytest.mark.slow
def test_an_engine_that_never_says_a_word_is_no_engine(tmp_path: Path) -> None:
    with silent_server() as docker, served(tmp_path, "auto", DOCKER_HOST=docker.replace("http", "tcp")) as lam:
        lam.create("warm", COUNTER)
        assert lam.invoke("warm", {}).payload == 1
