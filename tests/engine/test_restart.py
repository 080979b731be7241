"""An emulator that starts on the data of an earlier one."""

from __future__ import annotations

import json
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from time import time
from typing import Any

import pytest
from own import ENGINES, QUICKER, Served, own_emulator, serve, served
from waiting import Eventually

LAZY = {
    "app.py": """
import time
def handler(event, context):
    time.sleep(event.get("sleep", 0))
    import late
    return late.VALUE
""",
    "late.py": "VALUE = 'old'",
}


@pytest.mark.parametrize("engine", QUICKER)
def test_old_code_is_whole_until_what_runs_has_finished(engine: str, tmp_path: Path, eventually: Eventually) -> None:
    """No function needs it any more, but environments do: one that runs, and one that is only starting."""
    with own_emulator(tmp_path, engine, stems=0) as first:
        first.create("lazy", LAZY)

    with own_emulator(tmp_path, engine, stems=0) as lam, ThreadPoolExecutor() as threads:
        running = threads.submit(lam.invoke, "lazy", {"sleep": 1})
        eventually(lambda: lam.environments("lazy"), "an environment")
        waiting = [threads.submit(lam.invoke, "lazy", {}) for _ in range(4)]

        lam.update("lazy", "def handler(event, context): return 'new'")

        assert running.result().payload == "old"
        assert {answer.result().payload for answer in waiting} <= {"old", "new"}
        assert lam.invoke("lazy", {}).payload == "new"


PRINTER = """
import time
def handler(event, context):
    time.sleep(event.get("sleep", 0))
    time.sleep(max(0, event.get("until", 0) - time.time()))
    print("ran", event["n"])
"""


def ran(lam: Served) -> set[str]:
    """What the function printed so far, in this life of the server and in earlier ones."""
    events = json.loads(lam.page("logs?function=printer&after=0"))["events"]
    return {event["message"].strip() for event in events if "ran" in event["message"]}


def send(lam: Served, event: Any) -> None:
    assert lam.invoke("printer", event, InvocationType="Event", LogType="None").status == 202


@pytest.mark.parametrize("engine", ENGINES)
def test_a_kill_loses_no_event_that_was_accepted(engine: str, tmp_path: Path, eventually: Eventually) -> None:
    """None of them can have run before the kill, which may take log lines with it."""
    with served(tmp_path, engine) as lam:
        lam.create("printer", PRINTER)
        until_s = time() + 4
        for number in range(10):
            send(lam, {"n": number, "until": until_s})
        lam.process.kill()
        assert time() < until_s

    with served(tmp_path, engine) as lam:
        eventually(lambda: ran(lam) == {f"ran {number}" for number in range(10)}, "all of them to have run")


@pytest.mark.parametrize("engine", QUICKER)
def test_an_event_that_the_stop_of_the_server_cuts_off_runs_again(
    engine: str, tmp_path: Path, eventually: Eventually
) -> None:
    with served(tmp_path, engine, "--grace-s", "0") as lam:
        lam.create("printer", PRINTER)
        send(lam, {"n": 1, "sleep": 1})
        eventually(lambda: [one["state"] for one in lam.environments("printer")] == ["BUSY"], "it to run")
        assert lam.end(signal.SIGTERM) == 0

    with served(tmp_path, engine) as lam:
        eventually(lambda: ran(lam) == {"ran 1"}, "it to run again")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stop_that_waits_for_what_runs_says_so(engine: str, tmp_path: Path, eventually: Eventually) -> None:
    with served(tmp_path, engine, "--grace-s", "60") as lam:
        lam.create("printer", PRINTER)
        send(lam, {"n": 1, "sleep": 1})
        eventually(lambda: [one["state"] for one in lam.environments("printer")] == ["BUSY"], "it to run")
        lam.process.send_signal(signal.SIGINT)
        said, _ = lam.process.communicate(timeout=60)

    waits = "ending: what runs may go on for 60 s (--grace-s); Ctrl-C once more ends it now"
    assert said.splitlines().count(waits) == 1


@pytest.mark.parametrize("engine", QUICKER)
def test_functions_are_there_after_a_kill(engine: str, tmp_path: Path) -> None:
    with served(tmp_path, engine) as lam:
        lam.create("printer", PRINTER, MemorySize=256, Environment={"Variables": {"LEVEL": "1"}})
        lam.client.put_function_concurrency(FunctionName="printer", ReservedConcurrentExecutions=7)
        before = lam.client.get_function(FunctionName="printer")
        lam.process.kill()

    with served(tmp_path, engine) as lam:
        after = lam.client.get_function(FunctionName="printer")
        assert after["Configuration"] == before["Configuration"]
        assert after["Concurrency"] == {"ReservedConcurrentExecutions": 7}
        assert lam.invoke("printer", {"n": 1}).lines == ["ran 1"]


def test_data_of_a_newer_version_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / ".lambda-emu").mkdir()
    with closing(sqlite3.connect(tmp_path / ".lambda-emu" / "lambda-emu.db")) as newer:
        newer.execute("PRAGMA user_version=1000")

    process = serve(tmp_path, "process")
    said, _ = process.communicate(timeout=30)

    assert "was written by a newer lambda-emu" in said
    assert (len(said.splitlines()), process.returncode) == (1, 2)
