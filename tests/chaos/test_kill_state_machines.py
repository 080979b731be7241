"""SIGKILL of the services' process and of the server, while executions run: those that were over are whole."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from machines_rig import Machines
from own import Served, served
from services_rig import ACCOUNT
from test_kill_services import child_of
from waiting import eventually

WRITERS = 4
OVER = 60
LOST = "lambda-emu ended while this execution ran; executions are not continued."
WHOLE = ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]


@pytest.mark.parametrize("who", ["child", "server"])
def test_finished_executions_are_whole_and_others_aborted(tmp_path: Path, who: str) -> None:
    finished: dict[str, int] = {}
    with served(tmp_path, "process", "--account", ACCOUNT) as lam:
        machines = Machines(lam)
        passes = machines.create("passes", {"A": {"Type": "Pass", "End": True}})
        waits = machines.create("waits", {"W": {"Type": "Wait", "Seconds": 3600, "End": True}})
        waiting = [machines.begin(waits, {"n": n}) for n in range(5)]
        killed = Event()

        def write(writer: int) -> None:
            own = Machines(lam)
            for n in count():
                if killed.is_set():
                    return
                try:
                    ended = own.run(passes, {"n": writer * 1_000_000 + n})
                except (BotoCoreError, ClientError):
                    return
                finished[ended["executionArn"]] = writer * 1_000_000 + n

        with ThreadPoolExecutor(WRITERS) as pool:
            writers = [pool.submit(write, writer) for writer in range(WRITERS)]
            eventually(lambda: len(finished) >= OVER, "executions to be over")
            _kill(lam, who)
            killed.set()  # whose request found the services' process started anew heard of nothing
            for writer in writers:
                writer.result()
        if who == "child":
            _check(Machines(lam), passes, finished, waiting)

    with served(tmp_path, "process", "--account", ACCOUNT) as lam:
        _check(Machines(lam), passes, finished, waiting)


def _kill(lam: Served, who: str) -> None:
    number = lam.process.pid if who == "server" else child_of(lam)
    assert number is not None
    os.kill(number, signal.SIGKILL)


def _check(machines: Machines, passes: str, finished: dict[str, int], waiting: list[str]) -> None:
    assert len(finished) >= OVER
    for arn, number in finished.items():
        told = machines.states.describe_execution(executionArn=arn)
        assert (told["status"], json.loads(told["output"])) == ("SUCCEEDED", {"n": number})
        assert machines.history(told) == WHOLE
    for arn in waiting:
        told = machines.states.describe_execution(executionArn=arn)
        assert (told["status"], told["cause"]) == ("ABORTED", LOST)
        assert machines.history(told) == ["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"]
    machines.states.redrive_execution(executionArn=waiting[-1])
    assert machines.states.describe_execution(executionArn=waiting.pop())["status"] == "RUNNING"
    assert not _running(machines, passes)
    assert machines.output(passes, {"n": 1}) == {"n": 1}


def _running(machines: Machines, machine: str) -> Any:
    return machines.states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
