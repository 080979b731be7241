"""Node.js as Lambda runs it: callbacks, streams, AWS's SDK, and what each version has.

docs/contract/runtime.md. `make test` runs one Node.js, `make test-runtimes` all others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from lam import Answer, Lam
from languages import runtimes
from languages.language import HANDLERS
from packages import part_of, typescript_bundle

from lambda_emu.recipes import Package

FIRST_WITH_SDK_3 = 18
NEWEST_WITH_CALLBACKS = 22
THROWS = "      throw new NoPrice(`${name} has no price`);"
CODE = {
    "callback.js": "exports.handler = (event, context, done) => setTimeout(() => done(null, event), 1);",
    "failing.js": "exports.handler = (event, context, done) => done(new RangeError('by callback'));",
    "plain.js": "exports.handler = (event) => event;",
    "streamed.mjs": """
        export const handler = awslambda.streamifyResponse(async (event, stream) => {
            stream.setContentType('text/plain');
            stream.write('one ');
            await new Promise((done) => setTimeout(done, 10));
            stream.end('two');
        });""",
    "late.js": "exports.handler = async () => { setTimeout(() => { throw new Error('late'); }, 0); "
    "await new Promise(() => setTimeout(() => {}, 5000)); };",
    "facts.js": """
        const { S3Client } = (() => { try { return require('@aws-sdk/client-s3'); } catch { return {}; } })();
        exports.handler = async () => ({
            version: process.version,
            v3: S3Client && new S3Client({ region: 'eu-west-1' }).config.serviceId,
            requiresModules: Boolean(process.features.require_module),
            argv: process.execArgv,
        });""",
    "v2.js": "const { S3 } = require('aws-sdk');\n"
    "exports.handler = async () => new S3({ region: 'eu-west-1' }).endpoint.host;",
    "imports.mjs": "import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';\n"
    "export const handler = async () => typeof DynamoDBDocument.from;",
}


class Node:
    """Functions of one runtime, from the same modules."""

    def __init__(self, lam: Lam, runtime: str) -> None:
        self.lam = lam
        self.runtime = runtime
        self.major = int(re.sub(r"\D", "", runtime))

    def create(self, handler: str, **config: Any) -> str:
        name = re.sub(r"\W", "-", f"{self.runtime}-{handler}")
        settings: dict[str, Any] = {"Runtime": self.runtime, "Handler": handler, "MemorySize": 256}
        return self.lam.create(name, CODE, **settings | config)

    def answer(self, handler: str, event: object = None, **config: Any) -> Answer:
        return self.lam.invoke(self.create(handler, **config), event)

    def invoke(self, handler: str, event: object = None, **config: Any) -> object:
        answer = self.answer(handler, event, **config)
        assert answer.error is None, answer
        return answer.payload


@pytest.fixture(scope="module", params=runtimes("nodejs"))
def node(request: pytest.FixtureRequest, on_docker: Lam) -> Iterator[Node]:
    yield Node(on_docker, request.param)
    on_docker.close()


def test_callbacks_work_up_to_node_22_and_are_refused_from_then_on(node: Node) -> None:
    answer = node.answer("callback.handler", {"a": 1})
    failing = node.answer("failing.handler", {})

    if node.major <= NEWEST_WITH_CALLBACKS:
        assert (answer.error, answer.payload) == (None, {"a": 1})
        assert (failing.payload["errorType"], failing.payload["errorMessage"]) == ("RangeError", "by callback")
    else:
        assert answer.error == "Unhandled"
        assert answer.payload["errorType"] == "Runtime.CallbackHandlerDeprecated"
        assert "removed support for callback-based function handlers starting with Node.js 24" in str(answer.payload)


def test_what_a_handler_that_is_not_async_returns_counts_from_node_24_on(node: Node) -> None:
    """Up to 22 only its callback or a promise does. docs/contract/invoke.md#function-errors."""
    assert node.invoke("plain.handler", 1) == (None if node.major <= NEWEST_WITH_CALLBACKS else 1)


def test_a_response_is_streamed(node: Node) -> None:
    name = node.create("streamed.handler")

    stream = node.lam.client.invoke_with_response_stream(FunctionName=name, Payload=b"{}")["EventStream"]

    chunks = [event["PayloadChunk"]["Payload"] for event in stream if "PayloadChunk" in event]
    assert b"".join(chunks) == b"one two"


def test_an_error_that_nobody_catches_ends_the_process(node: Node) -> None:
    """Version 3 of AWS's client tells of it first; version 4 leaves it to Node.js."""
    answer = node.answer("late.handler")

    if node.major <= NEWEST_WITH_CALLBACKS:
        assert (answer.payload["errorType"], answer.payload["errorMessage"]) == ("Error", "late")
    else:
        assert answer.payload["errorType"] == "Runtime.ExitError"
        assert answer.payload["errorMessage"].endswith("Runtime exited with error: exit status 1")
        assert "Error: late" in answer.tail


def test_each_version_is_the_one_of_its_recipe_with_what_lambda_switches_off(node: Node) -> None:
    binary = part_of(node.runtime, "/tmp/node", Package)

    found = node.invoke("facts.handler", {})

    assert isinstance(found, dict)
    assert found["version"] == f"v{binary.package.rpartition('@')[2]}"
    assert found["requiresModules"] == (node.major >= 24)
    assert found.get("v3") == ("S3" if node.major >= FIRST_WITH_SDK_3 else None)
    assert "--max-old-space-size=230" in found["argv"]


def test_awss_sdk_is_there_for_require_and_import(node: Node) -> None:
    if node.major < FIRST_WITH_SDK_3:
        assert node.invoke("v2.handler", {}) == "s3.eu-west-1.amazonaws.com"
    else:
        assert node.invoke("imports.handler", {}) == "function"


@pytest.mark.parametrize(
    "runtime", [pytest.param("nodejs22.x", marks=pytest.mark.runtimes), pytest.param("nodejs24.x", id="nodejs24.x")]
)
@pytest.mark.docker
def test_a_bundle_of_typescript_runs_and_its_errors_lead_to_the_source(
    on_docker: Lam, runtime: str, request: pytest.FixtureRequest
) -> None:
    code = typescript_bundle(request.config, HANDLERS / "typescript" / "handler.ts")
    mapped = {"Variables": {"NODE_OPTIONS": "--enable-source-maps"}}
    name = f"typescript-{runtime.removesuffix('.x')}"
    on_docker.create(name, code, Runtime=runtime, Handler="handler.handler", MemorySize=256, Environment=mapped)

    answer = on_docker.invoke(name, {"items": [{"name": "tea", "price": 3}, {"name": "cup", "price": 4}]})
    failed = on_docker.invoke(name, {"items": [{"name": "tea"}]})

    assert (answer.error, answer.payload) == (None, {"total": 7, "by": "SQS"})
    assert (failed.payload["errorType"], failed.payload["errorMessage"]) == ("NoPrice", "tea has no price")
    line = 1 + (HANDLERS / "typescript" / "orders.ts").read_text().splitlines().index(THROWS)
    assert f"orders.ts:{line}:" in failed.payload["trace"][1]
    on_docker.close()
