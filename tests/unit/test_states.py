"""The lives of an execution environment and of an invocation in it: every state is asked about every event."""

from __future__ import annotations

import pytest

from lambda_emu.environment.states import (
    ENVIRONMENT,
    INVOCATION,
    Barrier,
    Event,
    IllegalMove,
    Phase,
    State,
    Step,
    next_state,
)

FORBIDDEN = [(state, event) for state in State for event in Event if event not in ENVIRONMENT[state]]
FORBIDDEN_STEPS = [(phase, step) for phase in Phase for step in Step if step not in INVOCATION[phase]]
LIVE = [state for state in State if state is not State.GONE]


def test_the_tables_know_every_state() -> None:
    assert set(ENVIRONMENT) == set(State)
    assert set(INVOCATION) == set(Phase)


@pytest.mark.parametrize(("state", "event"), FORBIDDEN)
def test_what_the_table_does_not_name_cannot_happen(state: State, event: Event) -> None:
    with pytest.raises(IllegalMove, match=f"{event.name} cannot happen to an environment in {state.name}"):
        next_state(ENVIRONMENT, state, event)


@pytest.mark.parametrize(("phase", "step"), FORBIDDEN_STEPS)
def test_nor_to_an_invocation(phase: Phase, step: Step) -> None:
    with pytest.raises(IllegalMove, match=f"{step.name} cannot happen to an invocation in {phase.name}"):
        next_state(INVOCATION, phase, step)


def test_an_environment_without_a_runtime_is_never_given_an_event() -> None:
    takers = {state for state, row in ENVIRONMENT.items() if Event.ASSIGNED in row}

    assert takers == {State.READY, State.RESET}


def test_an_invocation_is_answered_only_once() -> None:
    answered = {phase for phase, row in INVOCATION.items() if Step.WHOLE in row}
    reached = {phase for row in INVOCATION.values() for step, phase in row.items() if step is Step.WHOLE}

    assert answered == {Phase.DELIVERED, Phase.RESPONDING}
    assert reached == {Phase.RESPONDED}
    assert not answered & {phase for row in (INVOCATION[Phase.RESPONDED],) for phase in row.values()}


@pytest.mark.parametrize("state", LIVE)
def test_every_environment_can_be_stopped(state: State) -> None:
    stopped = state if state is State.SHUTTING_DOWN else next_state(ENVIRONMENT, state, Event.STOP)

    assert stopped is State.SHUTTING_DOWN
    assert next_state(ENVIRONMENT, stopped, Event.ENDED) is State.GONE


@pytest.mark.parametrize("state", LIVE)
def test_every_environment_can_end_by_itself(state: State) -> None:
    assert next_state(ENVIRONMENT, state, Event.ENDED) is State.GONE


def test_nothing_happens_to_an_environment_that_is_gone() -> None:
    assert ENVIRONMENT[State.GONE] == {}


def test_nothing_happens_to_an_invocation_that_is_in_the_log() -> None:
    assert INVOCATION[Phase.SETTLED] == {}


def test_every_failure_leads_to_a_reset() -> None:
    assert {row[Event.FAILED] for row in ENVIRONMENT.values() if Event.FAILED in row} == {State.RESET}


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.SETTLED])
def test_every_invocation_can_be_lost_with_its_environment(phase: Phase) -> None:
    assert next_state(INVOCATION, phase, Step.LOST) is Phase.FAILED


@pytest.mark.parametrize(
    ("waited_for", "done", "passed"),
    [
        ("a", "a", [True]),
        ("ab", "ab", [False, True]),
        ("ab", "ba", [False, True]),
        ("ab", "aab", [False, False, True]),  # one is done twice
        ("a", "xa", [False, True]),  # one that nobody waits for
        ("a", "aa", [True, False]),  # it is passed once
        ("", "a", [False]),
    ],
)
def test_a_barrier_is_passed_once_by_the_last_of_its_participants(
    waited_for: str, done: str, passed: list[bool]
) -> None:
    barrier = Barrier(waited_for)

    assert [barrier.done(participant) for participant in done] == passed
