"""The Runtime API as code inside an environment meets it when it breaks the rules.

docs/contract/runtime.md#runtime-api.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from inside import probe
from lam import Lam
from own import EITHER_ENGINE

CALL = """
import http.client, os, threading, time
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
def call(method, path, body=None, **headers):
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return [answer.status, answer.read().decode()]
runtime = "/2018-06-01/runtime/"
"""
OWN_ID = "context.aws_request_id"


def transition(current: str, asked: str) -> list[Any]:
    text = f"State transition from {current} to {asked} failed for runtime. Error: State transition is not allowed"
    return refused(403, "InvalidStateTransition", text)


def refused(status: int, kind: str, text: str) -> list[Any]:
    return [status, json.dumps({"errorMessage": text, "errorType": kind}, separators=(",", ":"))]


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("'POST', runtime + 'init/error', '{}'", transition("Running", "InitError")),
        ("'POST', runtime + 'invocation/nobody/response', '1'", refused(400, "InvalidRequestID", "Invalid request ID")),
        ("'POST', runtime + 'invocation/nobody/error', '{}'", refused(400, "InvalidRequestID", "Invalid request ID")),
        (
            f"'POST', f'{{runtime}}invocation/{{{OWN_ID}}}/response', '1', **{{'Lambda-Runtime-Invocation-Id': '1'}}",
            refused(400, "InvalidInvocationId", "Invalid invocation ID"),
        ),
        ("'GET', '/2018-06-01/ping'", [200, "pong"]),
    ],
    ids=["init error", "response", "error", "earlier attempt", "ping"],
)  # fmt: skip
@EITHER_ENGINE
def test_a_call_out_of_place_is_answered_and_changes_nothing(lam: Lam, call: str, answer: list[Any]) -> None:
    inside = probe(lam)

    answers = inside.run(f"{CALL}\nresult = [call({call}) for _ in range(3)]")

    assert answers == [answer] * 3
    assert inside.run("result = 'well'") == "well"


@EITHER_ENGINE
def test_nothing_can_be_answered_before_the_first_next(lam: Lam) -> None:
    source = (
        f"{CALL}\nearly = [call('POST', f'{{runtime}}invocation/1/{{what}}', '1') for what in ('response', 'error')]"
        "\ndef handler(event, context): return early"
    )
    lam.create("early", source)

    answer = lam.invoke("early")

    assert answer.payload == [transition("Started", f"Invocation{what}Response") for what in ("", "Error")]


TRUNCATED = """
import os, socket
def handler(event, context):
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
    path = f"/2018-06-01/runtime/invocation/{context.aws_request_id}/response"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"GET /2018-06-01/ping HTTP/1.1\\r\\n\\r\\n")
        connection.recv(1000)  # as it asked for its event: whoever hangs up before is anybody, where others can call
        head = f"POST {path} HTTP/1.1\\r\\nHost: {host}:{port}\\r\\nContent-Length: 100\\r\\n\\r\\n"
        connection.sendall(head.encode() + b'{"half":')
    import time; time.sleep(30)
"""


def test_a_response_that_breaks_off_is_told_at_once(lam: Lam) -> None:
    lam.create("half", TRUNCATED, Timeout=20)

    answer = lam.invoke("half", LogType="None")

    text = f"RequestId: {answer.request_id} Error: HTTP request detected as truncated"
    assert answer.error == "Unhandled"
    assert answer.payload == {"errorType": "Runtime.TruncatedResponse", "errorMessage": text}


@EITHER_ENGINE
def test_an_invocation_is_answered_once(lam: Lam) -> None:
    """The handler answers by itself; what the runtime's client says after it is refused, and ends the runtime."""
    inside = probe(lam)
    twice = f"{CALL}\npath = f'{{runtime}}invocation/{{{OWN_ID}}}/response'\nfirst, second = call('POST', path, '1'), "
    keep = "call('POST', path, '2')\nopen('/tmp/kept', 'w').write(repr([first, second]))"

    answer = inside.invoke(twice + keep)

    assert (answer.payload, answer.error) == (1, None)
    assert inside.run("result = eval(open('/tmp/kept').read())") == [
        [202, '{"status":"OK"}'],
        transition("RuntimeResponseSentState", "InvocationResponse"),
    ]


@EITHER_ENGINE
def test_a_second_next_during_an_invocation_is_given_the_event_again(lam: Lam) -> None:
    code = f"{CALL}\nresult = [call('GET', runtime + 'invocation/next') for _ in range(2)]"

    answers = probe(lam).run(code)

    assert [status for status, _ in answers] == [200, 200]
    assert [json.loads(body) for _, body in answers] == [code] * 2


TWO_AT_ONCE = """
import json, os, socket
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
one, other = (socket.create_connection((host, int(port))) for _ in range(2))
def send(to, method, path, body=""):
    head = f"{method} /2018-06-01/runtime/invocation/{path} HTTP/1.1\\r\\nHost: {host}\\r\\nContent-Length: {len(body)}"
    to.sendall(f"{head}\\r\\n\\r\\n{body}".encode())
def respond(event, answer):
    names = (line.partition(": ") for line in event.splitlines())
    id = next(id for name, _, id in names if name == "Lambda-Runtime-Aws-Request-Id")
    send(one, "POST", f"{id}/response", answer)
    one.recv(65536)
while True:
    for connection in (one, other): send(connection, "GET", "next")
    heard = [connection.recv(65536).decode() for connection in (one, other)]
    event, second = sorted(heard, key=lambda answer: "403" in answer.splitlines()[0])
    respond(event, second.partition("\\r\\n\\r\\n")[2])
"""
"""A runtime that runs at import, before AWS's client begins to speak. It answers what its second /next was told: the
event once more, if that had come by then."""


@EITHER_ENGINE
def test_only_one_next_waits_for_an_event(lam: Lam, eventually: Callable[[Callable[[], Any], str], Any]) -> None:
    lam.create("two", TWO_AT_ONCE, MemorySize=1769)

    told = eventually(lambda: lam.invoke("two").payload, "both to ask before the next event comes")

    assert told == json.loads(transition("Ready", "Ready")[1])


@EITHER_ENGINE
def test_a_response_in_no_known_mode_fails_the_invocation(lam: Lam) -> None:
    inside = probe(lam)
    mode = "**{'Lambda-Runtime-Function-Response-Mode': 'sideways'}"

    answer = inside.invoke(
        f"{CALL}\nanswer = call('POST', f'{{runtime}}invocation/{{{OWN_ID}}}/response', '1', {mode})"
        "\nopen('/tmp/kept', 'w').write(repr(answer))"
    )

    assert (answer.payload["errorType"], answer.error) == ("Runtime.InvalidResponseModeHeader", "Unhandled")
    kept = inside.run("result = eval(open('/tmp/kept').read())")
    assert kept == refused(400, "InvalidFunctionResponseMode", "Invalid function response mode")


def test_a_response_beyond_the_limit_is_refused_to_the_runtime(lam: Lam) -> None:
    inside = probe(lam, MemorySize=512)

    answer = inside.invoke(
        f"{CALL}\nanswer = call('POST', f'{{runtime}}invocation/{{{OWN_ID}}}/response', b'1' * 20_000_000)"
        "\nopen('/tmp/kept', 'w').write(repr(answer))"
    )

    assert answer.payload["errorType"] == "Function.ResponseSizeTooLarge"
    text = "Exceeded maximum allowed payload size (6291556 bytes)."
    assert inside.run("result = eval(open('/tmp/kept').read())") == refused(413, "RequestEntityTooLarge", text)


@EITHER_ENGINE
def test_an_error_the_runtime_posts_in_init_is_the_answer_byte_for_byte(lam: Lam) -> None:
    error = '{"why":  "so", "errorType":"Mine"}'
    lam.create("posts", f"{CALL}\ncall('POST', runtime + 'init/error', {error!r})\ntime.sleep(60)")

    answer = lam.invoke("posts")

    assert (answer.payload, answer.error) == (json.loads(error), "Unhandled")
    assert answer.report["error"] == "Runtime.Unknown"


def test_an_error_with_thousands_of_frames_arrives_whole(lam: Lam) -> None:
    """AWS's clients put its stack into a header as well, which may have 1 MB."""
    deep = "def handler(*_): return on()\ndef on(): return handler()"
    lam.create("deep", f"import sys; sys.setrecursionlimit(4000)\n{deep}")

    answer = lam.invoke("deep")

    assert answer.payload["errorType"] == "RecursionError"
    assert len(answer.payload["stackTrace"]) > 3900
    assert lam.invoke("deep").payload["errorType"] == "RecursionError"
    assert [info.invocations for info in lam.environments("deep")] == [2]
