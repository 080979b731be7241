"""What every runtime does alike, and each as AWS's client of its language does it, with Docker and without.

docs/contract/runtime.md, docs/contract/invoke.md#function-errors. `make test` runs one runtime of each family,
`make test-runtimes` all that an image can be built for. docs/runtimes.md has its rows.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from time import sleep
from typing import Any

import pytest
from botocore.exceptions import ClientError
from languages import Case, Serve, cases
from languages.language import LEVELS
from languages.rows import known_difference, row
from languages.subject import MEMORY_MB, TIMEOUT_S, Subject, traced
from own import OwnLam
from packages import runtime_of_machine

from lambda_emu.runtimes import catalogue

WORD = 'é € 😀 \u0000 \\ "'
PREVIEW = "LAMBDA_WARNING: This is a preview runtime"
"""What AWS's client logs by itself in a runtime that is only planned."""
LARGEST = 6 * 1024 * 1024
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
PAUSE_S = 0.3
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|[+-]\d\d:\d\d)?"
Eventually = Callable[[Callable[[], Any], str], Any]
VARYING = (
    "AWS_ACCESS_KEY_ID",
    "AWS_ENDPOINT_URL",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
"""Of every environment, but not the same in any two."""


Emulators = Callable[[Serve, str], OwnLam]


@pytest.fixture(scope="module")
def emulators(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulators]:
    """One for each engine that is asked for, shared by all languages but those that need another machine."""
    with ExitStack() as stack:

        @cache
        def emulator(serve: Serve, engine: str) -> OwnLam:
            folder = tmp_path_factory.mktemp(f"languages-{engine}")
            return stack.enter_context(serve(pytestconfig, folder, engine))

        yield emulator


@pytest.fixture(scope="module", params=cases())
def subject(request: pytest.FixtureRequest, emulators: Emulators) -> Iterator[Subject]:
    case: Case = request.param
    language = case.language
    lam = emulators(language.serve, case.engine)
    runtime = catalogue().get(case.runtime or runtime_of_machine(language.family))
    assert runtime is not None
    made = Subject(lam, case, runtime, dict(language.files(request.config)), "")
    made.layer = made.publish("layer", language.layer(request.config))
    variables = {"OWN": "mine", "EMPTY": "", "WORD": "Grüße = 1", "LANG": "C.UTF-8", "TZ": "Europe/Berlin"}
    made.name = made.create(language.handler, Layers=[made.layer], Environment={"Variables": variables})
    yield made
    lam.close()


@pytest.fixture(autouse=True)
def expect_what_is_known_to_differ(request: pytest.FixtureRequest, subject: Subject) -> None:
    mark = request.node.get_closest_marker("row")
    assert mark is not None
    reason = known_difference(subject.runtime, mark.args[0], subject.case.engine)
    if reason is not None:
        request.node.add_marker(pytest.mark.xfail(reason=reason, strict=True))


@row("result")
def test_a_result_is_what_the_handler_returns(subject: Subject) -> None:
    for value in ("word", 7, 2.5, True, None, [], [1, [2]], {"a": {"b": ""}}, WORD):
        answer = subject.do("echo", value)

        assert (answer.error, answer.payload) == (None, value)


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

    assert (answer.error, answer.payload.get("errorType")) == ("Unhandled", thrown.type)
    assert thrown.says in answer.payload["errorMessage"]
    assert subject.do("calls").payload == (1 if thrown.ends else before + 2)


@row("environment kept")
def test_an_error_leaves_the_environment_as_it_is(subject: Subject) -> None:
    before = subject.do("calls").payload

    subject.do("throw", "oops")

    assert subject.do("calls").payload == before + 2


@row("context")
def test_the_context_tells_of_the_invocation(subject: Subject) -> None:
    custom = base64.b64encode(json.dumps({"custom": {"team": "bläu"}}).encode()).decode()

    answer = subject.do("context", ClientContext=custom)

    found = answer.payload
    stream, trace = found.pop("stream"), found.pop("trace")
    assert 0 < found.pop("left") <= subject.limit_ms
    assert found.pop("identity", None) is None  # nobody who calls here has one
    assert found == {
        "id": answer.request_id,
        "name": subject.name,
        "version": "$LATEST",
        "arn": f"arn:aws:lambda:us-east-1:000000000000:function:{subject.name}",
        "memory": subject.language.memory(MEMORY_MB),
        "group": f"/aws/lambda/{subject.name}",
        "custom": {"team": "bläu"},
    }
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0.*", trace)
    assert subject.do("context").payload.get("custom") is None


@row("trace header")
def test_the_trace_of_who_calls_is_handed_on(subject: Subject) -> None:
    with traced(subject.lam, TRACE):
        first = subject.do("context").payload["trace"]
    second = subject.do("context").payload["trace"]

    assert first.startswith("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=")
    assert "Sampled=1" in first
    assert second.partition(";")[0] != first.partition(";")[0]


@row("deadline")
def test_the_time_that_is_left_falls(subject: Subject) -> None:
    before, after = subject.do("left", 50).payload

    assert 0 < after <= before - 50 < before <= subject.limit_ms


@row("variables")
def test_the_environment_has_what_lambda_puts_there_and_nothing_else(subject: Subject) -> None:
    found = subject.do("environment").payload

    varying = {name: found.pop(name) for name in (*VARYING, *subject.runtime.old_names)}
    assert all(varying.values())
    assert all(varying[old] == varying[new] for old, new in subject.runtime.old_names.items())
    for name in ("_X_AMZN_TRACE_ID", "AWS_ENDPOINT_URL_SFN", *subject.language.may_have):
        found.pop(name, None)
    assert found == {
        **subject.runtime.environment,
        **subject.language.variables,
        "AWS_DEFAULT_REGION": "us-east-1",
        **({} if subject.runtime.execution_env is None else {"AWS_EXECUTION_ENV": subject.runtime.execution_env}),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY_MB),
        "AWS_LAMBDA_FUNCTION_NAME": subject.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{subject.name}",
        "AWS_REGION": "us-east-1",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1:2000",
        "EMPTY": "",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LANG": "C.UTF-8",
        "OWN": "mine",
        "TZ": "Europe/Berlin",
        "WORD": "Grüße = 1",
        "_AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1",
        "_AWS_XRAY_DAEMON_PORT": "2000",
        "_HANDLER": subject.language.handler,
    }


@row("layers")
def test_a_layer_is_found(subject: Subject) -> None:
    assert subject.do("layer").payload == "from a layer"


@row("files")
def test_only_tmp_can_be_written_and_it_is_kept(subject: Subject) -> None:
    assert subject.do("read", "/tmp/file").payload is None
    assert subject.do("write", "/tmp/file").payload is True
    assert subject.do("read", "/tmp/file").payload == "x"
    for path in ("/var/task/file", "/opt/file", "/var/runtime/file", "/file"):
        assert subject.do("write", path).payload is False


@row("log")
def test_what_is_printed_is_in_the_log_before_the_answer(subject: Subject) -> None:
    answer = subject.do("print", "zwölf €")

    assert answer.payload is None
    assert answer.lines[0] == "zwölf €"
    told = {"time": TIME, "id": answer.request_id, "any": ".*", "text": "zwölf € by the logger"}
    line = re.sub(r"\\{(\w+)\\}", lambda found: told[found[1]], re.escape(subject.language.line))
    assert re.fullmatch(line, answer.lines[1]), answer.lines


@row("largest")
def test_the_largest_event_and_the_largest_answer_pass(subject: Subject) -> None:
    head, tail = b'{"do": "echo", "value": "', b'"}'
    event = head + b"x" * (LARGEST - len(head) - len(tail)) + tail

    answer = subject.lam.invoke(subject.name, event)
    largest = subject.do("large", LARGEST + 98)
    with pytest.raises(ClientError) as refused:
        subject.lam.invoke(subject.name, event + b" ")

    assert len(answer.payload) == LARGEST - len(head) - len(tail)
    assert (largest.error, len(largest.payload)) == (None, LARGEST + 98)  # and its quotes
    assert refused.value.response["Error"]["Code"] == "RequestEntityTooLargeException"


@row("too large")
def test_an_answer_that_is_too_large_is_an_error_of_the_function(subject: Subject) -> None:
    answer = subject.do("large", LARGEST + 99)

    assert answer.error == "Unhandled"
    assert answer.payload == {
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    assert subject.do("echo", 1).payload == 1


@row("freeze")
def test_what_runs_in_the_background_stands_still_between_invocations(subject: Subject) -> None:
    assert subject.do("beat").payload is None

    sleep(PAUSE_S)

    assert subject.do("pause").payload > 1000 * PAUSE_S / 2


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

    assert (answer.error, answer.payload.get("errorType")) == ("Unhandled", starved.type)
    assert starved.says in answer.payload["errorMessage"]
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
        answer = subject.lam.invoke(name)

        assert answer.error == "Unhandled"
        assert answer.payload.get("errorType") == failure.type
        assert failure.says in answer.payload["errorMessage"]


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


@row("JSON log")
def test_in_json_the_log_has_objects_alone(subject: Subject) -> None:
    name = subject.create(subject.language.handler, LoggingConfig={"LogFormat": "JSON"})

    answer = subject.lam.invoke(name, {"do": "print", "value": "zwölf"})

    lines = answer.tail.splitlines()
    structured = [json.loads(line) for line in lines if line.startswith("{")]
    assert "zwölf" in lines  # as it was printed
    assert [line["type"] for line in structured if "type" in line][-1] == "platform.report"
    logged = [line for line in structured if "type" not in line]
    assert [line["message"].strip() for line in logged] == ["zwölf by the logger"]
    assert {"timestamp", "level"} <= logged[0].keys()
    found = subject.lam.invoke(name, {"do": "environment"}).payload
    assert (found["AWS_LAMBDA_LOG_FORMAT"], found.get("AWS_LAMBDA_LOG_LEVEL")) == ("JSON", "INFO")


@row("log levels")
def test_what_is_below_the_functions_level_is_not_logged(subject: Subject) -> None:
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "WARN"}
    name = subject.create(subject.language.handler, LoggingConfig=logging)

    for level in LEVELS:
        subject.lam.invoke(name, {"do": "log", "value": level})

    logged = [json.loads(event) for event, reported in subject.lam.events(name) if not reported]
    kept = list(zip(LEVELS, subject.language.levels, strict=True))[2:]
    found = [(line["message"].strip(), line["level"]) for line in logged]
    found = [line for line in found if not line[0].startswith(PREVIEW)]
    assert found == [(f"at {level}", name) for level, name in kept]


@row("handler forms")
def test_a_handler_may_have_any_form(subject: Subject) -> None:
    assert subject.language.forms

    for form in subject.language.forms:
        answer = subject.lam.invoke(subject.create(form.handler), form.event)

        assert (answer.error, answer.payload) == (None, form.result), form.handler


@row("wrapper")
def test_a_wrapper_starts_the_runtime(subject: Subject) -> None:
    wrapper = '#!/bin/sh\nexport OWN="wrapped $#"\nexec "$@"\n'
    layer = subject.publish("wrapper", {"wrapper": wrapper})
    variables = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}
    name = subject.create(subject.language.handler, Layers=[layer], Environment={"Variables": variables})

    answer = subject.lam.invoke(name, {"do": "environment"})

    starts = subject.runtime.family != "provided"  # what a function brings is started as it is
    assert answer.payload.get("OWN", "").startswith("wrapped ") == starts


@row("no JSON")
def test_an_event_that_is_no_json_never_comes_to_the_handler(subject: Subject) -> None:
    with pytest.raises(ClientError) as refused:
        subject.lam.invoke(subject.name, b"{")

    assert refused.value.response["Error"]["Code"] == "InvalidRequestContentException"
