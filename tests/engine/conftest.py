"""One emulator an engine for all tests of this folder, on a clock that tests can move ahead."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from fcntl import LOCK_EX, flock
from functools import cache, partial
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from uuid import uuid4

import pytest
import waiting
from lam import Lam, Submit
from own import own_emulator
from packages import programs_apart

from lambda_emu.clock import SteppingClock
from lambda_emu.config import load_settings
from lambda_emu.server import Emulator

# A shell that runs tests in the background lets them, and all they start, ignore SIGINT; some tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def emulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Emulator]]:
    """One an engine: started when somebody asks for it, and kept, since files of tests take one after the other."""
    with ExitStack() as ends:

        @cache
        def emulator(engine: str) -> Emulator:
            project: Path = tmp_path_factory.mktemp("project")
            settings = {"project": project, "port": 0, "engine": engine, "pull_images": False}
            return ends.enter_context(Emulator(load_settings(settings, environ={}), SteppingClock()))

        yield emulator


@pytest.fixture(scope="session", params=[pytest.param("docker", marks=pytest.mark.docker), "process"])
def emulator(request: pytest.FixtureRequest, emulators: Callable[[str], Emulator]) -> Emulator:
    """A running emulator; tests that take it run once on each engine."""
    return emulators(request.param)


@pytest.fixture(scope="session")
def shared(emulator: Emulator) -> Lam:
    """boto3 against that emulator. A module whose tests have another in common has a fixture of this name."""
    return Lam(emulator)


@pytest.fixture(scope="module")
def on_docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lam]:
    """One of a module's own, that runs functions of many runtimes on images from here."""
    with own_emulator(tmp_path_factory.mktemp("project"), "docker", pull_images=False) as lam:
        yield lam


@pytest.fixture
def lam(shared: Lam) -> Iterator[Lam]:
    """The shared one; its functions go when the test ends."""
    yield shared
    shared.close()


@pytest.fixture
def name() -> str:
    """Of whatever a test makes."""
    return f"n{uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def aws_cli(pytestconfig: pytest.Config) -> Path:
    """The command of version 1, apart, since it wants a botocore of its own."""
    return programs_apart(pytestconfig, "awscli<2") / "aws"


@pytest.fixture
def nobody_else_prunes() -> Iterator[None]:
    """Tests on other cores wait, since who prunes removes what any emulator left on this machine."""
    with (Path(gettempdir()) / "lambda-emu-tests-prune").open("w") as lock:
        flock(lock, LOCK_EX)
        yield


@pytest.fixture
def submit(lam: Lam) -> Iterator[Submit]:
    """Invoke in the background."""
    with ThreadPoolExecutor(64) as threads:
        yield lambda *args, **params: threads.submit(lam.invoke, *args, **params)


@pytest.fixture
def clock(lam: Lam) -> SteppingClock:
    assert isinstance(lam.emulator.clock, SteppingClock)
    return lam.emulator.clock


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any], str], Any]:
    """For 20 s."""
    return partial(waiting.eventually, limit_s=20)
