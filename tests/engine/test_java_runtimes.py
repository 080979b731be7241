"""Java as Lambda runs it: every form of handler, and a JVM that fits the function's memory and starts fast.

docs/contract/runtime.md. `make test` runs one Java, `make test-runtimes` all others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import pytest
from lam import Lam, zipped
from languages import runtimes
from languages.java import JAVA

HEAP = 0.85
TOP = {8: 4, 11: 4, 17: 1, 21: 1, 25: 1}
"""The last compiler that each Java uses unless it is told."""


class Java:
    """Functions of one runtime, from the same classes."""

    def __init__(self, lam: Lam, runtime: str, config: pytest.Config) -> None:
        self.lam = lam
        self.runtime = runtime
        self.major = int(runtime.removeprefix("java").partition(".")[0])
        self.code = dict(JAVA.files(config))
        self._numbers = count()

    def invoke(self, handler: str, event: object, **config: Any) -> object:
        answer = self.lam.invoke(self.create(handler, **config), event)
        assert answer.error is None, answer
        return answer.payload

    def create(self, handler: str, code: Mapping[str, str | bytes] | None = None, **config: Any) -> str:
        name = f"{self.runtime.replace('.', '-')}-{next(self._numbers)}"
        settings: dict[str, Any] = {"MemorySize": 512, "Timeout": 20, "Runtime": self.runtime, "Handler": handler}
        return self.lam.create(name, dict(code or self.code), **settings | config)


@pytest.fixture(scope="module", params=runtimes("java"))
def java(request: pytest.FixtureRequest, on_docker: Lam) -> Iterator[Java]:
    yield Java(on_docker, request.param, request.config)
    on_docker.close()


def options(text: str) -> dict[str, Any]:
    return {"Environment": {"Variables": {"JAVA_TOOL_OPTIONS": text}}}


FORMS = [
    ("fn.Every::handleRequest", {"do": "echo", "value": 1}, 1),
    ("fn.Forms::copied", 7, 7),
    ("fn.Forms::shout", "word", "WORD"),
    ("fn.Forms::sorted", [3, 1, 2], [1, 2, 3]),
    ("fn.Forms::silent", {}, None),
]
RARER_FORMS = [
    ("fn.More$Opened", {"sender": "é", "items": [{"item": "a", "count": 1}]}, [{"item": "a", "count": 2}]),
    ("fn.More$Derived", {"item": "a", "count": 1}, {"item": "a", "count": 2}),
    ("fn.More$Derived::inherited", "ab", "abab"),
    ("fn.More$Defaulted", {"item": "a", "count": 1}, {"item": "a", "count": 2}),
    ("fn.More$Static::added", 1, 2),
    ("fn.More::overloaded", "word", "with 512"),
    ("fn.More::alone", {}, "$LATEST"),
    ("fn.More::nothing", {}, "nothing"),
    ("fn.More::half", 3, 1.5),
    ("fn.More::piped", {}, 512),
]


@pytest.mark.parametrize(
    ("handler", "event", "result"),
    [*FORMS, *(pytest.param(*form, marks=pytest.mark.runtimes) for form in RARER_FORMS)],
)
def test_a_handler_may_have_any_form(java: Java, handler: str, event: object, result: object) -> None:
    """Besides those that every language is asked for."""
    assert java.invoke(handler, event) == result


def test_a_class_that_is_no_handler_says_so(java: Java) -> None:
    answer = java.lam.invoke(java.create("fn.Forms"), {})

    assert answer.payload["errorMessage"] == "Class does not implement an appropriate handler interface: fn.Forms"


def test_a_function_may_come_in_jars(java: Java) -> None:
    jar = zipped(java.code)
    name = java.create("fn.Every", {"lib/app.jar": jar})

    assert java.lam.invoke(name, {"do": "echo", "value": "é"}).payload == "é"


def test_the_logger_has_levels_in_json(java: Java) -> None:
    config = {"LogFormat": "JSON", "ApplicationLogLevel": "WARN"}
    name = java.create("fn.More::logged", LoggingConfig=config)

    answer = java.lam.invoke(name, {})

    lines = [json.loads(line) for line in answer.tail.splitlines() if line.startswith("{")]
    said = [(line["level"], line["message"]) for line in lines if "message" in line]
    assert said == [("UNDEFINED", "as it is"), ("WARN", "at WARN"), ("ERROR", "at ERROR"), ("FATAL", "at FATAL")]


def test_the_jvm_fits_the_function_and_starts_from_an_archive(java: Java) -> None:
    found = java.invoke("fn.Forms::jvm", {}, MemorySize=1000)

    assert isinstance(found, dict)
    assert found["java"] == (f"1.{java.major}" if java.major < 9 else str(java.major))
    assert found["home"] == "/var/lang"
    assert found["collectors"] == ["Copy", "MarkSweepCompact"]
    assert 0.9 * HEAP < found["heap"] / 1_048_576_000 <= HEAP  # one of the two survivor spaces is not counted
    assert found["compiler"] == str(TOP[java.major])
    assert found["authorities"] > 100
    assert set(found["native"]) == {"/var/runtime/lib/libaws-lambda-jni.so"}  # not one in /tmp
    archive = {8: [], 25: ["/var/runtime/client.aot"]}.get(java.major, ["/var/runtime/client.jsa"])
    assert sorted(set(found["mapped"])) == archive


def test_a_first_event_finds_awss_client_in_the_archive(java: Java) -> None:
    name = java.create("fn.Forms::twice", **options("-verbose:class"))

    java.lam.invoke(name, {"item": "é", "count": 2})

    loaded = [event[0].strip() for event in java.lam.events(name)]
    of_the_client = [line for line in loaded if re.search(r"(source:|from) file:/var/runtime/", line)]
    assert [line for line in loaded if "shared objects file" in line]
    most = 3 if java.major >= 11 else 1000  # older ones have the library's archive alone
    assert len(of_the_client) <= most, "\n".join(of_the_client)


def test_a_message_of_the_logger_is_one_event_and_the_client_says_nothing(java: Java) -> None:
    name = java.create("fn.More::lines")

    answer = java.lam.invoke(name, {})

    said = [event[0].strip() for event in java.lam.events(name)]
    assert "one\ntwo" in said
    assert [line for line in said if "WARNING" in line] == []
    assert answer.payload == (None if java.major < 11 else "com.amazonaws.services.lambda.crac")


def test_what_the_functions_own_options_say_wins(java: Java) -> None:
    own = options("-Xmx64m -XX:+UseParallelGC -XX:TieredStopAtLevel=3")
    name = java.create("fn.Forms::jvm", **own)

    answer = java.lam.invoke(name, {})

    assert "PS MarkSweep" in answer.payload["collectors"]
    assert answer.payload["heap"] <= 64 * 1024 * 1024
    assert answer.payload["compiler"] == "3"
    assert [event for event in java.lam.events(name) if "Picked up JAVA_TOOL_OPTIONS: -Xmx64m" in event[0]]
