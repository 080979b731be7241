"""Two tables: the life of an environment, and that of each invocation in it. What is not named cannot happen.

Each moves by what happens to it and by what becomes of the other: an invocation is lost with its environment, and one
that runs out of time takes its environment with it. What either waits for is a barrier of named participants.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum, auto
from typing import TypeVar


class State(Enum):
    """Where an environment is."""

    __hash__ = object.__hash__  # Enum's own costs more than the look into a table

    NEW = auto()  # asked of the engine
    STEM = auto()  # init is connected, no code yet
    INIT = auto()  # the runtime started and has not asked for an event
    READY = auto()  # the runtime has asked; invocations come and go, and between them it is frozen after a while
    INIT_IN_INVOKE = auto()  # init repeated inside an invocation, under the function's timeout
    RESET = auto()  # the processes are gone or being killed; sandbox and /tmp are kept
    SHUTTING_DOWN = auto()  # who may do something at the end has its time
    GONE = auto()


class Event(Enum):
    """What happens to an environment."""

    __hash__ = object.__hash__

    CONNECTED = auto()  # init is there
    LOADED = auto()  # code is in place, the runtime was started
    READY = auto()  # the runtime asked for its first event
    ASSIGNED = auto()  # an invocation was given to it
    FAILED = auto()  # exit, init error, out of memory, or an invocation that ran out of time
    STOP = auto()  # nobody needs it any more, or it cannot be used
    ENDED = auto()  # everybody has shut down, or init is lost


class Phase(Enum):
    """Where an invocation is, from the moment an environment is chosen for it."""

    __hash__ = object.__hash__

    ASSIGNED = auto()  # its environment is chosen
    DELIVERED = auto()  # the runtime has the event
    RESPONDING = auto()  # the answer's bytes go out as they come
    RESPONDED = auto()  # the answer is complete; somebody still works
    SETTLED = auto()  # everybody is done: it is in the log
    FAILED = auto()  # what ran it is being killed, or is gone


class Step(Enum):
    """What happens to an invocation."""

    __hash__ = object.__hash__

    TAKEN = auto()  # the runtime took the event, perhaps again because the connection broke
    FIRST_BYTE = auto()  # of an answer that is passed on as it comes
    WHOLE = auto()  # the answer is complete
    ALL_DONE = auto()  # nobody it waits for is left
    LOST = auto()  # its environment failed or ended


_LEAVES = {Event.STOP: State.SHUTTING_DOWN, Event.ENDED: State.GONE}

ENVIRONMENT: Mapping[State, Mapping[Event, State]] = {
    State.NEW: {Event.CONNECTED: State.STEM, **_LEAVES},
    State.STEM: {Event.LOADED: State.INIT, **_LEAVES},
    State.INIT: {Event.READY: State.READY, Event.FAILED: State.RESET, **_LEAVES},
    State.READY: {Event.ASSIGNED: State.READY, Event.FAILED: State.RESET, **_LEAVES},
    State.INIT_IN_INVOKE: {Event.READY: State.READY, Event.FAILED: State.RESET, **_LEAVES},
    State.RESET: {Event.ASSIGNED: State.INIT_IN_INVOKE, **_LEAVES},
    State.SHUTTING_DOWN: {Event.ENDED: State.GONE},
    State.GONE: {},
}

INVOCATION: Mapping[Phase, Mapping[Step, Phase]] = {
    Phase.ASSIGNED: {Step.TAKEN: Phase.DELIVERED, Step.LOST: Phase.FAILED},
    Phase.DELIVERED: {
        Step.TAKEN: Phase.DELIVERED,
        Step.FIRST_BYTE: Phase.RESPONDING,
        Step.WHOLE: Phase.RESPONDED,
        Step.LOST: Phase.FAILED,
    },
    Phase.RESPONDING: {Step.WHOLE: Phase.RESPONDED, Step.LOST: Phase.FAILED},
    Phase.RESPONDED: {Step.ALL_DONE: Phase.SETTLED, Step.LOST: Phase.FAILED},
    Phase.FAILED: {Step.ALL_DONE: Phase.SETTLED, Step.LOST: Phase.FAILED},
    Phase.SETTLED: {},
}

S = TypeVar("S", State, Phase)
E = TypeVar("E", Event, Step)


class IllegalMove(Exception):
    """Something happened that cannot happen in this state."""

    def __init__(self, state: State | Phase, event: Event | Step) -> None:
        whose = "an environment" if isinstance(state, State) else "an invocation"
        super().__init__(f"{event.name} cannot happen to {whose} in {state.name}")
        self.state = state
        self.event = event


def next_state(table: Mapping[S, Mapping[E, S]], state: S, event: E) -> S:
    """Where `event` leads from `state`. IllegalMove if it cannot happen there."""
    try:
        return table[state][event]
    except KeyError:
        raise IllegalMove(state, event) from None


Participant = str | int
"""A name; init's figures are named by the token (a number) they were asked for with."""

RUNTIME = "the runtime's next call"
KILL = "the kill"


class Barrier(set[Participant]):
    """Those who are not done yet, in whatever order they will be. It is passed when nobody is left."""

    __slots__ = ()

    def done(self, participant: Participant) -> bool:
        """Whether this was the last one; no, if it was not waited for at all."""
        if participant not in self:
            return False
        self.remove(participant)
        return not self


class InitType(StrEnum):
    """Why an environment is initialised: AWS_LAMBDA_INITIALIZATION_TYPE inside, and in the records of the log."""

    ON_DEMAND = "on-demand"
    PROVISIONED = "provisioned-concurrency"


def init_limit_s(init_type: InitType, timeout_s: int) -> float:
    """Seconds until the runtime must have asked for its first event. timeout_s: the function's.

    docs/contract/invoke.md#function-errors, docs/contract/runtime.md#lifecycle.
    """
    return 10.0 if init_type is InitType.ON_DEMAND else float(max(130, timeout_s))
