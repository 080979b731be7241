"""What our client for .NET says to the Runtime API, and what it makes of its answers, by a server that writes it down.

docs/contract/runtime.md#runtime-api. On .NET Core 3.1, as languages/dotnet.py says.
"""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from languages.dotnet import DOTNET, client, home_of_dotnet

pytestmark = pytest.mark.runtimes
LIMIT_S = 60
RUNTIME = "/2018-06-01/runtime/"


class Told:
    """One request of the client's. chunks: of its body, one if that was not chunked."""

    def __init__(self, path: str, headers: Mapping[str, str], chunks: list[bytes]) -> None:
        self.path = path.removeprefix(RUNTIME)
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.chunks = chunks
        self.body = b"".join(chunks)


class Script(BaseHTTPRequestHandler):
    """A Runtime API that has these events, and these answers to what the client posts, 202 when there are no more."""

    protocol_version = "HTTP/1.1"
    events: ClassVar[list[Any]]
    answers: ClassVar[list[int]]
    told: ClassVar[list[Told]]

    def do_GET(self) -> None:
        if not self.events:
            self.close_connection = True  # and the client ends, for it has nobody to ask
            return
        number = len(self.told)
        self._answer(200, json.dumps(self.events.pop(0)), **{"Aws-Request-Id": f"id-{number}", "Invocation-Id": "one"})

    def do_POST(self) -> None:
        streamed = self.headers["Transfer-Encoding"] == "chunked"
        chunks = list(self._chunks()) if streamed else [self.rfile.read(int(self.headers["Content-Length"]))]
        self.told.append(Told(self.path, dict(self.headers.items()), chunks))
        self._answer(self.answers.pop(0) if self.answers else 202, '{"status":"OK"}')

    def _chunks(self) -> Iterator[bytes]:
        """Trailers become headers."""
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while line := self.rfile.readline().decode().strip():
            name, _, value = line.partition(": ")
            self.headers[name] = value

    def _answer(self, status: int, text: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(f"Lambda-Runtime-{name}", value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *words: object) -> None:
        pass


class Client:
    """Runs the client with a handler until it ends; then what it told, and how it ended."""

    def __init__(self, home: Path, code: Path) -> None:
        self._home = home
        self._code = code

    def run(self, handler: str, events: list[Any], answers: list[int] | None = None) -> tuple[list[Told], int]:
        script: Any = type("Script", (Script,), {"events": events, "answers": answers or [], "told": []})
        with ThreadingHTTPServer(("127.0.0.1", 0), script) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            files = [f"--depsfile={self._code}/Fn.deps.json", f"--runtimeconfig={self._code}/Fn.runtimeconfig.json"]
            words = [word for file in files for word in file.split("=")]
            done = subprocess.run(
                [self._home / "dotnet", "exec", *words, client(), handler],
                cwd=self._code,
                env={"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}", "HTTP_PROXY": "http://127.0.0.1:1"},
                capture_output=True,
                timeout=LIMIT_S,
                check=False,
            )
            server.shutdown()
        return script.told, done.returncode


@pytest.fixture(scope="module")
def told_by(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Client:
    code = tmp_path_factory.mktemp("code")
    for name, content in DOTNET.files(pytestconfig).items():
        assert isinstance(content, bytes)
        (code / name).write_bytes(content)
    return Client(home_of_dotnet(pytestconfig), code)


def test_an_error_has_its_type_and_what_x_ray_wants_of_it(told_by: Client) -> None:
    [told], _ = told_by.run("Fn::Fn.Every::Handle", [{"do": "throw", "value": "oops é"}])

    assert told.path == "invocation/id-0/error"
    assert told.headers["content-type"] == "application/vnd.aws.lambda.error+json"
    assert told.headers["lambda-runtime-function-error-type"] == "InvalidOperationException"
    cause = json.loads(told.headers["lambda-runtime-function-xray-error-cause"])
    assert cause["working_directory"].startswith("/")
    assert [(one["type"], one["message"]) for one in cause["exceptions"]] == [("InvalidOperationException", "oops é")]
    assert any(frame["label"].endswith(".MoveNext") for frame in cause["exceptions"][0]["stack"])  # it is async
    assert cause["paths"] == []


def test_an_answer_names_the_attempt_it_is_for(told_by: Client) -> None:
    told, _ = told_by.run("Fn::Fn.Every::Handle", [{"do": "echo", "value": "é"}, {"do": "throw", "value": "x"}])

    assert [one.path for one in told] == ["invocation/id-0/response", "invocation/id-1/error"]
    assert [one.headers["lambda-runtime-invocation-id"] for one in told] == ["one", "one"]
    assert told[0].headers["content-type"] == "application/json"
    assert told[0].body == '"é"'.encode()


def test_what_cannot_begin_is_told_once_and_aborts(told_by: Client) -> None:
    [told], status = told_by.run("Fn::Fn.Broken::Handle", [{}])

    assert told.path == "init/error"
    assert "lambda-runtime-function-error-type" not in told.headers
    assert json.loads(told.body)["errorType"] == "TargetInvocationException"
    assert status == -6  # SIGABRT, as of any .NET program that does not catch what it throws


def test_an_answer_that_comes_too_late_does_not_end_it_but_any_other_refusal_does(told_by: Client) -> None:
    events = [{"do": "echo", "value": number} for number in range(4)]

    told, status = told_by.run("Fn::Fn.Every::Handle", events, [202, 410, 413])

    assert [one.body for one in told] == [b"0", b"1", b"2"]
    assert status == -6


def test_an_error_that_is_too_large_says_so_in_its_place(told_by: Client) -> None:
    [told], _ = told_by.run("Fn::Fn.Every::Handle", [{"do": "throw", "value": "x" * 1_100_000}])

    assert json.loads(told.body) == {"errorMessage": "Exception exceeded maximum payload size of 256KB."}
    assert "lambda-runtime-function-xray-error-cause" not in told.headers


def test_a_stream_goes_out_as_it_is_written_and_an_error_behind_it(told_by: Client) -> None:
    prelude = '{"statusCode":201}'
    events = [{"then": "", "prelude": prelude}, {"then": "throw"}, {"then": "again"}, {"then": ""}]

    http, failed, again, plain = told_by.run("Fn::Fn.Streams::Handle", events)[0]

    assert [told.path for told in (http, failed, again, plain)] == [f"invocation/id-{n}/response" for n in range(4)]
    for told in (http, failed, again, plain):
        assert told.headers["lambda-runtime-function-response-mode"] == "streaming"
        assert told.headers["content-type"] == "application/vnd.awslambda.http-integration-response"
        assert told.headers["lambda-runtime-invocation-id"] == "one"
        assert told.chunks[-2:] == ["one é ".encode(), b"two after 7"]
    assert http.chunks[0] == prelude.encode() + bytes(8)
    assert failed.headers["lambda-runtime-function-error-type"] == "Own"
    body = json.loads(base64.b64decode(failed.headers["lambda-runtime-function-error-body"]))
    assert (body["errorType"], body["errorMessage"]) == ("Own", "midway")
    assert again.headers["lambda-runtime-function-error-type"] == "InvalidOperationException"
    assert "lambda-runtime-function-error-type" not in plain.headers
