"""Which executions may be redriven, and what they go on with."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_emu.services.child.program.machines.answers import why_not_redriven
from lambda_emu.services.child.program.machines.language.progress import Mark, Progress, progress_of
from lambda_emu.services.child.program.machines.table import ABORTED, RUNNING, SUCCEEDED, Execution

DAY_S = 24 * 3600.0
Marked = tuple[dict[str, Any], Mark]


@pytest.mark.parametrize(
    ("status", "ended_s", "events", "now_s", "why_not"),
    [
        ("FAILED", 10.0, 24_998, 20.0, None),
        ("TIMED_OUT", 10.0, 5, 10.0 + 14 * DAY_S, None),
        (ABORTED, 10.0, 5, 20.0, None),
        (RUNNING, None, 5, 20.0, "Execution is RUNNING and cannot be redriven"),
        (SUCCEEDED, 10.0, 5, 20.0, "Execution is SUCCEEDED and cannot be redriven"),
        ("FAILED", 10.0, 24_999, 20.0, "Execution history event limit exceeded"),
        ("FAILED", 10.0, 5, 11.0 + 14 * DAY_S, "Execution redrivable period exceeded"),
        ("FAILED", 364 * DAY_S, 5, 366 * DAY_S, "Execution has exceeded the max execution time"),
    ],
)
def test_who_may_be_redriven(
    status: str, ended_s: float | None, events: int, now_s: float, why_not: str | None
) -> None:
    known = Execution("arn", "machine", "n", "role", "{}", "{}", begun_s=0.0, status=status, ended_s=ended_s)

    assert why_not_redriven(known, events, now_s) == why_not


def _entered(number: int, name: str, given: str, *place: int) -> Marked:
    return {"id": number, "stateEnteredEventDetails": {"name": name, "input": given}}, Mark(place)


def _exited(name: str, output: str, following: str | None, *place: int, **assigned: str) -> Marked:
    details = {"name": name, "output": output, "assignedVariables": assigned}
    return {"id": 9, "stateExitedEventDetails": details}, Mark(place, following)


BEGUN: Marked = ({"id": 9, "type": "ParallelStateStarted"}, Mark(()))


def test_it_goes_on_with_the_state_that_was_entered_last_and_what_was_assigned_before() -> None:
    events = [_entered(2, "A", "1"), _exited("A", "2", "B", x="1"), _entered(4, "B", "2")]

    found = progress_of(events)

    assert (found.state, found.input, found.variables, found.entered) == ("B", "2", {"x": "1"}, 4)


def test_a_state_that_is_left_is_not_done_again_though_the_next_was_not_entered() -> None:
    found = progress_of([_entered(2, "A", "1"), _exited("A", "2", "B")])

    assert (found.state, found.input, found.is_told("PassStateEntered")) == ("B", "2", False)


def test_branches_are_each_where_they_were() -> None:
    events = [_entered(2, "P", "1"), BEGUN, _entered(4, "X", "1", 0), _entered(5, "Y", "1", 1)]

    found = progress_of([*events, _exited("X", "7", None, 0)])

    assert found.state == "P"
    assert (found.parts[0].is_over, found.parts[0].input) == (True, "7")
    assert (found.parts[1].is_over, found.parts[1].state) == (False, "Y")


def test_another_attempt_forgets_the_branches_of_the_one_before() -> None:
    events = [_entered(2, "P", "1"), BEGUN, _entered(4, "X", "1", 0), _exited("X", "7", None, 0)]

    assert progress_of([*events, BEGUN]).parts == {}


def test_what_is_in_the_history_is_told_once() -> None:
    events = [_entered(2, "P", "1"), BEGUN, _entered(4, "X", "1", 0)]
    found: Progress = progress_of(events)

    told = [found.is_told(type) for type in ("ParallelStateEntered", "ParallelStateStarted", "TaskScheduled")]

    assert told == [True, True, False]
    assert not found.is_told("ParallelStateStarted"), "of another attempt"
    assert found.parts == {}
