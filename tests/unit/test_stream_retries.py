"""What becomes of a batch of a stream that did not succeed, and what windows carry along. docs/contract/events.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from lambda_emu.errors.request import RequestTooLarge
from lambda_emu.errors.service import ServiceFailure
from lambda_emu.event_sources.poller import BatchVerdict, Record, Result
from lambda_emu.event_sources.streams.positions import Checkpoint
from lambda_emu.event_sources.streams.reading import AFTER, ENDED, ITERATOR, TRIM_HORIZON, Position, StreamPlace
from lambda_emu.event_sources.streams.retries import Batch, Decision, count_old, decide
from lambda_emu.event_sources.streams.shard import divided
from lambda_emu.event_sources.streams.windows import MOST_STATE_BYTES, Window

NOTHING: Mapping[str, Any] = {}
BISECT = {"BisectBatchOnFunctionError": True}
NEVER = {"MaximumRetryAttempts": 0}


def records(*numbers: int) -> list[Record]:
    return [Record(str(number), b"{}", StreamPlace(number, b"", float(number))) for number in numbers]


def result(verdict: BatchVerdict, *failed: int, error: Any = None) -> Result:
    return Result(verdict, "id", frozenset(map(str, failed)), error=error)


ALL, FAILED = records(1, 2, 3, 4), result(BatchVerdict.FAILED)


@pytest.mark.parametrize(
    ("before", "came", "settings", "after"),
    [
        (0, result(BatchVerdict.OK), NOTHING, Decision(done=ALL)),
        (0, FAILED, NOTHING, Decision(again=[Batch(ALL, 1)])),
        (7, FAILED, NOTHING, Decision(again=[Batch(ALL, 8)])),  # for ever
        (0, FAILED, NEVER, Decision(given_up=ALL, invocations=1)),
        (1, FAILED, {"MaximumRetryAttempts": 2}, Decision(again=[Batch(ALL, 2)])),
        (2, FAILED, {"MaximumRetryAttempts": 2}, Decision(given_up=ALL, invocations=3)),
        (0, FAILED, BISECT | NEVER, Decision(again=[Batch(ALL[:2], 0), Batch(ALL[2:], 0)])),
        (1, result(BatchVerdict.PARTIAL, 4, 3), NOTHING, Decision(done=ALL[:2], again=[Batch(ALL[2:], 1)])),
        (1, result(BatchVerdict.PARTIAL, 1), NOTHING, Decision(again=[Batch(ALL, 2)])),
        (0, result(BatchVerdict.PARTIAL, 3), BISECT | NEVER, Decision(done=ALL[:2], given_up=ALL[2:], invocations=1)),
        (3, result(BatchVerdict.REFUSED, error=ServiceFailure("no")), NEVER, Decision(again=[Batch(ALL, 3)])),
        (
            0,
            result(BatchVerdict.REFUSED, error=RequestTooLarge(1, "Any")),
            NEVER,
            Decision(given_up=ALL, invocations=1),
        ),
    ],
)
def test_what_did_not_succeed_comes_again_or_is_given_up(
    before: int, came: Result, settings: Mapping[str, Any], after: Decision
) -> None:
    assert decide(Batch(ALL, before), came, settings) == after


def test_one_record_is_not_split() -> None:
    one = records(1)
    assert decide(Batch(one), FAILED, BISECT) == Decision(again=[Batch(one, 1)])


@pytest.mark.parametrize(("most_s", "count"), [(-1, 0), (100, 0), (98, 2), (60, 4)])
def test_records_are_too_old_from_the_oldest_on(most_s: int, count: int) -> None:
    assert count_old(ALL, 101.0, {"MaximumRecordAgeInSeconds": most_s}) == count


def kept(lane: int, lanes: int, kind: str, text: str = "") -> Checkpoint:
    return Checkpoint("shard", lane, lanes, Position(kind, text))


@pytest.mark.parametrize(
    ("before", "lanes", "positions"),
    [
        ([kept(0, 1, ITERATOR, "x")], 1, [Position(ITERATOR, "x")]),
        ([kept(1, 2, AFTER, "9"), kept(0, 2, AFTER, "10")], 2, [Position(AFTER, "10"), Position(AFTER, "9")]),
        ([kept(0, 2, AFTER, "10"), kept(1, 2, AFTER, "9")], 1, [Position(AFTER, "9")]),  # as numbers, not as texts
        ([kept(0, 1, AFTER, "9")], 3, [Position(AFTER, "9")] * 3),
        ([kept(0, 2, AFTER, "9"), kept(1, 2, TRIM_HORIZON)], 1, [Position(TRIM_HORIZON)]),
        ([kept(0, 3, ENDED), kept(1, 3, AFTER, "9"), kept(2, 3, AFTER, "8")], 1, [Position(AFTER, "8")]),
        ([kept(0, 2, ENDED), kept(1, 2, ENDED)], 1, [Position(ENDED)]),
    ],
)
def test_other_lanes_begin_where_the_last_of_the_former_ones_was(
    before: Sequence[Checkpoint], lanes: int, positions: Sequence[Position]
) -> None:
    assert [one.position for one in divided("shard", before, lanes)] == positions


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (b'{"state": {"sum": 3}}', {"sum": 3}),
        (b'{"state": {"sum": 3}, "batchItemFailures": []}', {"sum": 3}),
        (b"null", {}),
        (b"", {}),
        (b'{"state": 3}', {}),
        (b"no JSON", {}),
        (b"[" * 100_000, {}),
    ],
)
def test_the_state_of_a_window_is_what_the_function_returned_last(answer: bytes, state: Any) -> None:
    after = Window.of(1_700_000_130.5, 60).after(answer)
    assert json.loads(after.state) == state
    assert Window.read(after.kept()) == after


def test_a_window_lies_at_a_multiple_of_its_size() -> None:
    window = Window.of(1_700_000_130.5, 60)
    members = json.loads("{" + window.members("shard-1", "arn", is_last=False) + "}")
    assert members == {
        "window": {"start": "2023-11-14T22:15:00Z", "end": "2023-11-14T22:16:00Z"},
        "state": {},
        "shardId": "shard-1",
        "eventSourceARN": "arn",
        "isFinalInvokeForWindow": False,
        "isWindowTerminatedEarly": False,
    }
    assert window.holds(1_700_000_159.9)
    assert not window.holds(1_700_000_160.0)


def test_a_window_whose_state_is_too_large_ends_early_with_the_one_before() -> None:
    window = Window.of(0, 60).after(b'{"state": {"sum": 3}}')

    full = window.after(json.dumps({"state": {"sum": "x" * MOST_STATE_BYTES}}).encode())

    members = json.loads("{" + full.members("shard", "arn", is_last=True) + "}")
    assert (members["state"], members["isWindowTerminatedEarly"]) == ({"sum": 3}, True)
