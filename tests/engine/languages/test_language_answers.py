"""What every runtime answers, and what code finds around it: the same in each language, with Docker and without.

docs/contract/runtime.md, docs/contract/invoke.md.
"""

from __future__ import annotations

import base64
import json
import re
from time import sleep

import pytest
from botocore.exceptions import ClientError

from lambda_emu.pool.endpoints import PREFIXED
from languages.rows import row
from languages.subject import MEMORY_MB, Subject, traced

WORD = 'é € 😀 \u0000 \\ "'
LARGEST = 6 * 1024 * 1024
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
PAUSE_S = 0.3
MEMBERS = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")
"""What the client context has of the client; some languages want all."""
VARYING = (
    "AWS_ACCESS_KEY_ID",
    "AWS_ENDPOINT_URL",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
"""Of every environment, but not the same in any two."""


@row("result")
def test_a_result_is_what_the_handler_returns(subject: Subject) -> None:
    for value in ("word", 7, 2.5, True, None, [], [1, [2]], {"a": {"b": ""}}, WORD):
        answer = subject.do("echo", value)

        assert (answer.error, answer.payload) == (None, value)


@row("context")
def test_the_context_tells_of_the_invocation(subject: Subject) -> None:
    client = {"client": dict.fromkeys(MEMBERS, "läden"), "custom": {"team": "bläu"}, "env": {"locale": "de"}}

    answer = subject.do("context", ClientContext=base64.b64encode(json.dumps(client).encode()).decode())

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
        "title": "läden",
    }
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0.*", trace)
    without = subject.do("context").payload
    assert (without.get("custom"), without.get("title")) == (None, None)


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
    for name in ("_X_AMZN_TRACE_ID", *PREFIXED, *subject.language.may_have):
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


@row("handler forms")
def test_a_handler_may_have_any_form(subject: Subject) -> None:
    assert subject.language.forms

    for form in subject.language.forms:
        answer = subject.lam.invoke(subject.create(form.handler), form.event)

        assert (answer.error, answer.payload) == (None, form.result), form.handler


@row("wrapper")
def test_a_wrapper_starts_the_runtime_in_the_environment_that_lambda_has(subject: Subject) -> None:
    wrapper = '#!/bin/sh\nexport OWN="wrapped $#"\nexec "$@"\n'
    layer = subject.publish("wrapper", {"wrapper": wrapper})
    variables = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}
    name = subject.create(subject.language.handler, Layers=[layer], Environment={"Variables": variables})

    found = subject.lam.invoke(name, {"do": "environment"}).payload

    starts = subject.runtime.family != "provided"  # what a function brings is started as it is
    assert found.get("OWN", "").startswith("wrapped ") == starts
    assert (found["LANG"], found["TZ"]) == ("en_US.UTF-8", ":UTC")  # where the function has none of its own


@row("no JSON")
def test_an_event_that_is_no_json_never_comes_to_the_handler(subject: Subject) -> None:
    with pytest.raises(ClientError) as refused:
        subject.lam.invoke(subject.name, b"{")

    assert refused.value.response["Error"]["Code"] == "InvalidRequestContentException"
