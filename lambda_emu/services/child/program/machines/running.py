"""One execution while it runs: what the interpreter tells is its history, and the first event that ends it holds."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.evaluation_details import AWSExecutionDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext, EventManager
from moto.stepfunctions.parser.asl.eval.states import ContextObjectData, ExecutionData, StateMachineData
from msgspec.structs import replace

from lambda_emu.services.child.program.clock import clock
from lambda_emu.services.child.program.machines.language.progress import ENTERED, EXITED, Mark, Progress, mark_of
from lambda_emu.services.child.program.machines.language.waiting import Event, Moment, Worker, written
from lambda_emu.services.child.program.machines.table import ABORTED, SUCCEEDED, Execution

log = logging.getLogger(__name__)

MOST_EVENTS = 25_000
"""Of a history; one that would have more fails."""
TOO_MANY = {
    "error": "States.Runtime",
    "cause": f"The execution reached the maximum number of history events ({MOST_EVENTS}).",
}
STANDARD_LIMIT_S, EXPRESS_LIMIT_S = 365 * 24 * 3600, 300
FAILED, TIMED_OUT = "FAILED", "TIMED_OUT"
ENDS: Mapping[str, tuple[str, str]] = {
    "ExecutionAborted": (ABORTED, "executionAbortedEventDetails"),
    "ExecutionFailed": (FAILED, "executionFailedEventDetails"),
    "ExecutionSucceeded": (SUCCEEDED, "executionSucceededEventDetails"),
    "ExecutionTimedOut": (TIMED_OUT, "executionTimedOutEventDetails"),
}
"""By type of an event: the status that it leads to, and where it says more."""
Keep = Callable[[Mapping[str, Any], Mark | None, Execution | None], None]


class Running:
    """Of an execution that has begun. keep: is given each event, and with the last one what the execution is by it."""

    def __init__(
        self,
        execution: Execution,
        program: Any,
        kind: str,
        activities: Any,
        keep: Keep,
        lose: Callable[[], None],
        redriven: tuple[int, Progress] | None = None,
    ) -> None:
        """program: as the interpreter has a definition. kind: STANDARD or EXPRESS. activities: by their ARN.

        lose: called when it cannot be kept, and is over by that. redriven: by which event, and how far it had come.
        """
        self.execution = execution
        self.over = Event()
        self._program = program
        self._keep = keep
        self._lose = lose
        self._lock = threading.RLock()  # guards what is told, in its order
        self._limit_s = program.timeout_seconds.timeout_seconds if program.timeout_seconds else inf
        self._limit_s = min(self._limit_s, EXPRESS_LIMIT_S if kind == "EXPRESS" else STANDARD_LIMIT_S)
        self.environment = environment_of(execution, kind, activities)
        self.environment.event_manager = self.events = Recorder(self.record)
        self._is_redriven = redriven is not None
        if redriven is not None:
            event, self.environment.progress = redriven
            self.events.go_on_after(event)
            self.environment.event_history_context.source_event_id = event

    def begin(self) -> None:
        """In threads of its own."""
        given = {"input": self.execution.input, "inputDetails": {"truncated": False}, "roleArn": self.execution.role}
        if not self._is_redriven:
            self._tell(HistoryEventType.ExecutionStarted, {"executionStartedEventDetails": given}, is_source=False)
        self._start(self._run)
        if self._limit_s < STANDARD_LIMIT_S:
            self._start(self._watch)

    def stop(self, error: str | None, cause: str | None) -> None:
        """Whatever it is at; who asked some service waits for the answer, which nobody wants any more."""
        said = {name: text for name, text in (("error", error), ("cause", cause)) if text is not None}
        self._tell(HistoryEventType.ExecutionAborted, {"executionAbortedEventDetails": said})
        self.environment.set_stop(stop_date=Moment.now(), cause=cause, error=error)

    @property
    def map_runs(self) -> list[Any]:
        return list(self.environment.map_run_record_pool_manager.get_all())

    def record(self, event: dict[str, Any], mark: Mark | None) -> None:
        """From any of its threads."""
        with self._lock:
            if self.over.is_set():
                return
            if event["id"] >= MOST_EVENTS and event["type"] not in ENDS:
                event = {name: event[name] for name in ("id", "previousEventId", "timestamp")}
                event |= {"type": "ExecutionFailed", "executionFailedEventDetails": TOO_MANY}
                self.environment.set_error(TOO_MANY)  # type: ignore[arg-type]  # a TypedDict
            ended = self._ended(event)
            try:
                self._keep(event, mark, ended)
            except sqlite3.Error as error:
                log.warning("%s is not carried on, since its history cannot be kept: %s", self.execution.arn, error)
                ended = replace(self.execution, status=ABORTED, ended_s=event["timestamp"], cause=str(error))
                self.environment.set_stop(stop_date=Moment.now(), cause=str(error), error=None)
                self._lose()
            if ended is not None:
                self.execution = ended
                self.over.set()
                for endpoint in list(self.environment.callback_pool_manager._pool.values()):
                    endpoint.interrupt_all()

    def _ended(self, event: Mapping[str, Any]) -> Execution | None:
        if event["type"] not in ENDS:
            return None
        status, details = ENDS[event["type"]]
        said = event.get(details) or {}
        told = {name: said.get(name) for name in ("output", "error", "cause")}
        return replace(self.execution, status=status, ended_s=event["timestamp"], **told)

    def _start(self, run: Callable[[], None]) -> None:
        worker = Worker(run)
        worker.over = self.over
        worker.start()

    def _run(self) -> None:
        self._program.eval(self.environment)

    def _watch(self) -> None:
        if not self.over.wait(self._limit_s):
            self._tell(HistoryEventType.ExecutionTimedOut, {"executionTimedOutEventDetails": {}})
            self.environment.set_timed_out()

    def _tell(self, type: HistoryEventType, details: Any, *, is_source: bool = True) -> None:
        context = self.environment.event_history_context if not is_source else EventHistoryContext.of_program_start()
        self.events.add_event(context, type, details, update_source_event_id=is_source)


class Recorder(EventManager):
    """Has no list of its own, which would grow."""

    def __init__(self, record: Callable[[dict[str, Any], Mark | None], None]) -> None:
        super().__init__()
        self._record = record
        self._failed: tuple[Any, int] = None, 0
        self.entered: dict[str, int] = {}
        """By name of a state, the event by which it was last entered."""

    def go_on_after(self, event: int) -> None:
        self._event_id_gen._next_id = event + 1

    def add_event(
        self,
        context: Any,
        event_type: Any,
        event_details: Any = None,
        timestamp: object = None,
        update_source_event_id: bool = True,
    ) -> int:
        """An expression that failed is told where it is evaluated, and by its state once more."""
        if event_details is not None and event_details is self._failed[0]:
            return self._failed[1]
        type, details = str(event_type.value), json.loads(json.dumps(event_details or {}))
        frame, mark = getattr(context, "frame", None), None
        if frame is not None:
            if frame.progress is not None and frame.progress.is_told(type):
                self.entered[frame.progress.state] = frame.progress.entered
                return int(frame.progress.entered)
            mark = mark_of(type, details, frame.place, frame.next_state_name)
            if EXITED in details:
                frame.progress = None
        with self._mutex:
            number, previous = self._event_id_gen.get(), context.source_event_id
            context.last_published_event_id = number
            if update_source_event_id:
                context.source_event_id = number
            told = {"timestamp": clock.now_s(), "type": type, "id": number, "previousEventId": previous}
            self._record(told | details, mark)
        if event_type == HistoryEventType.EvaluationFailed:
            self._failed = event_details, number
        if ENTERED in details:
            self.entered[details[ENTERED]["name"]] = number
        return number


class Frame(Environment):
    """Of a program, and of what a state of it does. place: the numbers of branches and items that lead to it.

    progress: how far it had come before; None: it begins. step: the number of the program that is to run in it.
    """

    def __init__(self, *given: Any, **members: Any) -> None:
        super().__init__(*given, **members)
        self.place: tuple[int, ...] = ()
        self.progress: Progress | None = None
        self.step: int | None = None
        context: Any = self.event_history_context
        context.frame = self

    @classmethod
    def as_frame_of(cls, env: Any, event_history_frame_cache: Any = None) -> Frame:
        return cls.as_inner_frame_of(env, env.variable_store, event_history_frame_cache)

    @classmethod
    def as_inner_frame_of(cls, env: Any, variable_store: Any, event_history_frame_cache: Any = None) -> Frame:
        frame = super().as_inner_frame_of(env, variable_store, event_history_frame_cache)
        assert isinstance(frame, Frame), "made of this class"
        frame.place, frame.progress = env.place, env.progress
        return frame

    def enter(self, step: int) -> None:
        """A branch or an item."""
        self.place = (*self.place, step)
        self.step = None
        self.progress = None if self.progress is None else self.progress.parts.pop(step, None)


def environment_of(execution: Execution, kind: str, activities: Any) -> Frame:
    region, account = execution.arn.split(":")[3:5]
    redriven = {} if execution.redriven_s is None else {"RedriveTime": written(execution.redriven_s)}
    return Frame(
        aws_execution_details=AWSExecutionDetails(account=account, region=region, role_arn=execution.role),
        execution_type=kind,  # it is compared with an Enum of str
        context=ContextObjectData(  # type: ignore[typeddict-item]  # of a state, a task and an item there is more later
            Execution=ExecutionData(
                Id=execution.arn,
                Input=json.loads(execution.input),
                Name=execution.name,
                RoleArn=execution.role,
                StartTime=written(execution.begun_s),
                RedriveCount=execution.redrives,
                **redriven,
            ),
            StateMachine=StateMachineData(Id=execution.machine, Name=execution.machine.split(":")[6]),
        ),
        event_history_context=EventHistoryContext.of_program_start(),
        cloud_watch_logging_session=None,
        activity_store=activities,
    )
