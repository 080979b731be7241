"""What a caller of Invoke sees, on every engine.

docs/contract/invoke.md#request, #responses, docs/contract/runtime.md#runtime-api, #context.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from lam import Lam
from own import EITHER_ENGINE

from lambda_emu.clock import SteppingClock

ECHO = """
def handler(event, context):
    return event
"""

CONTEXT = """
def handler(event, context):
    return {
        "id": context.aws_request_id, "name": context.function_name, "version": context.function_version,
        "arn": context.invoked_function_arn, "memory": context.memory_limit_in_mb,
        "group": context.log_group_name, "stream": context.log_stream_name,
        "left_ms": context.get_remaining_time_in_millis(),
        "custom": context.client_context.custom if context.client_context else None,
    }
"""

COUNTER = """
calls = 0
def handler(event, context):
    global calls
    calls += 1
    return calls
"""


def test_the_handlers_result_comes_back(lam: Lam) -> None:
    lam.create("echo", ECHO)

    answer = lam.invoke("echo", {"name": "Wörld", "list": [1, 2.5, None]})

    assert answer.payload == {"name": "Wörld", "list": [1, 2.5, None]}
    assert (answer.status, answer.error) == (200, None)
    assert answer.headers["x-amz-executed-version"] == "$LATEST"
    assert answer.headers["content-type"] == "application/json"


@EITHER_ENGINE
def test_an_empty_body_is_an_empty_object(lam: Lam) -> None:
    lam.create("echo", ECHO)

    assert lam.invoke("echo").payload == {}


def test_what_the_handler_printed_is_in_the_tail_between_start_and_report(lam: Lam) -> None:
    lam.create("printer", "def handler(event, context):\n    for n in range(5): print('line', n)\n")

    for _ in range(20):
        answer = lam.invoke("printer")

        lines = answer.tail.splitlines()
        assert lines[0] == f"START RequestId: {answer.request_id} Version: $LATEST"
        assert lines[1:6] == [f"line {n}" for n in range(5)]
        assert lines[6] == f"END RequestId: {answer.request_id}"
        assert answer.report["id"] == answer.request_id


@EITHER_ENGINE
def test_the_tail_is_the_last_4_kb(lam: Lam) -> None:
    lam.create("talker", "def handler(event, context):\n    print('x' * 100_000)\n    print('the end')\n")

    tail = lam.invoke("talker").tail

    assert len(tail) == 4096
    assert "\nthe end\nEND RequestId" in tail


def test_the_first_report_of_an_environment_shows_and_bills_its_init(lam: Lam) -> None:
    lam.create("echo", ECHO)

    first, second = lam.invoke("echo").report, lam.invoke("echo").report

    assert first["init"] is not None
    billed = float(str(first["duration"])) + float(str(first["init"]))
    assert abs(int(str(first["billed"])) - billed) <= 1.01
    assert second["init"] is None
    assert int(str(second["billed"])) >= 1


def test_an_environment_is_used_again(lam: Lam) -> None:
    lam.create("counter", COUNTER)

    assert [lam.invoke("counter").payload for _ in range(3)] == [1, 2, 3]
    assert len(lam.environments("counter")) == 1


def test_the_context_tells_the_function_who_it_is(lam: Lam, clock: SteppingClock) -> None:
    lam.create("context", CONTEXT, MemorySize=192, Timeout=7)
    custom = base64.b64encode(json.dumps({"custom": {"team": "blue"}}).encode()).decode()

    answer = lam.invoke("context", ClientContext=custom)

    context = answer.payload
    assert context["id"] == answer.request_id
    assert (context["name"], context["version"], context["memory"]) == ("context", "$LATEST", "192")
    assert context["group"] == "/aws/lambda/context"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", context["stream"])
    ahead_ms = (clock.now_s() - time.time()) * 1000  # what other tests moved the clock; the function's own stands still
    assert 0 < context["left_ms"] - ahead_ms <= 7001
    assert context["custom"] == {"team": "blue"}


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("{n}", ""), ("{n}:$LATEST", ":$LATEST"), ("function:{n}", ""), ("{arn}", ""), ("{arn}:$LATEST", ":$LATEST")],
)
@EITHER_ENGINE
def test_the_invoked_arn_mirrors_how_the_caller_named_it(lam: Lam, name: str, suffix: str) -> None:
    lam.create("context", CONTEXT)
    arn = "arn:aws:lambda:us-east-1:000000000000:function:context"

    answer = lam.invoke(name.format(n="context", arn=arn))

    assert answer.payload["arn"] == arn + suffix


@EITHER_ENGINE
def test_what_is_asked_in_one_invocation_holds_for_no_other(lam: Lam) -> None:
    lam.create("context", CONTEXT)
    custom = base64.b64encode(json.dumps({"custom": {"team": "blue"}}).encode()).decode()

    for _ in range(2):
        assert lam.invoke("context", ClientContext=custom).payload["custom"] == {"team": "blue"}
        assert lam.invoke("context").payload["custom"] is None
        assert lam.invoke("context", LogType="None").tail == ""
        assert lam.invoke("context", Qualifier="$LATEST").payload["arn"].endswith(":context:$LATEST")
        assert lam.invoke("context", InvocationType="DryRun").status == 204
        with pytest.raises(ClientError, match="tenant"):
            lam.invoke("context", TenantId="blue")
        assert lam.invoke("context").payload["arn"].endswith(":context")


@EITHER_ENGINE
def test_a_dry_run_checks_and_runs_nothing(lam: Lam) -> None:
    lam.create("counter", COUNTER)

    assert lam.invoke("counter", InvocationType="DryRun").status == 204
    assert lam.invoke("counter").payload == 1


@EITHER_ENGINE
def test_an_event_is_accepted_at_once_and_runs_later(
    lam: Lam, eventually: Callable[[Callable[[], Any], str], Any]
) -> None:
    lam.create("counter", COUNTER)

    answer = lam.invoke("counter", {"a": 1}, InvocationType="Event")

    assert (answer.status, answer.payload) == (202, None)
    assert "x-amz-executed-version" not in answer.headers
    eventually(lambda: [e for e in lam.environments("counter") if e.invocations == 1], "the event to run")


@pytest.mark.parametrize(
    ("name", "qualifier", "code", "text"),
    [
        ("nobody", None, "ResourceNotFoundException", "{arn}:nobody:$LATEST"),
        ("echo", "7", "ResourceNotFoundException", "{arn}:echo:7"),
        ("echo", "live", "ResourceNotFoundException", "{arn}:echo:live"),
    ],
)
@EITHER_ENGINE
def test_what_is_not_there_is_named_with_its_qualifier(
    lam: Lam, name: str, qualifier: str | None, code: str, text: str
) -> None:
    lam.create("echo", ECHO)

    with pytest.raises(ClientError) as refused:
        lam.invoke(name, **({"Qualifier": qualifier} if qualifier else {}))

    error = refused.value.response["Error"]
    assert error["Code"] == code
    arn = "arn:aws:lambda:us-east-1:000000000000:function"
    assert error["Message"] == f"Function not found: {text.format(arn=arn)}"


def test_a_handlers_exception_is_the_answer(lam: Lam) -> None:
    lam.create("raiser", "def handler(event, context):\n    raise ValueError('no')\n")

    answer = lam.invoke("raiser")

    assert (answer.status, answer.error) == (200, "Unhandled")
    assert list(answer.payload) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert answer.payload["errorMessage"] == "no"
    assert answer.payload["errorType"] == "ValueError"
    assert answer.payload["requestId"] == answer.request_id
    assert answer.payload["stackTrace"] == [
        "  File \"/var/task/app.py\", line 2, in handler\n    raise ValueError('no')\n"
    ]
    assert answer.report["status"] is None
