"""Events that nobody waits for: how often they are tried, when, and that none is lost.

docs/contract/invoke.md#asynchronous-invocations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from lam import Lam
from own import EITHER_ENGINE
from waiting import Eventually

from lambda_emu.clock import SteppingClock
from lambda_emu.logs.reader import LogReader
from lambda_emu.store import QueuedEvent

pytestmark = EITHER_ENGINE

HANDLER = """
import time
def handler(event, context):
    print("event", event["n"])
    time.sleep(event.get("sleep", 0))
    if event.get("fail"): raise ValueError("no")
"""


class Backlog:
    """The queue of events and the log of one function, as they are on disk."""

    def __init__(self, lam: Lam) -> None:
        self._lam = lam
        self._store = lam.emulator.store
        self._reader = LogReader(lam.emulator.logs.path)
        self._before = self._read(0)[1]  # other tests' logs outlive their functions

    def send(self, event: Any, name: str = "worker") -> str:
        """Queue an event; returns its request id. The log is that of `worker`."""
        answer = self._lam.invoke(name, event, InvocationType="Event", LogType="None")
        assert answer.status == 202
        return answer.request_id

    def events(self) -> list[QueuedEvent]:
        """What is not settled, due or not. Events of other tests may outlive their functions by a minute."""
        return [event for event in self._store.queue.find_unsettled() if event.function.name == "worker"]

    def lines(self, word: str) -> list[str]:
        """The log's lines that begin with this word."""
        return [line for line in self._read(self._before)[0] if line.startswith(word)]

    def _read(self, after: int) -> tuple[list[str], int]:
        """All lines after a page, and the last page."""
        self._lam.wait_for_log("worker")
        found = self._reader.read(self._lam.emulator.scope.function("worker"), after)
        messages = [event.message.rstrip() for event in found.events]
        if found.complete:
            return messages, found.next
        rest, end = self._read(found.next)
        return messages + rest, end

    def tried(self, request_id: str) -> int:
        return sum(request_id in line for line in self.lines("START"))


@pytest.fixture
def backlog(lam: Lam) -> Iterator[Backlog]:
    yield Backlog(lam)
    for event in lam.emulator.store.queue.find_unsettled():
        lam.emulator.store.queue.finish(event.request_id, lambda _: None)


def attempt(backlog: Backlog, number: int) -> Callable[[], list[QueuedEvent]]:
    """The one event, once it has failed so many times."""
    return lambda: [event for event in backlog.events() if event.attempts == number]


def test_an_event_that_fails_is_tried_again_after_one_and_after_two_minutes(
    lam: Lam, backlog: Backlog, clock: SteppingClock, eventually: Eventually
) -> None:
    lam.create("worker", HANDLER)

    request_id = backlog.send({"n": 1, "fail": True})
    for number, wait_s in ((1, 60), (2, 120)):
        (event,) = eventually(attempt(backlog, number), f"attempt {number} to fail")
        assert wait_s - 20 < event.due_s - clock.now_s() <= wait_s
        assert backlog.tried(request_id) == number
        clock.advance(wait_s)

    eventually(lambda: not backlog.events(), "it to be given up")
    assert backlog.tried(request_id) == 3
    assert len(backlog.lines("event 1")) == 3


def test_each_qualifier_says_how_often_its_events_are_tried_again(
    lam: Lam, backlog: Backlog, clock: SteppingClock, eventually: Eventually
) -> None:
    lam.create("worker", HANDLER)
    lam.client.create_alias(FunctionName="worker", Name="live", FunctionVersion="$LATEST")
    lam.client.put_function_event_invoke_config(FunctionName="worker", MaximumRetryAttempts=0)
    lam.client.put_function_event_invoke_config(FunctionName="worker:live", MaximumRetryAttempts=1)

    own, alias = backlog.send({"n": 1, "fail": True}), backlog.send({"n": 2, "fail": True}, name="worker:live")
    eventually(lambda: len(backlog.events()) == 1 and attempt(backlog, 1)(), "the first to be given up")
    clock.advance(60)

    eventually(lambda: not backlog.events(), "the second to be given up")
    assert (backlog.tried(own), backlog.tried(alias)) == (1, 2)


def test_what_is_set_while_an_event_waits_holds_for_its_next_attempt(
    lam: Lam, backlog: Backlog, clock: SteppingClock, eventually: Eventually
) -> None:
    lam.create("worker", HANDLER)
    request_id = backlog.send({"n": 1, "fail": True})
    eventually(attempt(backlog, 1), "it to fail")

    lam.client.put_function_event_invoke_config(FunctionName="worker", MaximumRetryAttempts=1)
    clock.advance(60)

    eventually(lambda: not backlog.events(), "it to be given up")
    assert backlog.tried(request_id) == 2


def test_an_event_is_kept_until_it_is_too_old_and_then_given_up(
    lam: Lam, backlog: Backlog, clock: SteppingClock, eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    lam.create("worker", HANDLER)
    lam.client.put_function_event_invoke_config(FunctionName="worker", MaximumEventAgeInSeconds=90)
    request_id = backlog.send({"n": 1, "fail": True})
    eventually(attempt(backlog, 1), "it to fail")

    clock.advance(60)
    (event,) = eventually(attempt(backlog, 2), "it to fail again")
    assert event.due_s == event.accepted_s + 90
    clock.advance(30)

    eventually(lambda: not backlog.events(), "it to be given up")
    assert backlog.tried(request_id) == 2
    assert f"event {request_id} for " in caplog.text
    assert "is given up: EventAgeExceeded" in caplog.text


def test_an_event_that_succeeds_is_done_with(lam: Lam, backlog: Backlog, eventually: Eventually) -> None:
    lam.create("worker", HANDLER)

    request_id = backlog.send({"n": 1})

    eventually(lambda: not backlog.events(), "it to be settled")
    assert backlog.tried(request_id) == 1


def test_a_timeout_counts_as_an_attempt(
    lam: Lam, backlog: Backlog, clock: SteppingClock, eventually: Eventually
) -> None:
    lam.create("worker", HANDLER, Timeout=60)
    backlog.send({"n": 1, "sleep": 600})
    eventually(lambda: backlog.lines("event 1"), "it to run")

    clock.advance(60)

    eventually(attempt(backlog, 1), "the timeout")


def test_an_event_that_is_throttled_waits_and_uses_up_no_attempt(
    lam: Lam, backlog: Backlog, clock: SteppingClock, eventually: Eventually
) -> None:
    lam.create("worker", HANDLER, Timeout=60)
    lam.client.put_function_concurrency(FunctionName="worker", ReservedConcurrentExecutions=1)
    with ThreadPoolExecutor() as threads:
        held = threads.submit(lam.invoke, "worker", {"n": 0, "sleep": 600})
        eventually(lambda: backlog.lines("event 0"), "the function to be busy")

        request_id = backlog.send({"n": 1})
        accepted_s = clock.now_s()
        (event,) = eventually(lambda: [e for e in backlog.events() if e.due_s > accepted_s + 0.5], "it to be put off")
        assert event.attempts == 0
        clock.advance(60)
        assert held.result().payload["errorType"] == "Sandbox.Timedout"
    clock.advance(10)

    eventually(lambda: not backlog.events(), "it to run")
    assert backlog.tried(request_id) == 1


def test_with_nothing_reserved_an_event_is_given_up_at_once(lam: Lam, backlog: Backlog, eventually: Eventually) -> None:
    lam.create("worker", HANDLER)
    lam.client.put_function_concurrency(FunctionName="worker", ReservedConcurrentExecutions=0)

    request_id = backlog.send({"n": 1})

    eventually(lambda: not backlog.events(), "it to be given up")
    assert backlog.tried(request_id) == 0


def test_an_event_of_a_deleted_function_is_given_up(
    lam: Lam, backlog: Backlog, clock: SteppingClock, eventually: Eventually
) -> None:
    lam.create("worker", HANDLER)
    backlog.send({"n": 1, "fail": True})
    eventually(attempt(backlog, 1), "it to fail")

    lam.client.delete_function(FunctionName="worker")
    clock.advance(60)

    eventually(lambda: not backlog.events(), "it to be given up")


def test_what_was_queued_runs_on_the_code_of_its_time(
    lam: Lam, backlog: Backlog, clock: SteppingClock, eventually: Eventually
) -> None:
    lam.create("worker", HANDLER)
    backlog.send({"n": 1, "fail": True})
    eventually(attempt(backlog, 1), "it to fail")

    lam.update("worker", "def handler(event, context): print('new code', event['n'])")
    clock.advance(60)

    eventually(lambda: not backlog.events(), "it to succeed")
    assert backlog.lines("new code") == ["new code 1"]


def test_an_event_for_nobody_is_refused(backlog: Backlog) -> None:
    with pytest.raises(ClientError) as refused:
        backlog.send({}, name="nobody")

    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert backlog.events() == []


@pytest.mark.parametrize("reserved", [None, 2])
def test_three_hundred_events_all_run(lam: Lam, backlog: Backlog, eventually: Eventually, reserved: int | None) -> None:
    lam.create("worker", HANDLER)
    if reserved is not None:
        lam.client.put_function_concurrency(FunctionName="worker", ReservedConcurrentExecutions=reserved)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: backlog.send({"n": n}), range(300)))

    eventually(lambda: not backlog.events(), "all to be settled")
    lines = eventually(lambda: len(found := backlog.lines("event")) >= 300 and found, "the last one's line")
    assert sorted(lines) == sorted(f"event {n}" for n in range(300))
