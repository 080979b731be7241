""".NET by our own client: every form of handler, what it refuses, what it logs.

docs/contract/runtime.md, docs/decisions/dotnet-client.md. All of it runs on .NET Core 3.1 in the place of .NET 8,
without Docker, and with a stand-in for Amazon.Lambda.Core, as languages/dotnet.py says. `make test` runs the first
test, `make test-runtimes` all others.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import pytest
from lam import Lam
from languages.dotnet import DOTNET

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


class Dotnet:
    """Functions of one runtime, from the same assemblies."""

    def __init__(self, lam: Lam, code: Mapping[str, str | bytes]) -> None:
        self.lam = lam
        self.code = code
        self._numbers = count()

    def invoke(self, handler: str, event: object, **config: Any) -> object:
        answer = self.lam.invoke(self.create(handler, **config), event)
        assert answer.error is None, answer
        return answer.payload

    def refusal(self, handler: str, **config: Any) -> Mapping[str, Any]:
        answer = self.lam.invoke(self.create(handler, **config), {})
        assert answer.error == "Unhandled"
        refused: Mapping[str, Any] = answer.payload
        return refused

    def create(self, handler: str, code: Mapping[str, str | bytes] | None = None, **config: Any) -> str:
        settings: dict[str, Any] = {"MemorySize": 512, "Timeout": 20, "Runtime": "dotnet8", "Handler": handler}
        return self.lam.create(f"dotnet-{next(self._numbers)}", code or self.code, **settings | config)


@pytest.fixture(scope="module")
def dotnet(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dotnet]:
    with DOTNET.serve(pytestconfig, tmp_path_factory.mktemp("dotnet"), "process") as lam:
        yield Dotnet(lam, DOTNET.files(pytestconfig))


def test_an_async_handler_is_invoked(dotnet: Dotnet) -> None:
    name = dotnet.create("Fn::Fn.Every::Handle")

    first = dotnet.lam.invoke(name, {"do": "echo", "value": {"é": [1, None]}})
    thrown = dotnet.lam.invoke(name, {"do": "throw_cause", "value": "oops é"})

    assert first.payload == {"é": [1, None]}
    assert (thrown.error, thrown.payload["errorType"], thrown.payload["errorMessage"]) == (
        *("Unhandled", "InvalidOperationException"),
        "oops é",
    )
    assert (thrown.payload["cause"]["errorType"], thrown.payload["cause"]["errorMessage"]) == (
        "ArgumentException",
        "below",
    )
    assert thrown.payload["stackTrace"][0].startswith("at Fn.Every.")


@pytest.mark.runtimes
@pytest.mark.parametrize(
    ("handler", "event", "result"),
    [
        ("Forms::Shout", "word", "WORD"),
        ("Forms::Sorted", [3, 1, 2], [1, 2, 3]),
        ("Forms::Silent", {}, None),
        ("Forms::Later", {}, None),
        ("Forms::Eventually", {"item": "é", "count": 2}, {"item": "é", "count": 2}),
        ("Forms::Nothing", {}, 7),
        ("Forms::CopiedLater", {"a": "é"}, {"a": "é"}),
        ("Forms::ByItsOwn", {}, "{}"),
        ("Forms::Hidden", {}, 8),
        ("Forms::FromBelow", "é", "é"),
        ("Abstract::Static", {}, 9),
        ("Value::Handle", {}, 10),
    ],
)
def test_a_handler_may_have_any_form(dotnet: Dotnet, handler: str, event: object, result: object) -> None:
    assert dotnet.invoke(f"Fn::Fn.{handler}", event) == result


@pytest.mark.runtimes
@pytest.mark.parametrize(
    ("handler", "says"),
    [
        (
            "Fn::Fn.Every",
            "Invalid lambda function handler: 'Fn::Fn.Every'. The valid format is 'ASSEMBLY::TYPE::METHOD'.",
        ),
        ("Fn::::Handle", "the type is missing"),
        ("Fn::Fn.Nobody::Handle", "Unable to load type 'Fn.Nobody' from assembly 'Fn'."),
        ("Fn::Fn.Forms::Several", "appears to have a number of overloads"),
        ("Fn::Fn.Forms::Generic", "because it is a generic method"),
        ("Fn::Fn.Forms::Three", "the method has more than 2 parameters"),
        ("Fn::Fn.Forms::Second", "the second parameter is not of type 'Amazon.Lambda.Core.ILambdaContext'"),
        ("Fn::Fn.Forms::Many", "because it is a 'params' method"),
        ("Fn::Fn.Forms::Lost", "because it is an 'async void' method"),
        ("Fn::Fn.Abstract::Instance", "is abstract"),
        ("Fn::Fn.Generic`1::Handle", "because it is generic"),
        ("Needy::Needy.Function::Handle", "Could not find the LambdaSerializerAttribute on the assembly 'Needy'"),
    ],
)
def test_what_is_no_handler_says_so(dotnet: Dotnet, handler: str, says: str) -> None:
    refused = dotnet.refusal(handler)

    assert refused["errorType"] == "LambdaValidationException"
    assert says in refused["errorMessage"]


@pytest.mark.runtimes
def test_what_cannot_begin_is_in_the_log_and_ends_the_process(dotnet: Dotnet) -> None:
    name = dotnet.create("Fn::Fn.Broken::Handle")

    answer = dotnet.lam.invoke(name)

    assert answer.payload["cause"]["errorMessage"] == "broken from the start"
    log = "".join(dotnet.lam.own_events(name))
    assert re.search(rf"{TIME}\t\tfail\tSystem.Reflection.TargetInvocationException: ", log)


@pytest.mark.runtimes
@pytest.mark.parametrize(
    ("without", "handler", "status"),
    [
        ("Fn.deps.json", "Fn::Fn.Every::Handle", 105),
        ("Fn.runtimeconfig.json", "Fn::Fn.Every::Handle", 106),
        ("Fn.dll", "Fn", 104),
    ],
)
def test_a_file_that_starts_it_is_missing(dotnet: Dotnet, without: str, handler: str, status: int) -> None:
    code = {name: content for name, content in dotnet.code.items() if name != without}
    name = dotnet.create(handler, code)

    answer = dotnet.lam.invoke(name)

    assert answer.payload["errorMessage"].endswith(f"exit status {status}")
    assert any(event.startswith("Error: ") for event in dotnet.lam.own_events(name))


@pytest.mark.runtimes
def test_a_file_of_another_name_starts_it_if_it_is_the_only_one(dotnet: Dotnet) -> None:
    code = {name.replace("Fn.deps", "Other.deps"): content for name, content in dotnet.code.items()}

    assert dotnet.lam.invoke(dotnet.create("Fn::Fn.Forms::Shout", code), "word").payload == "WORD"


@pytest.mark.runtimes
def test_what_is_logged_and_printed_in_lines_has_time_request_and_level(dotnet: Dotnet) -> None:
    answer = dotnet.lam.invoke(dotnet.create("Fn::Fn.Logs::Handle"), {})

    shown = re.sub(TIME, "TIME", answer.tail).replace(answer.request_id, "ID")
    assert [line for line in shown.splitlines() if not line.startswith(("   at ", "START ", "END ", "REPORT "))] == [
        "TIME\tID\tinfo\ta line",
        "TIME\tID\tinfo\t1 and x",
        "TIME\tID\tfail\t7",
        "as it is",
        "TIME\tID\twithout a level",
        "of two lines",
        "TIME\tID\twarn\tone of 2",
        "TIME\tID\tfail\tfailed",
        "Fn.Own: inside",
        "TIME\tID\tinfo\té has [1,2] {missing}",
        "TIME\tID\tfail\tfailed 3",
        "Fn.Own: inside",
    ]


@pytest.mark.runtimes
def test_a_message_of_several_lines_is_one_event(dotnet: Dotnet) -> None:
    name = dotnet.create("Fn::Fn.Logs::Handle")

    dotnet.lam.invoke(name, {})

    assert [event for event in dotnet.lam.own_events(name) if "without a level\nof two lines" in event]


@pytest.mark.runtimes
def test_in_json_a_messages_arguments_are_members(dotnet: Dotnet) -> None:
    name = dotnet.create("Fn::Fn.Logs::Handle", LoggingConfig={"LogFormat": "JSON"})

    answer = dotnet.lam.invoke(name, {})

    found = [json.loads(line) for line in answer.tail.splitlines() if line.startswith('{"timestamp"')]
    for record in found:
        assert re.fullmatch(TIME, record.pop("timestamp"))
        assert record.pop("requestId") == answer.request_id
    assert found == [
        {"level": "Information", "message": "a line"},
        {"level": "Information", "message": "1 and x"},
        {"level": "Error", "message": "7"},
        {"level": "Information", "message": "without a level\nof two lines"},
        {"level": "Warning", "message": "one of 2", "0": "one", "count": 2},
        {"level": "Error", "message": "failed", **_told()},
        {"level": "Information", "message": "é has [1,2] {missing}", "name": "é", "list": [1, 2]},
        {"level": "Error", "message": "failed 3", "times": 3, **_told()},
    ]


def _told() -> Mapping[str, object]:
    return {"errorType": "Fn.Own", "errorMessage": "inside", "stackTrace": ["Fn.Own: inside"]}


@pytest.mark.runtimes
@pytest.mark.parametrize(
    ("variables", "lines"),
    [
        ({"AWS_LAMBDA_HANDLER_LOG_FORMAT": "Unformatted"}, ["a line", "1 and x"]),
        ({"AWS_LAMBDA_HANDLER_LOG_LEVEL": "Warning"}, []),
    ],
)
def test_the_clients_own_variables_change_what_is_logged(
    dotnet: Dotnet, variables: Mapping[str, str], lines: list[str]
) -> None:
    name = dotnet.create("Fn::Fn.Logs::Handle", Environment={"Variables": variables})

    answer = dotnet.lam.invoke(name, {})

    assert [line for line in answer.lines if line.endswith(("a line", "1 and x"))] == lines


@pytest.mark.runtimes
def test_the_client_context_is_told_by_its_members(dotnet: Dotnet) -> None:
    client = {"app_title": "é", "installation_id": "1", "app_package_name": "p"}
    context = {"client": client, "custom": {"team": "blue"}, "env": {"locale": "de"}}
    name = dotnet.create("Fn::Fn.Client::Handle")

    answer = dotnet.lam.invoke(name, {}, ClientContext=base64.b64encode(json.dumps(context).encode()).decode())

    assert answer.payload == {
        "title": "é",
        "installation": "1",
        "package": "p",
        "custom": {"team": "blue"},
        "environment": {"locale": "de"},
        "identity": None,
        "later": 0,  # a member of ILambdaContext that this client does not know
    }


@pytest.mark.runtimes
@pytest.mark.parametrize("prelude", [None, '{"statusCode":201}'], ids=["plain", "with a prelude"])
def test_a_response_is_streamed(dotnet: Dotnet, prelude: str | None) -> None:
    name = dotnet.create("Fn::Fn.Streams::Handle")
    event = json.dumps({"then": ""} | ({} if prelude is None else {"prelude": prelude}))

    for _ in range(2):
        answer = dotnet.lam.client.invoke_with_response_stream(FunctionName=name, Payload=event.encode())

        events = list(answer["EventStream"])
        sent = b"".join(one["PayloadChunk"]["Payload"] for one in events if "PayloadChunk" in one)
        assert sent.decode() == ("" if prelude is None else prelude + "\0" * 8) + "one é two after 7"
        assert events[-1]["InvokeComplete"] == {}
