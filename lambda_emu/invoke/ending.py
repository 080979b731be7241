"""How asynchronous events end, for who has to hear of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from lambda_emu.arn import LATEST, FunctionId
from lambda_emu.environment.invocation import Outcome
from lambda_emu.errors.base import LambdaError
from lambda_emu.invoke.retries import Condition
from lambda_emu.model.function.event_invoke import EventInvokeConfig
from lambda_emu.model.function.function import Function
from lambda_emu.store import LastAnswer, QueuedEvent, WorkItem

KEPT_CHARACTERS = 64 * 1024
"""Of an answer that has to wait for the end of its event."""


class Count(Protocol):
    """Adds to one of Lambda's metrics, of a function: one, or a value in the metric's unit. On the loop."""

    def __call__(
        self, metric: str, function: FunctionId, value: float = 1.0, qualifier: str | None = None, /
    ) -> None: ...


def count_nothing(metric: str, function: FunctionId, value: float = 1.0, qualifier: str | None = None) -> None:
    """Where nobody counts."""


class EventEnd(Struct, frozen=True):
    """invocations: how often it was run. outcome: of the last, where that was the end; else `last` says it shorter."""

    event: QueuedEvent
    function: Function
    condition: Condition
    invocations: int
    outcome: Outcome | None
    last: LastAnswer | None

    @property
    def succeeded(self) -> bool:
        return self.condition is Condition.SUCCESS


class Sequel(Protocol):
    """What follows from the end of an event. On the loop, and never waits."""

    def follow(self, end: EventEnd) -> Sequence[WorkItem]:
        """What is to be kept in the transaction that forgets the event."""

    def kept(self, work: Sequence[WorkItem]) -> None:
        """It was."""


class NoSequel:
    """Nobody hears of anything."""

    def follow(self, end: EventEnd) -> Sequence[WorkItem]:
        return ()

    def kept(self, work: Sequence[WorkItem]) -> None: ...


def config_of(function: Function, qualifier: str | None) -> EventInvokeConfig | None:
    """As it is set now for what an event was sent to: $LATEST, a version or an alias."""
    return function.invoke_configs.get(qualifier or LATEST)


def dead_letters_of(function: Function, qualifier: str | None) -> str | None:
    """The ARN of the dead letter queue or topic."""
    version = function.version(qualifier)
    if version is None:
        return None
    found: str | None = version.other.get("DeadLetterConfig", {}).get("TargetArn")
    return found or None


def tells_of_failure(function: Function, qualifier: str | None) -> bool:
    """Whether somebody is told when an event is given up."""
    config = config_of(function, qualifier)
    return (config is not None and config.on_failure is not None) or dead_letters_of(function, qualifier) is not None


def last_answer(event: QueuedEvent, result: Outcome | LambdaError) -> LastAnswer:
    """What is told of the attempts so far, the last of which came to this. How it failed outlasts a later refusal."""
    if isinstance(result, LambdaError):
        if event.last is not None and event.last.version is not None:
            return event.last
        return LastAnswer(result.status, None, result.text or "")
    is_short = len(result.payload) <= KEPT_CHARACTERS
    text = result.payload.decode("utf-8", "replace") if is_short else None
    return LastAnswer(200, result.executed_version, text)
