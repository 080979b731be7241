"""What every managed runtime does alike, and each as AWS's client of its language does it.

docs/contract/runtime.md, docs/contract/invoke.md#function-errors. `make test` runs one runtime of each family,
`make test-runtimes` all that an image can be built for.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError
from lam import Answer, Lam, zipped
from languages import Case, Language, cases
from own import OwnLam, own_emulator
from packages import runtime_of_machine

from lambda_emu.runtimes import catalogue

WORD = 'é € 😀 \u0000 \\ "'
LARGEST = 6 * 1024 * 1024
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


@dataclass
class Subject:
    """A runtime, its language, and functions in it."""

    lam: Lam
    runtime: str
    language: Language
    code: dict[str, str | bytes]
    layer: str
    name: str = ""
    numbers: Iterator[int] = field(default_factory=count)

    def do(self, what: str, value: object = None, **params: Any) -> Answer:
        return self.lam.invoke(self.name, {"do": what, "value": value}, **params)

    def create(self, handler: str, **config: Any) -> str:
        name = f"{self.runtime.replace('.', '-')}-{next(self.numbers)}"
        settings: dict[str, Any] = {"MemorySize": 512, "Timeout": 20, "Runtime": self.runtime, "Handler": handler}
        return self.lam.create(name, self.code, **settings | config)


def publish(lam: Lam, name: str, files: Mapping[str, str | bytes]) -> str:
    return lam.client.publish_layer_version(LayerName=name, Content={"ZipFile": zipped(files)})["LayerVersionArn"]


@pytest.fixture(scope="module")
def emulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], OwnLam]]:
    """One for each engine that is asked for, shared by all languages."""
    with ExitStack() as stack:

        @cache
        def emulator(engine: str) -> OwnLam:
            folder = tmp_path_factory.mktemp(f"languages-{engine}")
            return stack.enter_context(own_emulator(folder, engine, pull_images=False))

        yield emulator


@pytest.fixture(scope="module", params=cases())
def subject(request: pytest.FixtureRequest, emulators: Callable[[str], OwnLam]) -> Iterator[Subject]:
    case: Case = request.param
    language = case.language
    runtime = case.runtime or runtime_of_machine(language.family)
    lam = emulators(case.engine)
    layer = publish(lam, case.id.replace(".", "-"), language.layer(request.config))
    made = Subject(lam, runtime, language, dict(language.files(request.config)), layer)
    made.name = made.create(
        language.handler, Layers=[layer], Environment={"Variables": {"OWN": "mine", "LANG": "de_DE.UTF-8"}}
    )
    yield made
    lam.close()


@pytest.mark.parametrize("value", ["word", 7, 2.5, True, None, [], [1, [2]], {"a": {"b": ""}}, WORD])
def test_a_result_is_what_the_handler_returns(subject: Subject, value: object) -> None:
    answer = subject.do("echo", value)

    assert (answer.error, answer.payload) == (None, value)


def test_what_a_handler_throws_is_the_error_in_its_languages_form(subject: Subject) -> None:
    answer = subject.do("throw", "oops é")

    language = subject.language
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == language.error
    assert answer.payload["errorMessage"].strip("'") == "oops é"
    assert tuple(answer.payload) == language.members
    assert "every" in answer.payload[language.trace][-1].lower() or "every" in answer.payload[language.trace][1].lower()


def test_an_error_leaves_the_environment_as_it_is(subject: Subject) -> None:
    before = subject.do("calls").payload

    subject.do("throw", "oops")

    assert subject.do("calls").payload == before + 2


def test_the_context_tells_of_the_invocation(subject: Subject) -> None:
    custom = base64.b64encode(json.dumps({"custom": {"team": "blue"}}).encode()).decode()

    answer = subject.do("context", ClientContext=custom)

    found = answer.payload
    stream, trace = found.pop("stream"), found.pop("trace")
    assert 0 < found.pop("left") <= 20_000
    assert found.pop("identity", None) is None  # nobody who calls here has one
    assert found == {
        "id": answer.request_id,
        "name": subject.name,
        "version": "$LATEST",
        "arn": f"arn:aws:lambda:us-east-1:000000000000:function:{subject.name}",
        "memory": subject.language.memory(512),
        "group": f"/aws/lambda/{subject.name}",
        "custom": {"team": "blue"},
    }
    assert "[$LATEST]" in stream
    assert trace.startswith("Root=1-")
    assert subject.do("context").payload.get("custom") is None


def test_the_environment_has_what_lambda_puts_there(subject: Subject) -> None:
    found = subject.do("environment").payload

    runtime = catalogue().get(subject.runtime)
    assert runtime is not None
    expected = {
        **runtime.environment,
        **subject.language.variables,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{subject.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_NAME": subject.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{subject.name}",
        "AWS_REGION": "us-east-1",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1:2000",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LANG": "de_DE.UTF-8",
        "OWN": "mine",
        "TZ": ":UTC",
        "_HANDLER": subject.language.handler,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} <= found.keys()
    assert not {*subject.language.absent, "OLDPWD", "HOSTNAME", "HOME"} & found.keys()


def test_a_layer_is_found(subject: Subject) -> None:
    assert subject.do("layer").payload == "from a layer"


def test_what_is_printed_is_in_the_log_before_the_answer(subject: Subject) -> None:
    answer = subject.do("print", "zwölf €")

    assert answer.payload is None
    assert answer.lines[0] == "zwölf €"
    assert "zwölf € by the logger" in answer.lines[1]


def test_the_largest_event_and_the_largest_answer_pass(subject: Subject) -> None:
    head, tail = b'{"do": "echo", "value": "', b'"}'
    event = head + b"x" * (LARGEST - len(head) - len(tail)) + tail

    answer = subject.lam.invoke(subject.name, event)
    largest = subject.do("large", LARGEST + 98)

    assert len(answer.payload) == LARGEST - len(head) - len(tail)
    assert (largest.error, len(largest.payload)) == (None, LARGEST + 98)  # and its quotes


def test_an_answer_that_is_too_large_is_an_error_of_the_function(subject: Subject) -> None:
    answer = subject.do("large", LARGEST + 99)

    assert answer.error == "Unhandled"
    assert answer.payload == {
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    assert subject.do("echo", 1).payload == 1


@pytest.mark.parametrize(
    ("what", "value", "how"),
    [
        ("exit", 3, "Runtime exited with error: exit status 3"),
        ("exit", 0, "Runtime exited without providing a reason"),
        ("kill", None, "Runtime exited with error: signal: killed"),
    ],
)
def test_the_end_of_the_process_is_told_as_it_was(subject: Subject, what: str, value: object, how: str) -> None:
    answer = subject.do(what, value)

    assert answer.error == "Unhandled"
    assert answer.payload == {
        "errorMessage": f"RequestId: {answer.request_id} Error: {how}",
        "errorType": "Runtime.ExitError",
    }
    assert subject.do("calls").payload == 1  # in a process of its own


@pytest.mark.parametrize("what", ["broken", "no module", "no function"])
def test_what_cannot_begin_says_why(subject: Subject, what: str) -> None:
    failure = subject.language.failures[what]
    name = subject.create(failure.handler)

    answer = subject.lam.invoke(name)

    assert answer.error == "Unhandled"
    assert answer.payload.get("errorType") == failure.type
    assert failure.says in answer.payload["errorMessage"]


def test_a_process_that_ends_while_it_begins_is_told_as_it_was(subject: Subject) -> None:
    answer = subject.lam.invoke(subject.create(subject.language.ends))

    assert answer.payload == {
        "errorMessage": f"RequestId: {answer.request_id} Error: Runtime exited with error: exit status 3",
        "errorType": "Runtime.ExitError",
    }


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


def test_a_wrapper_starts_the_runtime(subject: Subject) -> None:
    wrapper = '#!/bin/sh\nexport OWN="wrapped $#"\nexec "$@"\n'
    layer = publish(subject.lam, "wrapper", {"wrapper": wrapper})
    name = subject.create(
        subject.language.handler, Layers=[layer], Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}}
    )

    answer = subject.lam.invoke(name, {"do": "environment"})

    assert answer.payload["OWN"].startswith("wrapped ")


def test_an_event_that_is_no_json_never_comes_to_the_handler(subject: Subject) -> None:
    with pytest.raises(ClientError) as refused:
        subject.lam.invoke(subject.name, b"{")

    assert refused.value.response["Error"]["Code"] == "InvalidRequestContentException"
