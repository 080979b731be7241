"""How many batches are out at once, how long is waited after failures, and what a report says.

docs/contract/events.md#polling.
"""

from __future__ import annotations

from math import inf

import pytest
from mapping_rig import HandClock

from lambda_emu.event_sources.backoff import FIRST_S, LONGEST_S, Backoff
from lambda_emu.event_sources.report import BadReport, check_state, frozen, read_report
from lambda_emu.event_sources.scaling import HELD_S, MORE_PER_S, Scaling, of_queue


def grow(scaling: Scaling, until_s: float) -> int:
    """How many are out if more begin whenever they may and none ends."""
    running, now_s = 0, 0.0
    while now_s <= until_s:
        wait_s = scaling.wait_s(running, now_s)
        if wait_s == inf:
            break
        if wait_s <= 0:
            running += 1
        else:
            now_s += wait_s
    return running


@pytest.mark.parametrize(
    ("settings", "bounds"),
    [
        ({}, (5, 1250)),
        ({"ScalingConfig": {"MaximumConcurrency": 2}}, (5, 2)),
        ({"ScalingConfig": {"MaximumConcurrency": 1000}}, (5, 1000)),
        ({"ProvisionedPollerConfig": {"MinimumPollers": 2, "MaximumPollers": 200}}, (20, 2000)),
    ],
)
def test_a_queue_s_bounds_follow_from_its_mapping(settings: dict[str, dict[str, int]], bounds: tuple[int, int]) -> None:
    assert of_queue(settings) == bounds


@pytest.mark.parametrize(
    ("most", "until_s", "out"),
    [
        (1250, 0, 5),
        (1250, 60, 305),
        (1250, 120, 605),
        (1250, 10_000, 1250),
        (2, 0, 2),
        (2, 10_000, 2),
        (100, 10_000, 100),
    ],
)
def test_while_all_are_out_three_hundred_more_a_minute_may_be(most: int, until_s: float, out: int) -> None:
    assert grow(Scaling(5, most), until_s) == pytest.approx(out, abs=1)


def test_when_none_is_out_any_more_it_begins_anew() -> None:
    scaling = Scaling(5, 1250)
    grow(scaling, 60)

    assert scaling.wait_s(0, 61) == 0
    assert scaling.wait_s(5, 61) == 1 / MORE_PER_S


def test_after_a_throttle_no_more_are_out_than_then_for_a_minute_or_until_the_function_changes() -> None:
    scaling = Scaling(5, 1250)
    scaling.throttled(running=2, now_s=0)

    assert [scaling.wait_s(1, 1), scaling.wait_s(2, 1)] == [0, HELD_S - 1]
    assert scaling.wait_s(0, 2) == 0
    assert scaling.wait_s(2, HELD_S + 1) == 1 / MORE_PER_S

    scaling.throttled(running=0, now_s=100)
    assert scaling.wait_s(1, 101) == HELD_S - 1
    scaling.try_again()
    assert scaling.wait_s(1, 101) == 1 / MORE_PER_S


class RunningClock(HandClock):
    """Its durations are a test's too."""

    passed_s = 0.0

    def monotonic_s(self) -> float:
        return self.passed_s


def test_after_each_failure_in_a_row_it_is_waited_twice_as_long_to_a_limit() -> None:
    clock = RunningClock()
    backoff = Backoff(clock)
    waits = []
    for _ in range(9):
        backoff.failed()
        backoff.failed()  # of several batches that were out together: one failure
        waits.append(backoff.wait_s())
        clock.passed_s += backoff.wait_s()

    assert waits == [min(FIRST_S * 2**n, LONGEST_S) for n in range(9)]
    backoff.succeeded()
    assert backoff.wait_s() == 0


SENT = frozenset({"a", "b", frozen({"partition": "t-0", "offset": 1})})


@pytest.mark.parametrize(
    ("payload", "failed"),
    [
        (b"", ()),
        (b"null", ()),
        (b"{}", ()),
        (b"[]", ()),
        (b'{"batchItemFailures": null}', ()),
        (b'{"batchItemFailures": []}', ()),
        (b'{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "a", "why": 1}]}', ("a",)),
        (
            b'{"batchItemFailures": [{"itemIdentifier": {"offset": 1, "partition": "t-0"}}], "more": 1}',
            (frozen({"partition": "t-0", "offset": 1}),),
        ),
    ],
)
def test_a_report_names_records_of_the_batch(payload: bytes, failed: tuple[object, ...]) -> None:
    assert read_report(payload, SENT) == frozenset(failed)


@pytest.mark.parametrize(
    "payload",
    [
        b"{",
        b'"a"',
        b"12",
        b"[1]",
        b"[" * 100_000,
        b'{"batchItemFailure": []}',
        b'{"batchItemFailures": {}}',
        b'{"batchItemFailures": ["a"]}',
        b'{"batchItemFailures": [null]}',
        b'{"batchItemFailures": [{"itemIdentifier": ""}]}',
        b'{"batchItemFailures": [{"itemIdentifier": null}]}',
        b'{"batchItemFailures": [{"itemIdentifier": "c"}]}',
        b'{"batchItemFailures": [{"itemIdentifier": ["a"]}]}',
        b'{"batchItemFailures": [{"itemIdentifier": {"offset": [1]}}]}',
        b'{"batchItemFailures": [{"itemidentifier": "a"}]}',
        b'{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "c"}]}',
    ],
)
def test_what_is_no_report_fails_the_whole_batch(payload: bytes) -> None:
    with pytest.raises(BadReport):
        read_report(payload, SENT)


@pytest.mark.parametrize(
    "payload", [b"", b"null", b"{}", b"[]", b"no JSON", b'{"batchItemFailures": []}', b"[" * 100_000]
)
def test_an_answer_without_a_state_fails_its_batch(payload: bytes) -> None:
    with pytest.raises(BadReport):
        check_state(payload)


@pytest.mark.parametrize(
    "payload", [b'{"state": {}}', b'{"state": null}', b'{"state": {"n": 1}, "batchItemFailures": []}']
)
def test_an_answer_with_a_state_is_one(payload: bytes) -> None:
    check_state(payload)
