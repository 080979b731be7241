"""How far an execution came, read of its history: what a redrive goes on with. No I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

BEGUN = ("MapStateStarted", "ParallelStateStarted")
"""Each attempt has one: what branches and items did in the one before counts for nothing."""
ENTERED, EXITED = "stateEnteredEventDetails", "stateExitedEventDetails"


class Mark(Struct, frozen=True):
    """What is kept beside an event of a state.

    place: which program the state is in: the numbers of branches and items that lead there; none: the machine itself.
    next: the state that follows one that is exited; None: none does.
    """

    place: tuple[int, ...]
    next: str | None = None


class Progress:
    """Of a machine, a branch or an item: the state to go on with, and what was known when it was entered."""

    def __init__(self) -> None:
        self.state: str | None = None
        self.input = "{}"
        """JSON. Of one that is over: its output."""
        self.variables: dict[str, str] = {}
        """JSON by name."""
        self.parts: dict[int, Progress] = {}
        """Branches or items of the state."""
        self.is_over = False
        self.entered = 0
        """The event by which the state was entered; 0: it was not."""
        self._is_begun = False

    def is_told(self, type: str) -> bool:
        """Whether an event is in the history already, as a state that is gone on with begins once more."""
        if type.endswith("StateEntered"):
            return self.entered > 0
        if type not in BEGUN:
            return False
        if self._is_begun:  # it is tried again
            self.parts.clear()
        self._is_begun = True
        return bool(self.parts)

    def take(self, event: Mapping[str, Any], following: str | None) -> None:
        """following: the next state, of an event by which one is exited."""
        self.parts = {}
        if ENTERED in event:
            self.state, self.input = event[ENTERED]["name"], event[ENTERED]["input"]
            self.entered = event["id"]
        if EXITED in event:
            self.state, self.input = following, event[EXITED]["output"]
            self.variables |= event[EXITED].get("assignedVariables", {})
            self.entered = 0
            self.is_over = following is None

    def at(self, place: Iterable[int]) -> Progress:
        found = self
        for step in place:
            found = found.parts.setdefault(step, Progress())
        return found


def mark_of(type: str, details: Mapping[str, Any], place: tuple[int, ...], following: str | None) -> Mark | None:
    """following: the state that the program is to enter next. None: the event says nothing of how far it is."""
    if EXITED in details:
        return Mark(place, following)
    return Mark(place) if ENTERED in details or type in BEGUN else None


def progress_of(marked: Iterable[tuple[Mapping[str, Any], Mark]]) -> Progress:
    """marked: the events of an execution that have marks, in their order."""
    found = Progress()
    for event, mark in marked:
        found.at(mark.place).take(event, mark.next)
    return found


def resume(progress: Progress, env: Any) -> None:
    """A program is where it was. env: of moto's, which is about to begin it."""
    env.states.reset(json.loads(progress.input))
    for name, text in progress.variables.items():
        env.variable_store.set(name, json.loads(text))
    env.variable_store.reset_tracing()
    if progress.is_over:
        env.set_ended()
    elif progress.state is not None:
        env.next_state_name = progress.state
