"""Which environment serves an invocation, how many there are, and when they end. docs/contract/invoke.md#throttling."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest
from botocore.exceptions import ClientError
from lam import Answer, Lam, Submit
from own import EITHER_ENGINE
from waiting import Eventually

from lambda_emu.clock import SteppingClock

WORKER = """
import os, threading, time
calls = 0
def handler(event, context):
    global calls
    calls += 1
    time.sleep(event.get("sleep", 0))
    if "exit" in event: os._exit(event["exit"])
    if "exit_after_ms" in event: threading.Timer(event["exit_after_ms"] / 1000, os._exit, [1]).start()
    return {"calls": calls, "stream": context.log_stream_name, "value": os.environ.get("VALUE")}
"""
NEW_CODE = WORKER.replace('os.environ.get("VALUE")', '"new"')


def busy(lam: Lam, name: str) -> int:
    return sum(info.state == "BUSY" for info in lam.environments(name))


def hold(lam: Lam, submit: Submit, eventually: Eventually, name: str, count: int) -> list[Future[Answer]]:
    """Occupy so many environments for a minute; returns when all of them are busy."""
    held = [submit(name, {"sleep": 60}) for _ in range(count)]
    eventually(lambda: busy(lam, name) == count, f"{count} busy environments")
    return held


def refusal(lam: Lam, name: str) -> dict[str, Any]:
    """The error that Invoke is answered with."""
    with pytest.raises(ClientError) as refused:
        lam.invoke(name, {})
    return {**refused.value.response["Error"], "Reason": refused.value.response.get("Reason")}


def test_invocations_at_once_have_an_environment_each(
    lam: Lam, submit: Submit, clock: SteppingClock, eventually: Eventually
) -> None:
    lam.create("worker", WORKER, Timeout=60)

    held = hold(lam, submit, eventually, "worker", 6)

    assert len(lam.environments("worker")) == 6
    clock.advance(60)
    assert {answer.result().payload["errorType"] for answer in held} == {"Sandbox.Timedout"}


def test_one_after_the_other_they_use_the_warmest(
    lam: Lam, submit: Submit, clock: SteppingClock, eventually: Eventually
) -> None:
    lam.create("worker", WORKER, Timeout=60)
    hold(lam, submit, eventually, "worker", 2)
    clock.advance(60)  # from here on two environments are there
    short, long = submit("worker", {"sleep": 0.2}), submit("worker", {"sleep": 1})
    warmest = long.result().payload["stream"]
    assert short.result().payload["stream"] != warmest

    answers = [lam.invoke("worker", {}).payload for _ in range(5)]

    assert [answer["calls"] for answer in answers] == [2, 3, 4, 5, 6]
    assert {answer["stream"] for answer in answers} == {warmest}


@EITHER_ENGINE
def test_one_that_waits_takes_the_first_environment_that_is_free(
    lam: Lam, submit: Submit, eventually: Eventually
) -> None:
    """The second one has an environment of its own coming, but that takes longer."""
    lam.create("slow", "import time; time.sleep(2)\n" + WORKER)
    first = submit("slow", {"sleep": 0.5})
    eventually(lambda: busy(lam, "slow") == 1, "the first invocation to run")

    second = submit("slow", {})

    assert second.result().payload == {**first.result().payload, "calls": 2}
    eventually(lambda: [e.state for e in lam.environments("slow")] == ["IDLE", "IDLE"], "the one that came late")


@EITHER_ENGINE
def test_beyond_its_reserved_concurrency_a_function_is_throttled(
    lam: Lam, submit: Submit, clock: SteppingClock, eventually: Eventually
) -> None:
    lam.create("worker", WORKER, Timeout=60)
    lam.client.put_function_concurrency(FunctionName="worker", ReservedConcurrentExecutions=2)
    held = hold(lam, submit, eventually, "worker", 2)

    error = refusal(lam, "worker")

    assert error["Code"] == "TooManyRequestsException"
    assert error["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert error["Message"] == "Rate Exceeded."
    clock.advance(60)
    assert {answer.result().payload["errorType"] for answer in held} == {"Sandbox.Timedout"}
    assert lam.invoke("worker", {}).error is None


@EITHER_ENGINE
def test_a_function_with_nothing_reserved_never_runs(lam: Lam) -> None:
    lam.create("worker", WORKER)
    lam.client.put_function_concurrency(FunctionName="worker", ReservedConcurrentExecutions=0)

    assert refusal(lam, "worker")["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"

    lam.client.delete_function_concurrency(FunctionName="worker")
    assert lam.invoke("worker", {}).payload["calls"] == 1


@pytest.mark.parametrize("what", ["code", "configuration"])
@EITHER_ENGINE
def test_an_update_lets_what_runs_finish_and_serves_the_next_with_what_is_new(
    lam: Lam, submit: Submit, clock: SteppingClock, eventually: Eventually, what: str
) -> None:
    lam.create("worker", WORKER, Timeout=60)
    hold(lam, submit, eventually, "worker", 3)
    clock.advance(60)  # from here on three environments are there
    running = [submit("worker", {"sleep": 2}) for _ in range(2)]
    eventually(lambda: busy(lam, "worker") == 2, "two to run, beside an idle one")

    if what == "code":
        lam.update("worker", NEW_CODE)
    else:
        lam.update("worker", Environment={"Variables": {"VALUE": "new"}})
    after = lam.invoke("worker", {}).payload

    assert (after["value"], after["calls"]) == ("new", 1)
    assert {answer.result().payload["value"] for answer in running} == {None}
    eventually(lambda: len(lam.environments("worker")) == 1, "the old environments to end")


@EITHER_ENGINE
def test_invocations_that_wait_during_an_update_are_answered(lam: Lam, submit: Submit) -> None:
    lam.create("worker", WORKER)
    waiting = [submit("worker", {}) for _ in range(8)]

    lam.update("worker", NEW_CODE)

    assert {answer.result().error for answer in waiting} == {None}


def test_a_function_that_is_deleted_finishes_what_runs(lam: Lam, submit: Submit, eventually: Eventually) -> None:
    lam.create("worker", WORKER)
    running = submit("worker", {"sleep": 1})
    eventually(lambda: busy(lam, "worker") == 1, "it to run")

    lam.client.delete_function(FunctionName="worker")

    assert refusal(lam, "worker")["Code"] == "ResourceNotFoundException"
    assert running.result().payload["calls"] == 1
    eventually(lambda: not lam.environments("worker"), "its environment to end")


@EITHER_ENGINE
def test_a_function_of_the_same_name_is_another_one(lam: Lam) -> None:
    lam.create("worker", WORKER)
    lam.invoke("worker", {})
    lam.client.delete_function(FunctionName="worker")

    lam.create("worker", WORKER)

    assert lam.invoke("worker", {}).payload["calls"] == 1


def test_idle_environments_and_stems_end_after_a_while(lam: Lam, clock: SteppingClock, eventually: Eventually) -> None:
    lam.create("worker", WORKER)
    first = lam.invoke("worker", {}).payload["stream"]
    clock.advance(500)
    assert lam.invoke("worker", {}).payload == {"calls": 2, "stream": first, "value": None}

    clock.advance(500)
    assert len(lam.environments("worker")) == 1
    clock.advance(131)

    eventually(lambda: not lam.environments("worker"), "the idle environment to end")
    eventually(lambda: not lam.environments(""), "the stems to end")
    assert lam.invoke("worker", {}).payload["calls"] == 1


@EITHER_ENGINE
def test_fifty_crashes_harm_no_other_invocation(lam: Lam) -> None:
    lam.create("worker", WORKER)

    for _ in range(10):
        for _ in range(5):
            assert lam.invoke("worker", {"exit": 1}).payload["errorType"] == "Runtime.ExitError"
        assert lam.invoke("worker", {}).payload["calls"] == 1

    assert len(lam.environments("worker")) == 1


@EITHER_ENGINE
def test_a_runtime_that_ends_after_its_answer_is_never_handed_out(lam: Lam) -> None:
    """Whether it ends before it asks for the next event, while it is idle or with the next event in hand."""
    lam.create("worker", WORKER)

    for number in range(50):
        answer = lam.invoke("worker", {"exit_after_ms": number % 10})
        assert answer.error is None or answer.payload["errorType"] == "Runtime.ExitError"

    assert lam.invoke("worker", {"exit_after_ms": 10_000}).status == 200
