"""How functions fail in every runtime: errors in the language's form, processes that end, code that cannot begin.

docs/contract/invoke.md#function-errors.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from lam import Answer
from waiting import Eventually

from languages.language import Failure, Thrown
from languages.rows import row
from languages.subject import MEMORY_MB, TIMEOUT_S, Subject

BROKEN = "broken from the start"
"""What code says that cannot be loaded, in each language."""


def assert_tells(answer: Answer, told: Failure | Thrown) -> None:
    """That it is this error."""
    assert (answer.error, answer.payload.get("errorType")) == ("Unhandled", told.type)
    assert told.says in answer.payload["errorMessage"]


@row("error")
def test_what_a_handler_throws_is_the_error_in_its_languages_form(subject: Subject) -> None:
    answer = subject.do("throw", "oops é")

    language = subject.language
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == language.error
    assert answer.payload["errorMessage"].strip("'") == "oops é"
    assert tuple(answer.payload) == language.members
    trace = [] if language.trace is None else answer.payload[language.trace]
    assert language.trace is None or "every" in trace[-1].lower() or "every" in trace[1].lower()


@pytest.mark.parametrize(
    "what",
    [
        pytest.param("throw_own", marks=row("own error")),
        pytest.param("throw_cause", marks=row("error with a cause")),
        pytest.param("throw_odd", marks=row("odd error")),
    ],
)
def test_errors_of_all_kinds_are_told(subject: Subject, what: str) -> None:
    thrown = subject.language.throws[what]
    before = subject.do("calls").payload

    answer = subject.do(what, "oops")

    assert_tells(answer, thrown)
    assert subject.do("calls").payload == (1 if thrown.ends else before + 2)


@row("environment kept")
def test_an_error_leaves_the_environment_as_it_is(subject: Subject) -> None:
    before = subject.do("calls").payload

    subject.do("throw", "oops")

    assert subject.do("calls").payload == before + 2


@pytest.mark.parametrize(
    ("what", "value", "how"),
    [
        pytest.param("exit", 3, "with error: exit status 3", marks=row("exit")),
        pytest.param("exit", 0, "without providing a reason", marks=row("exit 0")),
        pytest.param("kill", 9, "with error: signal: killed", marks=row("SIGKILL")),
        pytest.param("kill", 11, None, marks=row("SIGSEGV")),
    ],
)
def test_the_end_of_the_process_is_told_as_it_was(subject: Subject, what: str, value: object, how: str | None) -> None:
    how = how or f"with error: {subject.language.segmentation}"

    answer = subject.do(what, value)

    assert answer.error == "Unhandled"
    assert answer.payload == {
        "errorMessage": f"RequestId: {answer.request_id} Error: Runtime exited {how}",
        "errorType": "Runtime.ExitError",
    }
    assert (answer.report["status"], answer.report["error"]) == ("error", "Runtime.ExitError")
    assert subject.do("calls").payload == 1  # in a process of its own


@row("timeout")
def test_a_timeout_ends_the_process_and_keeps_tmp(subject: Subject, eventually: Eventually) -> None:
    subject.do("write", "/tmp/before")

    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(subject.do, "sleep", 60)
        eventually(lambda: [one for one in subject.lam.environments(subject.name) if one.state == "BUSY"], "it to run")
        subject.lam.clock.advance(TIMEOUT_S)
        answer = asked.result(timeout=TIMEOUT_S)

    text = f"RequestId: {answer.request_id} Error: Task timed out after {TIMEOUT_S}.00 seconds"
    assert (answer.error, answer.payload) == ("Unhandled", {"errorType": "Sandbox.Timedout", "errorMessage": text})
    assert answer.report["status"] == "timeout"
    assert (subject.do("calls").payload, subject.do("read", "/tmp/before").payload) == (1, "x")


@row("no memory left")
def test_more_memory_than_there_is_ends_it(subject: Subject) -> None:
    starved = subject.language.starved

    answer = subject.do("fill", MEMORY_MB + 200)

    assert_tells(answer, starved)
    calls = subject.do("calls").payload
    assert calls == 1 if starved.ends else calls > 1


@pytest.mark.parametrize(
    "what",
    [
        pytest.param("broken", marks=row("broken code")),
        pytest.param("no module", marks=row("no module")),
        pytest.param("no function", marks=row("no function")),
    ],
)
def test_what_cannot_begin_says_why_each_time(subject: Subject, what: str) -> None:
    failure = subject.language.failures[what]
    name = subject.create(failure.handler)

    for _ in range(2):
        assert_tells(subject.lam.invoke(name), failure)
    if what == "broken":
        assert BROKEN in "".join(subject.lam.own_events(name))


@pytest.mark.parametrize(
    ("ends", "how"),
    [
        pytest.param("3", "with error: exit status 3", marks=row("exit in init")),
        pytest.param("0", "without providing a reason", marks=row("exit 0 in init")),
        pytest.param("-9", "with error: signal: killed", marks=row("SIGKILL in init")),
    ],
)
def test_a_process_that_ends_while_it_begins_is_told_as_it_was(subject: Subject, ends: str, how: str) -> None:
    name = subject.create(subject.language.ends, Environment={"Variables": {"ENDS": ends}})

    answer = subject.lam.invoke(name)

    assert answer.payload == {
        "errorMessage": f"RequestId: {answer.request_id} Error: Runtime exited {how}",
        "errorType": "Runtime.ExitError",
    }
    assert (answer.report["status"], answer.report["error"]) == ("error", "Runtime.ExitError")
    reports = [event for event, _ in subject.lam.events(name) if event.startswith("INIT_REPORT ")]
    assert [re.sub(r"[\d.]+ ms", "", report).split("\t")[1:] for report in reports] == [
        [f"Phase: {phase}", "Status: error", "Error Type: Runtime.ExitError", "\n"] for phase in ("init", "invoke")
    ]
