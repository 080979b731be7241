"""How a chain of events is followed by its header alone. docs/contract/invoke.md#recursion."""

from __future__ import annotations

from collections import Counter

import pytest

from lambda_emu.arn import Scope, Target
from lambda_emu.clock import Clock
from lambda_emu.invoke.lineage import MOST_RUNS, runs_in_circles
from lambda_emu.invoke.request import trace_header

SCOPE = Scope("123456789012", "us-east-1")
A, B, C, D = (Target(SCOPE.function(name)) for name in "abcd")


def run(*circle: Target, begin: tuple[Target, ...] = (), most: int = 1000) -> int:
    """How many invocations of the function that is stopped a chain has, that goes round in a circle; 0: never."""
    header, counts = None, Counter[str]()
    for number in range(most):
        target = begin[number] if number < len(begin) else circle[(number - len(begin)) % len(circle)]
        header = trace_header(header, Clock(), target)
        if runs_in_circles(header, target):
            return counts[target.id.name]
        counts[target.id.name] += 1
    return 0


@pytest.mark.parametrize(
    ("circle", "begin", "runs"),
    [
        ((A,), (), MOST_RUNS),
        ((A, B), (), MOST_RUNS),
        ((A, B, C), (), MOST_RUNS + 1),  # it is counted from its second time on
        ((A, B, C, D), (), MOST_RUNS),
        ((A,), (B,), MOST_RUNS),
        ((A, B), (C,), MOST_RUNS),
        ((A, B), (C, D), MOST_RUNS),
    ],
)
def test_a_function_is_stopped_when_it_ran_about_sixteen_times(
    circle: tuple[Target, ...], begin: tuple[Target, ...], runs: int
) -> None:
    assert run(*circle, begin=begin) == runs


def test_a_circle_is_found_behind_a_chain_in_which_a_function_came_twice() -> None:
    assert 0 < run(B, C, begin=(A, A, D)) < 300


def test_versions_and_aliases_are_the_same_function() -> None:
    assert run(Target(A.id, "live"), Target(A.id, "$LATEST"), A) == MOST_RUNS


def test_a_chain_without_circles_goes_on() -> None:
    chain = [Target(SCOPE.function(f"f{number}")) for number in range(500)]

    header = trace_header(None, Clock(), A)
    for target in chain:
        header = trace_header(header, Clock(), target)
        assert not runs_in_circles(header, target)


@pytest.mark.parametrize(
    "given",
    ["Lineage=", "Lineage=1:2:3", "Lineage=1:xxxxxxxx:0", "Lineage=999999:00000000:0", "Lineage=-1:00000000:0"],
)
def test_a_lineage_that_is_none_counts_as_none(given: str) -> None:
    header = trace_header(f"Root=1-5;{given};Sampled=1", Clock(), A)

    assert "Root=1-5" in header
    assert header.endswith(f";Lineage=1:{A.mark}:0")
    assert not runs_in_circles(header, A)


def test_what_else_a_header_says_stays() -> None:
    given = "Lineage=3:00000000:0;Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

    assert trace_header(given, Clock(), A).startswith(
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage="
    )


def test_numbers_end_where_aws_ends_them() -> None:
    header = f"Root=1;Lineage=32767:{A.mark}:255"

    assert trace_header(header, Clock(), A) == header
