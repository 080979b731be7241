"""What is asked of executions: begun, stopped, told of; and tasks that wait for somebody's word."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import Any
from uuid import uuid4

from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackNotifyConsumerError,
    CallbackOutcome,
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
)
from msgspec.json import decode

from lambda_emu.services.child.program.checks.refused import Refused
from lambda_emu.services.child.program.clock import clock
from lambda_emu.services.child.program.machines.activities import Activities
from lambda_emu.services.child.program.machines.answers import described, listed, told
from lambda_emu.services.child.program.machines.finding import Machine, check_execution, find_machine
from lambda_emu.services.child.program.machines.language.interpreter import parse
from lambda_emu.services.child.program.machines.language.progress import Mark, progress_of
from lambda_emu.services.child.program.machines.pages import page, read_page
from lambda_emu.services.child.program.machines.running import Running
from lambda_emu.services.child.program.machines.table import RUNNING, Event, Execution, ExecutionTable
from lambda_emu.services.child.program.machines.telling import Telling

INPUT_BYTES = 256 * 1024
MOST_RUNNING = 500
"""At once: each has threads."""
MOST_WAITED_FOR = 12
"""Synchronous ones: each holds one of the threads by which services are asked."""
DELETED = "The state machine was deleted."
MOST_SPENT = 10_000
"""Tokens of tasks."""
MOST_MAP_RUNS = 100
"""Executions that are over whose Map runs are told of."""
MEMORY_MB = 64
"""What an express execution is billed for at least."""
_BAD_NAME = re.compile(r'[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ud800-\udfff]')

Members = Mapping[str, Any]
Environ = dict[str, Any]
Operation = Callable[["Executions", Environ, Members], Any]
OPERATIONS: dict[str, Operation] = {}


def operation(serve: Operation) -> Operation:
    """Named as AWS has it."""
    OPERATIONS["".join(word.title() for word in serve.__name__.split("_"))] = serve
    return serve


class Executions:
    """Used by any thread."""

    def __init__(self, folder: Path | None, telling: Telling) -> None:
        """folder: where they are kept; None: in memory."""
        self._telling = telling
        self.table = ExecutionTable(folder, clock.now_s())
        self.activities = Activities()
        self._lock = threading.Lock()  # guards all below
        self._running: dict[str, Running] = {}
        self._spent: OrderedDict[str, None] = OrderedDict()
        self._map_runs: OrderedDict[str, list[Any]] = OrderedDict()  # of executions that are over, the last ones
        self._waited_for = 0

    def running(self, arn: str) -> Running | None:
        with self._lock:
            return self._running.get(arn)

    def all_running(self) -> list[Running]:
        with self._lock:
            return list(self._running.values())

    def begin(self, execution: Execution, machine: Machine, redriven: Event | None = None) -> Running:
        """redriven: the event by which one goes on that was over. Refused: too many run."""
        program = parse(execution.definition)
        is_kept = machine.kind == "STANDARD"
        with self._lock:
            if execution.arn in self._running:
                raise _already(execution.arn)
            if len(self._running) >= MOST_RUNNING:
                text = "The maximum number of running executions has been reached."
                raise Refused("ExecutionLimitExceeded", text)
            number, progress = 0, None
            if redriven is not None:
                number = self.table.number_of(execution.arn)[0]
                self.table.add_event(number, redriven, None, execution)
                progress = redriven["id"], progress_of(self.table.marked(number))
            elif is_kept:
                number = self.table.add(execution)

            def keep(event: Event, mark: Mark | None, ended: Execution | None) -> None:
                if is_kept:
                    self.table.add_event(number, event, mark, ended)
                if machine.logs is not None:
                    self._telling.log_event(machine.logs, execution, event)
                if is_kept and ended is not None:
                    self._telling.tell_status(ended)
                if ended is not None:
                    self._end(begun)

            begun = Running(execution, program, machine.kind, self.activities, keep, lambda: self._end(begun), progress)
            self._running[execution.arn] = begun
        if is_kept:
            self._telling.tell_status(execution)
        if redriven is not None and machine.logs is not None:
            self._telling.log_event(machine.logs, execution, redriven)
        begun.begin()
        return begun

    def map_runs(self, arn: str | None = None) -> list[Any]:
        """Of an execution, or of all."""
        with self._lock:
            running = {one: running.map_runs for one, running in self._running.items()}
            found = self._map_runs | running
        return found.get(arn, []) if arn is not None else [record for records in found.values() for record in records]

    def forget(self, machine: str) -> None:
        """What a machine has done that is deleted; what it does is aborted."""
        for running in self.all_running():
            if running.execution.machine == machine:
                running.stop(None, DELETED)
        self.table.forget(machine)

    def forget_account(self, account: str) -> None:
        """The same of all machines of an account."""
        for running in self.all_running():
            if running.execution.machine.split(":")[4] == account:
                running.stop(None, DELETED)
        self.table.forget_account(account)

    def is_spent(self, token: str) -> bool:
        """Whether it was one of an execution that is over."""
        with self._lock:
            return token in self._spent

    def _end(self, ended: Running) -> None:
        with self._lock:
            self._running.pop(ended.execution.arn, None)
            if ended.map_runs:
                self._map_runs[ended.execution.arn] = ended.map_runs
            if len(self._map_runs) > MOST_MAP_RUNS:
                self._map_runs.popitem(last=False)
            self._spent |= dict.fromkeys(ended.environment.callback_pool_manager._pool)
            while len(self._spent) > MOST_SPENT:
                self._spent.popitem(last=False)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While a request waits for an execution. Refused: too many do."""
        with self._lock:
            if self._waited_for >= MOST_WAITED_FOR:
                raise Refused("ThrottlingException", "Rate exceeded")
            self._waited_for += 1
        try:
            yield
        finally:
            with self._lock:
                self._waited_for -= 1


@operation
def start_execution(executions: Executions, environ: Environ, asked: Members) -> Any:
    machine, name = find_machine(environ, asked["stateMachineArn"]), _name(asked)
    given = read_input(asked)
    if machine.kind == "EXPRESS":
        begun = executions.begin(_execution(machine, name, given, asked), machine).execution
        return {"executionArn": begun.arn, "startDate": begun.begun_s}
    execution = _execution(machine, name, given, asked)
    known = executions.table.find(execution.arn)
    if known is not None and (known.status != RUNNING or known.input != given):
        raise _already(known.arn)
    if known is None:
        known = executions.begin(execution, machine).execution
    return {"executionArn": known.arn, "startDate": known.begun_s}


@operation
def start_sync_execution(executions: Executions, environ: Environ, asked: Members) -> Any:
    machine, name = find_machine(environ, asked["stateMachineArn"]), _name(asked)
    if machine.kind != "EXPRESS":
        raise Refused("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")
    with executions.waiting():
        running = executions.begin(_execution(machine, name, read_input(asked), asked), machine)
        running.over.wait()
    ended = running.execution
    assert ended.ended_s is not None, "it is over"
    answer = told(ended)
    if ended.status == "ABORTED":
        answer["status"] = "FAILED"
    billed_ms = ceil((ended.ended_s - ended.begun_s) * 10) * 100
    billing = {"billedMemoryUsedInMB": MEMORY_MB, "billedDurationInMilliseconds": max(billed_ms, 100)}
    return answer | {"billingDetails": billing}


@operation
def stop_execution(executions: Executions, _: Environ, asked: Members) -> Any:
    arn = asked["executionArn"]
    known = check_kept(executions, arn)
    running = executions.running(arn)
    if running is not None:
        running.stop(asked.get("error"), asked.get("cause"))
        known = running.execution
    return {"stopDate": known.ended_s or clock.now_s()}


@operation
def describe_execution(executions: Executions, _: Environ, asked: Members) -> Any:
    known = check_kept(executions, asked["executionArn"])
    return described(known, executions.table.number_of(known.arn)[1], clock.now_s())


@operation
def list_executions(executions: Executions, environ: Environ, asked: Members) -> Any:
    if "stateMachineArn" not in asked:
        text = "Must provide a value for one and only one of stateMachineArn or mapRunArn"
        raise Refused("ValidationException", text)
    machine = find_machine(environ, asked["stateMachineArn"])
    if machine.kind == "EXPRESS":
        raise Refused("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")
    count, skipped = read_page(asked)
    wanted = asked.get("redriveFilter")
    redriven = None if wanted is None else wanted == "REDRIVEN"
    found = executions.table.of_machine(machine.arn, asked.get("statusFilter"), redriven, count + 1, skipped)
    return page("executions", [listed(one) for one in found], count, skipped)


@operation
def get_execution_history(executions: Executions, _: Environ, asked: Members) -> Any:
    arn = check_kept(executions, asked["executionArn"]).arn
    count, skipped = read_page(asked)
    is_reversed = asked.get("reverseOrder") is True
    found = executions.table.events(arn, newest_first=is_reversed, count=count + 1, skipped=skipped)
    return page("events", list(found), count, skipped)


@operation
def describe_state_machine_for_execution(executions: Executions, _: Environ, asked: Members) -> Any:
    known = check_kept(executions, asked["executionArn"])
    return {
        "stateMachineArn": known.version or known.machine,
        "name": known.machine.split(":")[6],
        "definition": known.definition,
        "roleArn": known.role,
        "updateDate": known.begun_s,
        "loggingConfiguration": {"includeExecutionData": False, "level": "OFF"},
        "tracingConfiguration": {"enabled": False},
    }


@operation
def send_task_success(executions: Executions, _: Environ, asked: Members) -> Any:
    try:
        decode(asked["output"])
    except (ValueError, RecursionError) as error:
        raise Refused("InvalidOutput", f"Invalid Output: '{error}'") from None
    return _notify(executions, CallbackOutcomeSuccess(asked["taskToken"], asked["output"]))


@operation
def send_task_failure(executions: Executions, _: Environ, asked: Members) -> Any:
    return _notify(executions, CallbackOutcomeFailure(asked["taskToken"], asked.get("error"), asked.get("cause")))


@operation
def send_task_heartbeat(executions: Executions, _: Environ, asked: Members) -> Any:
    token = asked["taskToken"]
    return _to_task(executions, token, lambda manager: manager.get(token) and (manager.heartbeat(token) or True))


@operation
def get_activity_task(executions: Executions, _: Environ, asked: Members) -> Any:
    tasks = executions.activities.get(asked["activityArn"])
    if tasks is None:
        raise Refused("ActivityDoesNotExist", f"Activity Does Not Exist: '{asked['activityArn']}'")
    while (task := executions.activities.take(tasks)) is not None:
        for running in executions.all_running():
            endpoint: Any = running.environment.callback_pool_manager.get(task.task_token)
            if endpoint is not None and endpoint.consumer_error is None:
                endpoint.notify_activity_task_start(asked.get("workerName"))
                return {"taskToken": task.task_token, "input": task.task_input}
    return {"taskToken": None, "input": None}


def _notify(executions: Executions, outcome: CallbackOutcome) -> Any:
    return _to_task(executions, outcome.callback_id, lambda manager: manager.notify(outcome.callback_id, outcome))


def _to_task(executions: Executions, token: str, tell: Callable[[Any], bool]) -> dict[str, Any]:
    """Refused: nobody waits any more, or nobody ever waited."""
    for running in executions.all_running():
        try:
            if tell(running.environment.callback_pool_manager):
                return {}
        except CallbackNotifyConsumerError as error:
            raise _too_late() from error
    if executions.is_spent(token):
        raise _too_late()
    raise Refused("InvalidToken", "Invalid Token: 'Invalid token'")


def _too_late() -> Refused:
    return Refused("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")


def check_kept(executions: Executions, arn: str) -> Execution:
    """An execution that is kept. Refused."""
    check_execution(arn)
    known = executions.table.find(arn)
    if known is None:
        raise Refused("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
    return known


def _name(asked: Members) -> str:
    name: str = asked.get("name") or str(uuid4())
    if not 0 < len(name) <= 80 or _BAD_NAME.search(name):
        raise Refused("InvalidName", f"Invalid Name: '{name}'")
    return name


def read_input(asked: Members) -> str:
    given: str = asked.get("input") or "{}"
    if len(given.encode("utf-8", "replace")) > INPUT_BYTES:
        text = (
            "1 validation error detected: Value at 'input' failed to satisfy constraint: "
            "Member must have length less than or equal to 262144"
        )
        raise Refused("ValidationException", text)
    try:
        decode(given)
    except (ValueError, RecursionError) as error:
        raise Refused("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from None
    return given


def _execution(machine: Machine, name: str, given: str, asked: Members) -> Execution:
    kind = "execution" if machine.kind == "STANDARD" else "express"
    arn = machine.arn.replace(":stateMachine:", f":{kind}:") + f":{name}"
    return Execution(
        arn=arn if machine.kind == "STANDARD" else f"{arn}:{uuid4()}",
        machine=machine.arn,
        name=name,
        role=machine.role,
        definition=machine.definition,
        input=given,
        begun_s=clock.now_s(),
        version=machine.version,
        alias=machine.alias,
        trace=asked.get("traceHeader"),
    )


def _already(arn: str) -> Refused:
    return Refused("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
