"""moto's interpreter of Amazon States Language with our threads, waits, times and clients in place of its own."""

from __future__ import annotations

import copy
import datetime
import json
import logging
import re
import sys
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from moto.stepfunctions.parser import utils
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.inline_iteration_component import (
    InlineIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iteration_worker import IterationWorker
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    ActivityTaskStartEndpoint,
    CallbackConsumerTimeout,
    CallbackEndpoint,
)
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import boto_client, encoding

from lambda_emu.services.child.program.clock import clock
from lambda_emu.services.child.program.machines.language.checking import batchers, inner_machines, readable
from lambda_emu.services.child.program.machines.language.clients import RoleClients
from lambda_emu.services.child.program.machines.language.progress import resume
from lambda_emu.services.child.program.machines.language.waiting import (
    UNLIMITED_S,
    Event,
    Moment,
    Worker,
    look_again,
    sleep,
)

INTERPRETER = "moto.stepfunctions.parser."
SYNC = "state_task_service_callback"
"""The module that looks again and again whether what it began is over."""
DATED = ("event_manager", "state", "map_run_record", "branches_decl")
"""Modules that ask for the time."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
MOST_DEFINITIONS = 64
MOST_AT_ONCE = 40
"""Items of a Map, as AWS has it for those that are inline."""


def replace_interpreter(clients: RoleClients) -> None:
    """In all of its modules, which are imported by now: each holds what it has imported by a name of its own."""
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)  # what fails is in the history
    times = SimpleNamespace(time=clock.now_s, sleep=sleep)
    threads = SimpleNamespace(**vars(threading) | {"Thread": Worker, "Event": Event})
    replaced: dict[int, Any] = {
        id(boto_client.boto_client_for): clients.client_for,
        id(threading): threads,
        id(threading.Event): Event,
        id(threading.Thread): Worker,
        id(time): times,
        id(encoding.to_json_str): _write,
        id(utils.TMP_THREADS): SimpleNamespace(append=lambda _: None),
    }
    for name, module in list(sys.modules.items()):
        if not name.startswith(INTERPRETER):
            continue
        for member, value in list(vars(module).items()):
            if id(value) in replaced:
                setattr(module, member, replaced[id(value)])
        ours: Any = module
        if name.endswith(SYNC):
            ours.time = SimpleNamespace(sleep=look_again)
        if name.rpartition(".")[2] in DATED and vars(module).get("datetime") is datetime:
            ours.datetime = SimpleNamespace(**vars(datetime) | {"datetime": Moment})
    _replace_methods()


def _replace_methods() -> None:
    methods: Any = Program, ExecutionState, IterationWorker, WaitFunction, InlineIterationComponent
    methods[0].eval = _run
    methods[1]._evaluate_with_timeout = _run_limited
    methods[2]._eval_pool, methods[2]._eval_job = _run_items, _run_unless_done(methods[2]._eval_job)
    methods[3]._wait_interval = _wait
    until: Any = Timestamp
    until._from_timestamp_string, until._get_wait_seconds = staticmethod(_instant), _seconds_until
    methods[4]._launch_worker = _launch_few(methods[4]._launch_worker)
    endpoints: Any = CallbackEndpoint, ActivityTaskStartEndpoint
    endpoints[0].interrupt_all = _leave(endpoints[0].interrupt_all)
    endpoints[1]._outcome = None  # until a worker takes the task
    assert hasattr(retrier_decl, "time"), "its sleep is replaced"


_write_json = encoding.to_json_str


def _write(value: Any, separators: object = None) -> str:  # noqa: ARG001 - by their names
    """Without spaces, as AWS, whatever moto wants."""
    return _write_json(value, (",", ":"))


@lru_cache(MOST_DEFINITIONS)
def parse(definition: str) -> Program:
    """What it comes to, which any number of executions share: what they know stands in their environments."""
    return parse_anew(definition)


def parse_anew(definition: str) -> Program:
    """One that nobody else has."""
    program = AmazonStateLanguageParser.parse(readable(definition))[0]
    assert isinstance(program, Program)
    _complete(program.states.states, json.loads(definition))
    return program


def _complete(components: Any, machine: Any) -> None:
    """What moto's parser knows nothing of: batchers of Maps, also in other states, and the numbers of branches."""
    for name, batcher in batchers(machine["States"]):
        components[name].iteration_component.batcher = batcher
    for name, state in machine["States"].items():
        for number, (where, inner) in enumerate(inner_machines(state)):
            is_branch = where.startswith("Branches")
            branch = components[name].branches.programs[number] if is_branch else None
            if branch is not None:
                branch.step = number
            states = branch.states if branch is not None else components[name].iteration_component._states
            _complete(states.states, inner)


def _run(program: Any, env: Any) -> None:
    """By moto's names of what is given. In the thread that asks. Who limits it does so from outside."""
    step = getattr(program, "step", env.step)
    if step is not None:
        env.enter(step)
    env.next_state_name = program.start_at.start_at_name
    if env.progress is not None:
        resume(env.progress, env)
    if env.is_running():
        EvalComponent.eval(program, env)
    else:
        program._eval_body(env)  # it tells that it is over


def _run_unless_done(run: Any) -> Any:
    """An item of a Map."""

    def run_or_know(self: Any, env: Any, job: Any) -> None:
        env.step = job.job_index
        known = None if env.progress is None else env.progress.parts.get(job.job_index)
        if known is not None and known.is_over:
            job.job_output = json.loads(known.input)
        else:
            run(self, env, job)

    return run_or_know


def _wait(_: Any, env: Any, wait_seconds: float) -> None:
    until_s = clock.now_s() + wait_seconds
    while env.is_running() and (left_s := until_s - clock.now_s()) > 0:
        env.program_state_event.wait(left_s)


def _launch_few(launch: Any) -> Any:
    """What is left is done by those that there are."""

    def launch_or_not(self: Any, env: Any, eval_input: Any, job_pool: Any) -> Any:
        job_pool.workers = getattr(job_pool, "workers", 0) + 1
        return None if job_pool.workers > MOST_AT_ONCE else launch(self, env, eval_input, job_pool)

    return launch_or_not


def _leave(interrupt: Any) -> Any:
    """Whoever comes with a token after that is too late."""

    def leave(self: Any) -> None:
        self.report(CallbackConsumerTimeout())
        interrupt(self)

    return leave


def _instant(timestamp: str) -> datetime.datetime | None:
    """With any offset, to the millisecond; None: it is no such text."""
    try:
        return datetime.datetime.fromisoformat(timestamp) if _INSTANT.fullmatch(timestamp) else None
    except ValueError:
        return None


def _seconds_until(self: Any, env: Any) -> float:
    """Whole seconds would be over too early. FailureEventException."""
    self.string.eval(env=env)
    said = env.stack.pop()
    found = _instant(said) if isinstance(said, str) else None
    if found is None:
        raise FailureEventException(self._create_failure_event(env, said))
    return found.timestamp() - clock.now_s()


def _run_limited(state: Any, env: Any) -> None:
    """Once; in a thread of its own if it may take no longer than some time. EvalTimeoutError."""
    state.timeout.eval(env=env)
    limit_s = env.stack.pop()
    frame = env.open_frame()
    frame.states.reset(input_value=env.states.get_input())
    frame.stack = copy.deepcopy(env.stack)
    try:
        if limit_s >= UNLIMITED_S:
            state._eval_execution(frame)
        else:
            _run_beside(lambda: state._eval_execution(frame), limit_s)
    finally:
        frame.set_ended()
        env.close_frame(frame)
    _take_result(state, env, frame.stack[-1])


def _run_beside(run: Callable[[], object], limit_s: float) -> None:
    """Whatever it raises. EvalTimeoutError: it is not waited for any longer."""
    is_over, raised = Event(), []

    def run_and_tell() -> None:
        try:
            run()
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            raised.append(error)
        is_over.set()

    Worker(run_and_tell).start()
    if not is_over.wait(limit_s):
        raise EvalTimeoutError
    if raised:
        raise raised[0]


def _take_result(state: Any, env: Any, result: Any) -> None:
    env.stack.append(result)
    if not state._is_language_query_jsonpath():
        env.states.set_result(result)
    for follows in (state.assign_decl, state.result_selector):
        if follows:
            follows.eval(env=env)
    if state.result_path:
        state.result_path.eval(env)
    else:
        env.states.reset(input_value=env.stack.pop())


def _run_items(worker: Any, job: Any, worker_frame: Any) -> None:
    """One after the other, as long as there are some. A frame is closed before its job, as its owner waits for jobs."""
    while job is not None:
        frame = worker_frame.open_inner_frame()
        worker._eval_job(env=frame, job=job)
        worker_frame.close_frame(frame)
        ends = isinstance(job.job_output, Exception) or worker.stopped()
        following = None if ends else worker._job_pool.next_job()
        if following is None:
            if not ends:
                last = frame.event_history_context.last_published_event_id
                worker_frame.event_history_context.source_event_id = last
            worker._env.close_frame(worker_frame)
            worker._job_pool.close_job(job)
            return
        worker._job_pool.close_job(job)
        job = following
    worker._env.close_frame(worker_frame)
