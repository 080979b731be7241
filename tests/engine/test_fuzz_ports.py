"""A hundred thousand requests, half of them broken: nobody fails, hangs or is hung up on without need."""

from __future__ import annotations

import ctypes
import http.client
import os
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hostile import Fuzzer, Heard, Said, talk
from inside import Inside, probe
from own import Served, served

pytestmark = pytest.mark.slow

NAMES = b"/2015-03-31/functions/"
PUBLIC = [
    *[b"POST " + NAMES + name + b"/invocations" for name in (b"none", b"f:$LATEST", b"%E9", b"arn:aws", b"a" * 300)],
    b"POST " + NAMES + b"none/invocations?Qualifier=1&Qualifier=2&&=",
    b"POST /2014-11-13/functions/none/invoke-async",
    b"POST /2021-11-15/functions/none/response-streaming-invocations",
    b"POST " + NAMES,
    b"GET " + NAMES,
    b"GET " + NAMES + b"none?Qualifier=%00",
    b"PUT " + NAMES + b"none/configuration",
    b"DELETE " + NAMES + b"none",
    b"GET /_lambda-emu/health",
    b"GET /",
    b"OPTIONS *",
    b"HEAD /x",
    b"PATCH /2015-03-31/event-source-mappings/",
    b"GET http://127.0.0.1/2016-08-19/account-settings/",
    b"GET /" + b"%2F" * 900,
]  # fmt: skip
RUNTIME = b"/2018-06-01/runtime/"
INSIDE = [
    b"GET /2018-06-01/ping",
    *[b"POST " + RUNTIME + b"invocation/none/" + call for call in (b"response", b"error", b"next", b"")],
    b"GET " + RUNTIME + b"invocation/none/response",
    b"GET " + RUNTIME + b"restore/next",
    b"POST " + RUNTIME + b"restore/error",
    b"POST /2020-01-01/extension/register",
    b"PUT /2022-07-01/telemetry",
    b"DELETE " + RUNTIME,
    b"HEAD " + RUNTIME + b"invocation/next",
    b"GET /" + b"x" * 3000,
]
SPARE_S, NOT_BUILT = 30.0, 501
WORKERS = 4


@pytest.fixture
def emulator(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """In a process of its own. What it says is read, and must be nothing that went wrong."""
    said: list[str] = []
    with served(tmp_path, request.param) as lam:
        output = lam.process.stdout
        assert output is not None
        reader = threading.Thread(target=lambda: said.extend(output), daemon=True)
        reader.start()
        yield lam
        assert lam.end(2) == 0
        reader.join(10)
    assert [line for line in said if "Traceback" in line or "rror" in line] == []


@pytest.fixture
def inside(emulator: Served) -> Inside:
    return probe(emulator, "good")


class Others:
    """Somebody who invokes all along, each time by a new connection."""

    def __init__(self, emulator: Served) -> None:
        where = urlsplit(emulator.url)
        self.host, self.port = where.hostname or "", where.port or 0
        self.served = 0

    def invoke(self) -> None:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=SPARE_S)
        connection.request("POST", NAMES.decode() + "good/invocations", b'"result = 1"')
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"1")
        connection.close()
        self.served += 1


def enter(network: str) -> None:
    """Have this thread be in another network namespace from now on; "" is its own."""
    if not network:
        return
    with open(network) as namespace:
        assert ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0) == 0, os.strerror(ctypes.get_errno())


def fuzz(
    others: Others,
    address: tuple[str, int],
    fuzzers: list[Fuzzer],
    requests: int,
    network: str = "",
) -> None:
    """Send so many requests from as many clients as there are fuzzers, while others are served."""
    with ThreadPoolExecutor(len(fuzzers), initializer=enter, initargs=(network,)) as threads:
        jobs = [threads.submit(run, fuzzer, address, requests // len(fuzzers)) for fuzzer in fuzzers]
        while not all(job.done() for job in jobs):
            others.invoke()
    for job in jobs:
        job.result()
    assert others.served > 50


def run(fuzzer: Fuzzer, address: tuple[str, int], requests: int) -> None:
    for said in fuzzer.connections(requests):
        try:
            judge(said, talk(address, said))
        except (AssertionError, OSError) as error:
            raise AssertionError(f"{error!r} after {said}") from error


def judge(said: Said, heard: Heard) -> None:
    """Each whole request has its answer, unless one before was the last; what is broken has a 4xx, or the end of it."""
    assert all(status < 500 or status == NOT_BUILT for status in heard.statuses), heard
    assert len(heard.statuses) >= said.whole or heard.closing, heard


@pytest.mark.parametrize("emulator", ["process"], indirect=True)
def test_the_public_port_answers_or_refuses_whatever_comes(emulator: Served, inside: Inside) -> None:
    assert inside.run("result = 1") == 1
    others = Others(emulator)
    host = f"{others.host}:{others.port}".encode()

    fuzz(others, (others.host, others.port), [Fuzzer(seed, PUBLIC, host) for seed in range(WORKERS)], 60_000)


@pytest.mark.docker
@pytest.mark.parametrize("emulator", ["docker"], indirect=True)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can enter a container's network")
def test_the_runtime_api_answers_or_refuses_whatever_comes(emulator: Served, inside: Inside) -> None:
    host, port = str(inside.run("import os; result = os.environ['AWS_LAMBDA_RUNTIME_API']")).split(":")
    (container,) = [info["id"] for info in emulator.environments("good")]
    line = ["docker", "inspect", "--format", "{{.State.Pid}}", container]
    pid = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True).stdout.strip()
    others = Others(emulator)
    fuzzers = [Fuzzer(seed, INSIDE, host.encode(), 80_000, half_open=False) for seed in range(WORKERS)]

    fuzz(others, (host, int(port)), fuzzers, 40_000, f"/proc/{pid}/ns/net")
    assert [info["id"] for info in emulator.environments("good")] != []
