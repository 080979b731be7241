"""The engine goes away, or takes a container with it: what runs goes on, what cannot is told, and all recovers."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from own import OwnLam, Served, own_emulator, served
from waiting import Eventually

pytestmark = pytest.mark.docker

Note = Callable[[], None]

ENGINE_SOCKET = "/var/run/docker.sock"
SLEEPER = """
import os, time
calls = 0
def handler(event, context):
    global calls
    calls += 1
    time.sleep(event.get("sleep", 0))
    if "exit" in event: os._exit(event["exit"])
    return calls
"""


class Wire:
    """A socket in front of the engine's that can be cut and mended, as if the engine had gone and come back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire")
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._asked: set[asyncio.StreamWriter] = set()  # where the engine owes an answer
        self._thread.start()
        self.mend()

    def mend(self) -> None:
        self._run(self._listen())

    def cut(self) -> None:
        """Nobody is answered any more, nor hears the rest of an answer."""
        self._run(self._hang_up())

    def quiet(self) -> bool:
        """Whether the engine has answered everything."""
        return not self._asked

    def close(self) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_unix_server(self._accept, self.path)

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
            self.path.unlink(missing_ok=True)
        for writer in list(self._open):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        engine_reader, engine_writer = await asyncio.open_unix_connection(ENGINE_SOCKET)
        asked, answered = partial(self._asked.add, writer), partial(self._asked.discard, writer)
        await asyncio.gather(
            self._pass_on(reader, engine_writer, asked), self._pass_on(engine_reader, writer, answered)
        )
        answered()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, note: Note) -> None:
        self._open.add(writer)
        try:
            while data := await reader.read(65_536):
                note()
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    def _run(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    wire = Wire(tmp_path / "engine.sock")
    yield wire
    wire.close()


@pytest.fixture
def wired(wire: Wire, tmp_path: Path, eventually: Eventually) -> Iterator[Served]:
    """A server that reaches the engine by the wire, with a function that is warm and settled. A stem that is there
    becomes an environment without the engine, so it has none."""
    with served(tmp_path, "docker", "--stems", "0", DOCKER_HOST=f"unix://{wire.path}") as lam:
        for name in ("warm", "cold"):
            lam.create(name, SLEEPER)
        lam.invoke("warm", {})
        (warm,) = lam.environments("warm")
        eventually(lambda: has_cpu_limit(warm["id"]), "its CPU limit")
        eventually(wire.quiet, "the last call's end")
        yield lam
        wire.cut()  # the wire closes with no call under way


@pytest.fixture
def lam(tmp_path: Path) -> Iterator[OwnLam]:
    with own_emulator(tmp_path, "docker") as lam:
        lam.create("sleeper", SLEEPER)
        yield lam


def has_cpu_limit(container: str) -> bool:
    """Set by the engine, which shows it, or by us in its cgroup, which those see who can."""
    quota, pid = docker("inspect", "--format", "{{.HostConfig.CpuQuota}} {{.State.Pid}}", container).split()
    files = [Path(f"/proc/{pid}/root/sys/fs/cgroup", name) for name in ("cpu/cpu.cfs_quota_us", "cpu.max")]
    own = [file.read_text().split()[0] for file in files if os.access(file, os.R_OK)]
    return int(quota) > 0 or any(said not in ("-1", "max") for said in own)


def refusal(lam: Any, name: str, event: Any) -> str:
    with pytest.raises(ClientError) as refused:
        lam.invoke(name, event)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    return str(refused.value.response["Error"]["Code"])


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def test_without_the_engine_what_runs_goes_on_and_what_would_start_is_told(
    wired: Served, wire: Wire, eventually: Eventually
) -> None:
    with ThreadPoolExecutor() as threads:
        running = threads.submit(wired.invoke, "warm", {"sleep": 2})
        eventually(lambda: [one["state"] for one in wired.environments("warm")] == ["BUSY"], "it to run")

        wire.cut()

        assert refusal(wired, "cold", {}) == "ServiceException"
        assert running.result().payload == 2
    assert wired.invoke("warm", {}).payload == 3


def test_when_the_engine_is_back_everything_is_as_before(wired: Served, wire: Wire) -> None:
    wire.cut()
    for _ in range(3):
        assert refusal(wired, "cold", {}) == "ServiceException"

    wire.mend()

    assert wired.invoke("cold", {}).payload == 1
    assert wired.invoke("warm", {}).payload == 2
    assert wired.end(signal.SIGTERM) == 0
    assert wired.containers() == []


def test_a_crash_without_the_engine_is_survived(wired: Served, wire: Wire) -> None:
    """Where only the engine lifts the CPU limit for the init that follows, another environment takes its place."""
    wire.cut()
    assert wired.invoke("warm", {"exit": 1}).payload["errorType"] == "Runtime.ExitError"

    wire.mend()

    assert wired.invoke("warm", {}).payload == 1


def test_a_container_killed_in_the_middle_of_an_invocation_is_told_and_replaced(
    lam: OwnLam, eventually: Eventually
) -> None:
    with ThreadPoolExecutor() as threads:
        refused = threads.submit(refusal, lam, "sleeper", {"sleep": 600})
        (busy,) = eventually(lambda: [one for one in lam.environments("sleeper") if one.state == "BUSY"], "it to run")

        docker("kill", busy.id)

        assert refused.result() == "ServiceException"
    assert lam.invoke("sleeper", {}).payload == 1
    assert [one.id for one in lam.environments("sleeper")] != [busy.id]


def test_an_idle_container_that_is_killed_is_never_handed_out(lam: OwnLam, eventually: Eventually) -> None:
    lam.invoke("sleeper", {})

    docker("kill", lam.environments("sleeper")[0].id)

    eventually(lambda: not lam.environments("sleeper"), "its end to be noticed")
    assert lam.invoke("sleeper", {}).payload == 1


def test_a_stem_that_is_killed_is_replaced(lam: OwnLam, eventually: Eventually) -> None:
    def stems() -> list[str]:
        return [one.id for one in lam.environments("")]

    before = eventually(lambda: len(stems()) == 2 and stems(), "two stems")

    docker("kill", before[0])
    eventually(lambda: stems() == before[1:], "its end to be noticed")
    lam.clock.advance(60)

    eventually(lambda: len(stems()) == 2, "two stems again")
    assert lam.invoke("sleeper", {}).payload == 1
