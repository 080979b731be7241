"""The life of an execution environment: every state is asked about every event."""

from __future__ import annotations

import pytest

from lambda_emu.environment.states import MOVES, Event, IllegalMove, State, moved

ALLOWED = {(state, event) for state, row in MOVES.items() for event in row}
FORBIDDEN = [(state, event) for state in State for event in Event if (state, event) not in ALLOWED]


def test_the_table_knows_every_state() -> None:
    assert set(MOVES) == set(State)


@pytest.mark.parametrize(("state", "event"), FORBIDDEN)
def test_what_the_table_does_not_name_cannot_happen(state: State, event: Event) -> None:
    with pytest.raises(IllegalMove) as refused:
        moved(state, event)

    assert state.name in str(refused.value)
    assert event.name in str(refused.value)


def test_an_environment_without_a_runtime_is_never_given_an_event() -> None:
    takers = {state for state, row in MOVES.items() if Event.ASSIGNED in row}

    assert takers == {State.IDLE, State.RESET}


def test_an_environment_answers_only_once() -> None:
    assert [state for state, row in MOVES.items() if Event.RESPONSE in row] == [State.BUSY]


@pytest.mark.parametrize("state", [state for state in State if state is not State.GONE])
def test_every_environment_can_be_stopped(state: State) -> None:
    assert moved(state, Event.STOP) is State.GONE


def test_nothing_happens_to_an_environment_that_is_gone() -> None:
    assert MOVES[State.GONE] == {}


def test_every_failure_leads_to_a_reset() -> None:
    assert {row[Event.FAILED] for row in MOVES.values() if Event.FAILED in row} == {State.RESET}
