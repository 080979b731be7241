"""What an execution of a state machine takes that has a function run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from benchmarks.emulator import Emulator
from benchmarks.functions import client_of
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict
from benchmarks.waiting import wait_for

EXECUTIONS, WARM = 100, 10
LIMIT_S = 60.0
MOST_MS = 25.0
ROLE = "arn:aws:iam::000000000000:role/bench"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:noop"


def machines(_stage: Stage) -> list[Verdict]:
    """CPU of the server and all its processes, functions' too."""
    with Emulator("--engine", "process") as emulator:
        emulator.functions.create(["noop"], "app.noop")
        states = client_of(emulator.address.url, "stepfunctions")
        task = {"Type": "Task", "Resource": FUNCTION, "End": True}
        definition = json.dumps({"StartAt": "Task", "States": {"Task": task}})
        made = states.create_state_machine(name="one", definition=definition, roleArn=ROLE)
        machine: str = made["stateMachineArn"]
        _execute(states, machine, WARM)
        before_ms = _cpu_ms(emulator.pid)
        _execute(states, machine, EXECUTIONS)
        each_ms = (_cpu_ms(emulator.pid) - before_ms) / EXECUTIONS
    return [Verdict("one-task execution, CPU", each_ms, "ms", MOST_MS, "25 ms", 1.0)]


def _execute(states: Any, machine: str, count: int) -> None:
    """One after the other is begun; until all are over."""
    for _ in range(count):
        states.start_execution(stateMachineArn=machine, input="{}")
    running = {"stateMachineArn": machine, "statusFilter": "RUNNING", "maxResults": 1}
    wait_for(lambda: not states.list_executions(**running)["executions"], "executions to be over", LIMIT_S)


def _cpu_ms(root: int) -> float:
    """Of a process and of all that descend from it."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            number = int(entry.name)
            parents[number], ticks[number] = int(fields[1]), int(fields[11]) + int(fields[12])
    below = {root}
    for _ in parents:
        more = {number for number, parent in parents.items() if parent in below} - below
        if not more:
            break
        below |= more
    return 1000 * sum(ticks.get(number, 0) for number in below) / os.sysconf("SC_CLK_TCK")
