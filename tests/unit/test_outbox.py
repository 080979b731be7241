"""What is to be delivered gets there, and a target that does not take it is nobody else's trouble."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace
from outbox_rig import ILL, WELL, Rig, Targets, rig, running
from waiting import eventually

from lambda_emu.destinations.delivery import as_json, delivery_of, object_key, put, timestamp
from lambda_emu.destinations.retries import MOST_AGE_S

__all__ = ["rig"]


def numbers(bodies: list[bytes]) -> list[int]:
    return sorted(int(body) for body in bodies)


def test_a_target_that_hangs_holds_up_no_other_and_has_few_at_once(rig: Rig) -> None:
    rig.targets.mood[ILL] = "hangs"

    rig.enqueue(ILL, *range(500))
    rig.enqueue(WELL, *range(500))

    eventually(lambda: len(rig.targets.got[WELL]) == 500, "those of the other")
    assert rig.targets.most_out[ILL] == rig.targets.most
    assert rig.targets.most_out[WELL] <= rig.targets.most
    assert numbers(rig.targets.got[WELL]) == list(range(500))
    eventually(lambda: rig.left(WELL) == 0, "them to be forgotten")
    assert rig.left(ILL) == 500


def test_a_target_that_refuses_is_tried_once_a_rest_until_it_takes_all(rig: Rig) -> None:
    rig.targets.mood[ILL] = "refuses"
    rig.enqueue(ILL, *range(1000))
    eventually(lambda: rig.targets.tries[ILL], "the first try")
    for rest_s in (1, 2, 4, 8, 16):
        tries = rig.targets.tries[ILL]
        rig.clock.advance(rest_s)
        eventually(partial(rig.tried_more, tries), f"the try after {rest_s} s")
    assert rig.targets.tries[ILL] <= rig.targets.most + 5

    rig.targets.mood.clear()
    rig.clock.advance(32)

    eventually(lambda: rig.left(ILL) == 0, "all to be delivered")
    assert numbers(rig.targets.got[ILL]) == list(range(1000))


def test_what_an_earlier_run_left_is_delivered_though_it_was_under_way(tmp_path: Path) -> None:
    targets = Targets()
    targets.mood[ILL] = "hangs"
    with running(tmp_path, targets) as rig:
        rig.enqueue(ILL, *range(10))
        eventually(lambda: targets.out[ILL] == targets.most, "some to be under way")

    with running(tmp_path, later := Targets()) as rig:
        eventually(lambda: rig.left(ILL) == 0, "all to be delivered")

    assert numbers(later.got[ILL]) == list(range(10))


def test_what_is_too_old_is_given_up_and_not_tried_any_more(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.targets.mood[ILL] = "refuses"
    rig.enqueue(ILL, *range(10))
    eventually(lambda: rig.targets.tries[ILL], "the first try")

    rig.clock.advance(MOST_AGE_S)

    eventually(lambda: rig.left(ILL) == 0, "them to be given up")
    assert rig.targets.tries[ILL] <= rig.targets.most + 1
    assert sum("is too old" in line for line in caplog.messages) == 10


def test_what_is_given_up_again_and_again_is_told_ever_more_seldom(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """A schedule for each minute whose function is not there has a line a minute of each day that is moved."""
    rig.targets.mood[ILL] = "refuses"

    for _ in range(120):
        rig.enqueue(ILL, 1)
        rig.clock.advance(MOST_AGE_S)
        eventually(lambda: rig.left(ILL) == 0, "it to be given up")

    told = [line for line in caplog.messages if "is not delivered" in line]
    assert len(told) == 11
    assert told[9].endswith("; that was the 10th, and the 100th will be told next")
    assert told[10].endswith("; that was the 100th, and the 1000th will be told next")


def test_deliveries_are_kept_with_what_else_a_step_writes_or_not_at_all(rig: Rig) -> None:
    def fails(connection: sqlite3.Connection) -> None:
        put(connection, rig.work(WELL, 1))
        raise ValueError

    def succeeds(connection: sqlite3.Connection) -> None:
        put(connection, kept)

    kept = rig.work(WELL, 2)
    done: Future[BaseException | None] = Future()
    rig.store.post(fails, lambda error, _: done.set_result(error))
    assert isinstance(done.result(10), ValueError)
    rig.store.post(succeeds, lambda *_: rig.loop.post(rig.outbox.wake, kept))

    eventually(lambda: rig.left(WELL) == 0 and rig.targets.got[WELL], "the second")
    assert rig.targets.got[WELL] == [b"2"]


def test_what_is_forgotten_meanwhile_is_not_delivered_and_what_comes_after_is(rig: Rig) -> None:
    rig.targets.mood[ILL] = "refuses"
    rig.enqueue(ILL, 1, 2, 3)
    eventually(lambda: rig.targets.tries[ILL], "the first try")
    rig.store.work.clear()
    rig.loop.ask(rig.outbox.forget, 10)
    rig.targets.mood.clear()

    rig.enqueue(ILL, 4)

    eventually(lambda: rig.targets.got[ILL], "the new one")
    assert rig.targets.got[ILL] == [b"4"]


def test_one_that_was_under_way_when_all_was_forgotten_ends_nothing_that_came_after(rig: Rig) -> None:
    rig.targets.mood[ILL] = "hangs"
    rig.enqueue(ILL, 1)
    eventually(lambda: rig.targets.out[ILL] == 1, "it to be under way")
    first, rig.targets.gate = rig.targets.gate, asyncio.Event()
    rig.store.work.clear()
    rig.loop.ask(rig.outbox.forget, 10)
    rig.enqueue(ILL, *range(2, 12))
    eventually(lambda: rig.targets.out[ILL] == 1 + rig.targets.most, "those that came after")

    rig.loop.ask(first.set, 10)
    eventually(lambda: rig.targets.got[ILL] == [b"1"], "the old one to be over")
    rig.loop.ask(rig.targets.gate.set, 10)

    eventually(lambda: rig.left(ILL) == 0, "all others to be delivered")
    assert numbers(rig.targets.got[ILL]) == list(range(1, 12))


@pytest.mark.parametrize(
    ("posted", "told"),
    [(b'{"a":1}', b'{"a":1}'), (b"", b"null"), (b"not json", b'"not json"'), (b"\xff", b'"\\ufffd"')],
)
def test_an_answer_goes_as_it_is_or_as_a_string(posted: bytes, told: bytes) -> None:
    assert as_json(posted) == told


def test_times_and_keys_are_written_as_aws_does() -> None:
    assert timestamp(1573755365.568) == "2019-11-14T18:16:05.568Z"
    assert object_key("async/f", 1573755365.568, "1d2c") == "aws/lambda/async/f/2019/11/14/2019-11-14T18.16.05-1d2c"


def test_one_begins_at_once_if_there_is_room_and_none_waits_that_was_there_before(rig: Rig) -> None:
    rig.targets.mood[ILL] = "hangs"

    admitted = [rig.loop.ask(lambda: rig.outbox.admit(WELL), 10) for _ in range(rig.targets.most + 1)]
    rig.enqueue(ILL, 1)

    assert [lane is not None for lane in admitted] == [True] * rig.targets.most + [False]
    eventually(lambda: rig.targets.out[ILL], "it to be under way")
    eventually(lambda: rig.loop.ask(lambda: rig.outbox.admit(ILL), 10), "one more to be let in")


def test_one_that_is_let_in_before_a_stop_and_kept_after_it_is_left_to_a_later_run(tmp_path: Path) -> None:
    targets = Targets()
    with running(tmp_path, targets) as rig:
        lane = rig.loop.ask(lambda: rig.outbox.admit(WELL), 10)
        assert lane is not None
        work = replace(rig.work(WELL, 7)[0], running=True)
        rig.loop.ask(rig.outbox.stop, 10)
        kept: Future[object] = Future()
        rig.store.post(partial(put, work=[work]), lambda *_: kept.set_result(None))
        kept.result(10)
        rig.loop.ask(lambda: lane.begin(delivery_of(work), b"7"), 10)
    assert targets.tries[WELL] == 0

    with running(tmp_path, targets) as rig:
        eventually(lambda: rig.left(WELL) == 0, "it to be delivered")

    assert targets.got[WELL] == [b"7"]
