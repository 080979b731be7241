"""What is left of an emulator that ended, however it ended: nothing."""

from __future__ import annotations

import gc
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from socket import gethostname
from time import monotonic
from typing import Any

import pytest
import uvloop
from descriptors_rig import opened
from own import ENGINES, Served, own_emulator, processes, serve, served
from waiting import Eventually

SLEEPER = """
import subprocess, time
child = subprocess.Popen(["sleep", "1000"])
def handler(event, context):
    time.sleep(event.get("sleep", 0))
"""


@pytest.fixture(params=ENGINES)
def full(request: pytest.FixtureRequest, tmp_path: Path, eventually: Eventually) -> Iterator[Served]:
    """A server with environments of every kind: busy, idle and therefore frozen, resetting, and stems."""
    with served(tmp_path, request.param) as lam:
        for name in ("busy", "idle"):
            lam.create(name, SLEEPER, Timeout=900)
        lam.invoke("idle", {})
        for _ in range(3):
            lam.invoke("busy", {"sleep": 600}, InvocationType="Event", LogType="None")
        eventually(lambda: [one["state"] for one in lam.environments("busy")] == ["BUSY"] * 3, "three to be busy")
        eventually(lambda: [one["state"] for one in lam.environments("idle")] == ["IDLE"], "one to be idle")
        eventually(lambda: len(lam.environments("")) == 2, "two stems")
        yield lam


def left_of(tree: set[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those of these processes that still run."""
    return tree & {(number, start) for number, _, start in processes()}


@pytest.mark.parametrize(
    ("full", "number"),
    [
        pytest.param("docker", signal.SIGTERM, marks=pytest.mark.docker),
        ("process", signal.SIGINT),
        pytest.param("docker", signal.SIGINT, marks=[pytest.mark.docker, pytest.mark.slow]),
        pytest.param("process", signal.SIGTERM, marks=pytest.mark.slow),
    ],
    indirect=["full"],
)
def test_a_signal_ends_everything_within_ten_seconds(full: Served, number: int) -> None:
    tree = full.tree()

    assert full.end(number) == 0

    assert full.containers() == []
    assert left_of(tree) == set()


def test_ten_seconds_after_a_kill_nothing_runs(full: Served, eventually: Eventually) -> None:
    tree, containers = full.tree(), full.containers()
    assert len(tree) + len(containers) >= 6
    killed_s = monotonic()

    full.process.kill()

    eventually(lambda: not (left_of(tree) or full.containers()), "all of it to end")
    assert monotonic() - killed_s < 10


MANY = 60


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_after_a_kill_nothing_runs_of_many_environments_either(
    engine: str, tmp_path: Path, eventually: Eventually
) -> None:
    """The engine removes their containers one by one, which takes it some 80 ms each; in them nothing runs any more."""
    with served(tmp_path, engine, "--stems", "0") as lam:
        lam.create("worker", SLEEPER, Timeout=900)
        for _ in range(MANY):
            lam.invoke("worker", {"sleep": 600}, InvocationType="Event", LogType="None")
        for more in range(1, MANY + 1):  # each has 20 s
            eventually(lambda: len(busy(lam)) >= more, f"{more} to be busy")  # noqa: B023 - it is called at once
        tree = lam.tree() | inits(lam.containers())
        assert len(tree) >= MANY
        killed_s = monotonic()

        lam.process.kill()

        eventually(lambda: not left_of(tree), "all of it to end")
        assert monotonic() - killed_s < 10
        for fewer in range(MANY - 1, -1, -1):
            eventually(lambda: len(lam.containers()) <= fewer, f"{fewer} containers to be left")  # noqa: B023


def busy(lam: Served) -> list[Any]:
    return [one for one in lam.environments("worker") if one["state"] == "BUSY"]


def inits(containers: list[str]) -> set[tuple[int, str]]:
    """The first processes of containers, as everybody sees them."""
    if not containers:
        return set()
    wanted = set(map(int, docker("inspect", "--format", "{{.State.Pid}}", *containers).split()))
    return {(number, start) for number, _, start in processes() if number in wanted}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_signal_while_environments_are_starting_leaves_nothing(
    engine: str, tmp_path: Path, eventually: Eventually
) -> None:
    with served(tmp_path, engine, "--stems", "0") as lam:
        lam.create("worker", SLEEPER)
        for _ in range(20):
            lam.invoke("worker", {"sleep": 1}, InvocationType="Event", LogType="None")
        tree = lam.tree()

        assert lam.end(signal.SIGTERM) == 0

        eventually(lambda: not (left_of(tree) or lam.containers()), "all of it to end")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_comes_early_is_heeded(number: int, tmp_path: Path) -> None:
    process = serve(tmp_path, "process")
    while not (tmp_path / ".lambda-emu" / "lock").exists():
        assert process.poll() is None
    process.send_signal(number)

    said, _ = process.communicate(timeout=10)

    assert "Traceback" not in said
    assert process.returncode == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_functions_that_come_and_go_leave_no_thread_file_or_environment(
    engine: str, tmp_path: Path, eventually: Eventually
) -> None:
    with served(tmp_path, engine) as lam:

        def cycle(number: int) -> None:
            lam.create(f"worker{number}", SLEEPER)
            lam.invoke(f"worker{number}", {})
            lam.client.delete_function(FunctionName=f"worker{number}")

        def holdings() -> dict[str, int]:
            process = Path("/proc", str(lam.process.pid))
            found = {name: len(list((process / name).iterdir())) for name in ("fd", "task")}
            return found | {"descendants": len(lam.tree()), "containers": len(lam.containers())}

        def settled() -> bool:
            return [one["state"] for one in lam.environments("")] == ["STEM", "STEM"] and not lam.environments("worker")

        def at_rest() -> bool:
            """Stems begin their interpreter a moment after they are there."""
            looks = [(threading.Event().wait(0.1), len(lam.tree()))[1] for _ in range(10)]
            return settled() and len(set(looks)) == 1

        for number in range(10):
            cycle(number)
        eventually(at_rest, "two stems")
        before = holdings()

        for number in range(20 if engine == "process" else 12):  # more than are to spare
            cycle(number)

        eventually(settled, "two stems")
        spare = {"fd": 10, "task": 10, "descendants": 0, "containers": 0}  # pools of threads and connections still grow
        eventually(
            lambda: all(holdings()[kind] <= before[kind] + spare[kind] for kind in spare), f"no more than {before}"
        )


@pytest.mark.parametrize("engine", ENGINES)
def test_an_emulator_that_stops_leaves_its_process_no_file_socket_or_thread(
    engine: str, tmp_path: Path, eventually: Eventually
) -> None:
    """Whoever starts one in a process of his own, such as a suite of tests, may start many. Nothing waits for Python
    to find what nobody knows any more."""
    uvloop.new_event_loop().close()  # the first one opens what all share
    threads, before = set(threading.enumerate()), opened()
    gc.disable()
    try:
        with own_emulator(tmp_path, engine) as lam:
            lam.create("worker", SLEEPER)
            lam.invoke("worker", {})

        eventually(lambda: not opened() - before, f"an end of {opened() - before}")
        eventually(lambda: set(threading.enumerate()) <= threads, "threads to end")
    finally:
        gc.enable()


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


@pytest.mark.docker
@pytest.mark.parametrize("full", ["docker"], indirect=True)
@pytest.mark.usefixtures("nobody_else_prunes")
def test_prune_removes_what_never_started_of_dead_emulators_only(tmp_path: Path, full: Served) -> None:
    """A container that was created and not started removes itself never."""
    image = docker("inspect", "--format", "{{.Image}}", full.containers()[0])
    owner = docker("inspect", "--format", '{{index .Config.Labels "lambda-emu.owner"}}', full.containers()[0])
    label = "lambda-emu.session=test"
    dead = docker("create", f"--label={label}", f"--label=lambda-emu.owner={gethostname()}:{2**22 + 1}:1", image)
    reused = docker("create", f"--label={label}", f"--label=lambda-emu.owner={gethostname()}:1:1", image)
    alive = docker("create", f"--label={label}", f"--label=lambda-emu.owner={owner}", image)
    before = set(full.containers())

    pruned = subprocess.run(
        [sys.executable, "-m", "lambda_emu", "prune", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    removed = {json.loads(line)["id"] for line in pruned.stdout.splitlines()}
    assert removed >= {dead[:12], reused[:12]}
    assert alive[:12] not in removed
    assert before <= set(full.containers())
    docker("rm", alive)
