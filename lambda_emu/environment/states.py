"""The life of an execution environment as one table: what may happen in a state, and where it leads."""

from __future__ import annotations

from enum import Enum, auto


class State(Enum):
    """Where an environment is. The wire never shows it; `lambda-emu ps` does."""

    __hash__ = object.__hash__  # Enum's own costs more than the look into the table

    NEW = auto()  # asked of the engine
    STEM = auto()  # init is connected, no code yet
    INIT = auto()  # the runtime started and has not asked for an event
    IDLE = auto()  # asked for an event, has none; frozen after a while
    BUSY = auto()  # has exactly one event, no response yet
    RESPONDED = auto()  # the caller may have the answer; the runtime has not asked again, or init has not reported
    INIT_IN_INVOKE = auto()  # init repeated inside an invocation, under the function's timeout
    RESET = auto()  # processes gone; container and /tmp kept
    GONE = auto()


class Event(Enum):
    """What happens to an environment."""

    __hash__ = object.__hash__

    CONNECTED = auto()  # init is there
    LOADED = auto()  # code is in place, the runtime was started
    READY = auto()  # the runtime asked for an event
    ASSIGNED = auto()  # an invocation was given to it
    RESPONSE = auto()  # the runtime posted a response or an error
    SETTLED = auto()  # the runtime asked again and init has reported
    FAILED = auto()  # exit, timeout, init error, out of memory
    STOP = auto()  # nobody needs it, or init is lost


MOVES: dict[State, dict[Event, State]] = {
    State.NEW: {Event.CONNECTED: State.STEM, Event.STOP: State.GONE},
    State.STEM: {Event.LOADED: State.INIT, Event.STOP: State.GONE},
    State.INIT: {Event.READY: State.IDLE, Event.FAILED: State.RESET, Event.STOP: State.GONE},
    State.IDLE: {Event.ASSIGNED: State.BUSY, Event.FAILED: State.RESET, Event.STOP: State.GONE},
    State.BUSY: {Event.RESPONSE: State.RESPONDED, Event.FAILED: State.RESET, Event.STOP: State.GONE},
    State.RESPONDED: {Event.SETTLED: State.IDLE, Event.FAILED: State.RESET, Event.STOP: State.GONE},
    State.INIT_IN_INVOKE: {Event.READY: State.BUSY, Event.FAILED: State.RESET, Event.STOP: State.GONE},
    State.RESET: {Event.ASSIGNED: State.INIT_IN_INVOKE, Event.STOP: State.GONE},
    State.GONE: {},
}

RUNTIME_STATES = {
    State.INIT: "Started",
    State.INIT_IN_INVOKE: "Started",
    State.IDLE: "Ready",
    State.BUSY: "Running",
    State.RESPONDED: "RuntimeResponseSentState",
    State.RESET: "InitError",
    State.GONE: "InitError",
}
"""What Lambda calls the state of a runtime, when it tells it what it may not do. Contract: runtime.md 3.1."""


class IllegalMove(Exception):
    """Something happened that cannot happen in this state."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"{event.name} cannot happen to an environment in {state.name}")
        self.state = state
        self.event = event


def moved(state: State, event: Event) -> State:
    """Where `event` leads from `state`. IllegalMove if it cannot happen there."""
    try:
        return MOVES[state][event]
    except KeyError:
        raise IllegalMove(state, event) from None
