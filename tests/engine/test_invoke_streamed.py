"""InvokeWithResponseStream and the deprecated InvokeAsync, through boto3, on every engine.

docs/contract/invoke.md#responses.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from lam import Lam
from own import EITHER_ENGINE
from waiting import Eventually

WORKER = """
def handler(event, context):
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        import os; os._exit(1)
    return "x" * event["size"] if "size" in event else event
"""


def stream(lam: Lam, name: str, event: Any, **params: Any) -> tuple[bytes, dict[str, str]]:
    """The payload put together, and what the stream ended with."""
    answer = lam.client.invoke_with_response_stream(FunctionName=name, Payload=json.dumps(event), **params)
    assert answer["StatusCode"] == 200
    assert answer["ExecutedVersion"] == "$LATEST"
    *chunks, last = answer["EventStream"]
    return b"".join(chunk["PayloadChunk"]["Payload"] for chunk in chunks), dict(last["InvokeComplete"])


def test_a_result_arrives_in_chunks_and_is_declared_complete(lam: Lam) -> None:
    lam.create("worker", WORKER)

    assert stream(lam, "worker", {"a": "ü"}) == (json.dumps({"a": "ü"}).encode(), {})
    payload, complete = stream(lam, "worker", {"size": 1_000_000})

    assert payload == b'"' + b"x" * 1_000_000 + b'"'
    assert complete == {}


@EITHER_ENGINE
def test_the_log_comes_with_the_end_if_it_is_asked_for(lam: Lam) -> None:
    lam.create("worker", WORKER)

    _, complete = stream(lam, "worker", {}, LogType="Tail")

    tail = base64.b64decode(complete["LogResult"]).decode()
    assert tail.startswith("START RequestId: ")
    assert "\nREPORT RequestId: " in tail


@pytest.mark.parametrize(("event", "code"), [({"raise": "no"}, "ValueError"), ({"exit": 1}, "Runtime.ExitError")])
@EITHER_ENGINE
def test_a_failure_ends_the_stream(lam: Lam, event: dict[str, Any], code: str) -> None:
    lam.create("worker", WORKER)

    payload, complete = stream(lam, "worker", event)

    assert (payload, complete["ErrorCode"]) == (b"", code)
    assert json.loads(complete["ErrorDetails"])["errorType"] == code


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"FunctionName": "nobody"}, "ResourceNotFoundException"),
        ({"Payload": b"no JSON"}, "InvalidRequestContentException"),
        ({"TenantId": "blue"}, "InvalidParameterValueException"),
        ({"ClientContext": "no base64"}, "InvalidRequestContentException"),
    ],
)
@EITHER_ENGINE
def test_what_is_wrong_before_the_function_runs_is_a_plain_error(lam: Lam, params: dict[str, Any], code: str) -> None:
    lam.create("worker", WORKER)

    with pytest.raises(ClientError) as refused:
        lam.client.invoke_with_response_stream(**{"FunctionName": "worker"} | params)

    assert refused.value.response["Error"]["Code"] == code


@EITHER_ENGINE
def test_a_dry_run_has_no_stream(lam: Lam) -> None:
    lam.create("worker", WORKER)

    answer = lam.client.invoke_with_response_stream(FunctionName="worker", InvocationType="DryRun")

    assert answer["StatusCode"] == 204
    assert list(answer["EventStream"]) == []


@pytest.mark.parametrize("args", [b'{"a": 1}', b""])
@EITHER_ENGINE
def test_invoke_async_keeps_an_event(lam: Lam, eventually: Eventually, args: bytes) -> None:
    lam.create("worker", WORKER)

    answer = lam.client.invoke_async(FunctionName="worker", InvokeArgs=args)

    assert answer["Status"] == 202
    eventually(lambda: [e for e in lam.environments("worker") if e.invocations == 1], "the event to run")


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"FunctionName": "nobody"}, "ResourceNotFoundException"),
        ({"InvokeArgs": b"no JSON"}, "InvalidRequestContentException"),
        ({"InvokeArgs": b'"' + b"x" * 1_048_576 + b'"'}, "RequestEntityTooLargeException"),
    ],
)
@EITHER_ENGINE
def test_invoke_async_refuses_what_an_event_would(lam: Lam, params: dict[str, Any], code: str) -> None:
    lam.create("worker", WORKER)

    with pytest.raises(ClientError) as refused:
        lam.client.invoke_async(**{"FunctionName": "worker", "InvokeArgs": b"{}"} | params)

    assert refused.value.response["Error"]["Code"] == code
