"""What functions in Ruby alone do, in our images by our own client: as AWS's does it. docs/decisions/ruby-client.md"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from boto_rig import client_at
from lam import Answer, Lam, zipped
from languages import runtimes
from languages.language import HANDLERS
from own import own_emulator
from packages import runtime_of_machine
from process_rig import ISOLATIONS, Bench
from waiting import Eventually

CODE = {file.name: file.read_text() for file in (HANDLERS / "ruby").iterdir()}
FIELDS = ("errorMessage", "errorType", "stackTrace")


def rare(*values: object) -> object:
    """A row that is asked with those runtimes that `make test` leaves out."""
    return pytest.param(*values, marks=pytest.mark.runtimes)


@dataclass
class Ruby:
    """A runtime, and functions in it that have the same code."""

    lam: Lam
    runtime: str
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def create(self, handler: str, **config: Any) -> str:
        name = f"{self.runtime.replace('.', '-')}-{next(self.numbers)}"
        settings: dict[str, Any] = {"Runtime": self.runtime, "Handler": handler, "MemorySize": 512}
        return self.lam.create(name, CODE, **settings | config)

    def answer(self, handler: str, event: object = None, **params: Any) -> Answer:
        return self.lam.invoke(self.create(handler), event, **params)


@pytest.fixture(scope="module", params=runtimes("ruby"))
def ruby(request: pytest.FixtureRequest, on_docker: Lam) -> Iterator[Ruby]:
    yield Ruby(on_docker, request.param)
    on_docker.close()


def test_a_handler_gets_its_event_and_returns_a_hash(ruby: Ruby) -> None:
    assert ruby.answer("app.hello", {"name": "Ada"}).payload == {"greeting": "Hello, Ada"}


def test_it_is_the_ruby_that_was_asked_for_and_takes_its_options(ruby: Ruby) -> None:
    name = ruby.create("app.version", Environment={"Variables": {"RUBYOPT": "-W0"}})

    for function, verbose in ((ruby.create("app.version"), False), (name, None)):
        version, found = ruby.lam.invoke(function).payload
        assert version.startswith(f"{ruby.runtime.removeprefix('ruby')}.")
        assert found is verbose


def test_what_a_handler_of_no_class_keeps_in_a_variable_stays(ruby: Ruby) -> None:
    name = ruby.create("app.remembers")

    assert [ruby.lam.invoke(name).payload for _ in range(3)] == [1, 2, 3]


def test_a_file_that_is_returned_is_the_answer_as_it_is(ruby: Ruby) -> None:
    name = ruby.create("app.raw")

    answer = ruby.lam.client.invoke(FunctionName=name)

    assert "FunctionError" not in answer
    assert answer["Payload"].read() == b"\x00\xffraw"


@pytest.mark.parametrize("handler", ["app", rare("app.Outer.Inner.hello"), rare("app.")])
def test_a_handler_of_the_wrong_form_is_told_what_forms_there_are(ruby: Ruby, handler: str) -> None:
    answer = ruby.answer(handler)

    assert answer.payload["errorType"] == "Init<ArgumentError>"
    parts = [part for part in handler.split(".") if part]
    shown = json.dumps(parts)
    says = f"Invalid handler {shown}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD: "
    assert answer.payload["errorMessage"].startswith(says)


@pytest.mark.parametrize(
    ("handler", "kind", "ends"),
    [
        ("app.argument", "ArgumentError", False),
        rare("app.runtime", "RuntimeError", False),
        rare("app.no_json", "JSON::GeneratorError", False),
        ("app.misses", "NameError", True),
        rare("app.leaves", "SystemExit", True),
        rare("app.missing", "NoMethodError", True),
        rare("app.Missing.hello", "NameError", True),
    ],
)
def test_the_process_ends_by_errors_that_are_not_standard_and_by_missing_names(
    ruby: Ruby, handler: str, kind: str, ends: bool
) -> None:
    name = ruby.create(handler)

    answer = ruby.lam.invoke(name)
    again = ruby.lam.invoke(name)

    assert (answer.error, tuple(answer.payload), answer.payload["errorType"]) == (
        "Unhandled",
        FIELDS,
        f"Function<{kind}>",
    )
    title, *shown = answer.lines
    assert title == ("Critical exception from handler" if ends else "Error raised from handler method")
    told = "\n".join(line for line in shown if not line.startswith("lambda-emu"))
    assert json.loads(told) == answer.payload
    assert again.payload["errorType"] == answer.payload["errorType"]
    assert answer.report["status"] == ("error" if ends else None)


def test_the_trace_has_frames_of_the_function_alone(ruby: Ruby) -> None:
    [frame] = ruby.answer("app.argument").payload["stackTrace"]

    [line] = [number for number, text in enumerate(CODE["app.rb"].splitlines(), 1) if text.startswith("def argument")]
    assert frame.startswith(f"/var/task/app.rb:{line}:in ")
    assert frame.endswith("argument'")


def test_a_marshaller_of_the_functions_own_makes_events_and_answers(ruby: Ruby) -> None:
    name = ruby.create("marshal.handler")

    answer = ruby.lam.client.invoke(FunctionName=name, Payload=b'{"a": 1}')

    assert answer["Payload"].read() == b'["application/json", "ASCII-8BIT", "{\\"a\\": 1}"]'


def test_what_a_marshaller_spoils_ends_the_process(ruby: Ruby) -> None:
    unsent, unread = ruby.answer("unsent.handler"), ruby.answer("unread.handler")

    assert (unsent.error, unsent.payload["errorType"]) == ("Unhandled", "Runtime<NoMethodError>")
    assert unread.payload["errorType"] == "Runtime.ExitError"
    assert unread.payload["errorMessage"].endswith("Runtime exited with error: exit status 252")
    assert '"errorType": "Init<StopIteration>"' in unread.tail


def test_the_context_has_what_only_newer_clients_tell(ruby: Ruby) -> None:
    given = {"custom": {"a": "ü€"}, "w3c": {"traceparent": "00-1", "tracestate": 7, "other": "x"}}
    encoded = base64.b64encode(json.dumps(given).encode()).decode()

    name = ruby.create("app.context_of", TenancyConfig={"TenantIsolationMode": "PER_TENANT"})
    found = ruby.lam.invoke(name, ClientContext=encoded, TenantId="blue").payload

    assert found == [{"traceparent": "00-1"}, {"custom": {"a": "ü€"}}, "blue", None, "Integer", True, "512"]


def test_what_awss_client_loads_is_there_without_a_require(ruby: Ruby) -> None:
    assert ruby.answer("app.nothing_required").payload == ["Net::HTTP", "/b", "StringIO", "JSON"]


def test_a_message_is_one_event_of_the_log_with_its_invocations_id(ruby: Ruby) -> None:
    name = ruby.create("logs.handler")

    answer = ruby.lam.invoke(name)

    put, fine, several, error, own, plain = ruby.lam.own_events(name)
    assert put == "one\ntwo\n\n3\n"
    assert fine.startswith("D, [")
    assert f"] DEBUG {answer.request_id} -- mine: fine\n" in fine
    assert several.endswith(f"]  INFO {answer.request_id} -- mine: several\nlines \ufffd\n")
    assert error.endswith(f"] ERROR {answer.request_id} -- mine: told (IndexError)\n/var/task/logs.rb:9:in `there'\n")
    assert (own, plain) == ("own w\n", "plain\n")


def test_in_json_a_message_is_an_object_and_below_its_level_none(ruby: Ruby) -> None:
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO"}
    name = ruby.create("logs.handler", LoggingConfig=logging)

    answer = ruby.lam.invoke(name)

    objects = [json.loads(event) for event in ruby.lam.own_events(name)]
    several, error = [found for found in objects if found.get("logger") == "mine"]
    assert several | {"timestamp": ""} == {
        "timestamp": "",
        "level": "INFO",
        "message": "several\nlines \ufffd",
        "requestId": answer.request_id,
        "logger": "mine",
    }
    assert error["errorType"] == "IndexError"
    assert error["location"] == "/var/task/logs.rb:there:9"
    assert error["stackTrace"] == ["/var/task/logs.rb:9:in `there'"]


def gem(folder: str, name: str, version: str) -> dict[str, str]:
    """A gem as it is installed, which tells its version by a global variable."""
    spec = f"Gem::Specification.new {{ |s| s.name='{name}'; s.version='{version}'; s.summary=''; s.authors=[''] }}"
    return {
        f"{folder}/specifications/{name}-{version}.gemspec": spec,
        f"{folder}/gems/{name}-{version}/lib/{name}.rb": f"${name} = '{version}'",
    }


def test_gems_come_with_the_runtime_with_the_code_and_from_layers(ruby: Ruby) -> None:
    """Of those that Ruby has too, the function's own are those that the client uses."""
    version = f"{ruby.runtime.removeprefix('ruby')}.0"
    client = ruby.lam.client
    layer = zipped(gem(f"ruby/gems/{version}", "layered", "1.0"))
    arn = client.publish_layer_version(LayerName="gems", Content={"ZipFile": layer})["LayerVersionArn"]
    handler = """
def handler(event:, context:)
  %w[brought layered aws-sdk-s3 rexml/document].each { |name| require name }
  s3 = Aws::S3::Client.new
  [$brought, $layered, $json, s3.config.region, Gem.loaded_specs['json'].version.to_s]
end
"""
    bundle = f"vendor/bundle/ruby/{version}"
    code = {"app.rb": handler, **gem(bundle, "brought", "2.0"), **gem(bundle, "json", "9.0")}
    code[f"{bundle}/gems/json-9.0/lib/json.rb"] += "\nload File.join(RbConfig::CONFIG['rubylibdir'], 'json.rb')"
    name = ruby.lam.create("gems", code, Runtime=ruby.runtime, Handler="app.handler", Layers=[arn], MemorySize=512)

    answer = ruby.lam.invoke(name)

    assert answer.payload == ["2.0", "1.0", "9.0", "us-east-1", "9.0"]


@pytest.mark.runtimes
def test_bundler_sets_a_function_up_from_its_gemfile(ruby: Ruby) -> None:
    bundle = f"vendor/bundle/ruby/{ruby.runtime.removeprefix('ruby')}.0"
    specs = "GEM\n  remote: https://rubygems.org/\n  specs:\n    brought (2.0)\n"
    lock = f"{specs}\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  brought\n"
    code = {
        "app.rb": "require 'bundler/setup'\nrequire 'brought'\ndef handler(event:, context:) = $brought",
        "Gemfile": "source 'https://rubygems.org'\ngem 'brought'\n",
        "Gemfile.lock": lock,
        ".bundle/config": '---\nBUNDLE_PATH: "vendor/bundle"\nBUNDLE_DEPLOYMENT: "true"\n',
        **gem(bundle, "brought", "2.0"),
    }
    name = ruby.lam.create("bundler", code, Runtime=ruby.runtime, Handler="app.handler", MemorySize=1024, Timeout=20)

    answer = ruby.lam.invoke(name)

    assert (answer.payload, answer.lines) == ("2.0", [])


def test_awss_sdk_reaches_our_services_and_text_is_ascii_unless_lang_says_otherwise(ruby: Ruby) -> None:
    bucket = f"{ruby.runtime.replace('.', '-')}-things"
    s3 = client_at(ruby.lam.url, "s3", "000000000000")
    s3.create_bucket(Bucket=bucket)
    assert ruby.answer("app.encoding").payload == "US-ASCII"

    name = ruby.create("s3.handler", Environment={"Variables": {"LANG": "C.UTF-8"}}, Timeout=30)

    assert ruby.lam.invoke(name, {"bucket": bucket}).payload == ["UTF-8", ["a/b é"], "hello"]
    assert s3.get_object(Bucket=bucket, Key="a/b é")["Body"].read() == b"hello"


@pytest.mark.parametrize("isolation", [ISOLATIONS[0], "none"])
def test_without_docker_gems_are_found_with_whatever_isolation_there_is(isolation: str, tmp_path: Path) -> None:
    handler = """
def handler(event:, context:)
  %w[brought layered plain beside rexml/document].each { |name| require name }
  [$brought, $layered, $plain, $beside, Gem.loaded_specs.key?('rexml')]
end
"""
    code = {"app.rb": handler, "beside.rb": "$beside = 4", **gem("vendor/bundle/ruby/3.3.0", "brought", "2.0")}
    layer = {"ruby/lib/plain.rb": "$plain = 3", **gem("ruby/gems/3.3.0", "layered", "1.0")}
    runtime_of_machine("ruby")
    bench = Bench(isolation, tmp_path)

    sandbox = bench.sandbox(code, layer, runtime="ruby3.3")

    try:
        assert bench.invoke(sandbox, "app.handler", {}) == ["2.0", "1.0", 3, 4, True]
    finally:
        bench.close()


def test_a_gem_of_lambdas_that_is_not_here_is_told_how_to_bring(ruby: Ruby) -> None:
    answer = ruby.answer("sdk.handler")

    assert answer.payload["errorType"] == "Init<LoadError>"
    assert answer.payload["errorMessage"] == "cannot load such file -- aws-sdk-dynamodb"
    assert "lambda-emu: aws-sdk-dynamodb is among the gems of Lambda's Ruby" in answer.tail
    assert "bundle config set --local path vendor/bundle" in answer.tail


def test_code_sees_what_it_would_see_in_a_runtime_started_for_it(ruby: Ruby, eventually: Eventually) -> None:
    """docs/decisions/early-runtimes.md"""
    assert_code_cannot_tell(ruby, eventually)


@pytest.mark.runtimes
def test_nor_does_it_without_docker(tmp_path: Path, eventually: Eventually) -> None:
    with own_emulator(tmp_path, "process") as lam:
        assert_code_cannot_tell(Ruby(lam, runtime_of_machine("ruby")), eventually)


def assert_code_cannot_tell(ruby: Ruby, eventually: Eventually) -> None:
    ruby.create("app.hello")  # once this is active, its image is there
    pauses_s = (0.2 * 2**number for number in itertools.count())

    def early() -> tuple[str, Any] | None:
        """Each takes a stem: the next one is given longer to start its runtime."""
        Event().wait(next(pauses_s))
        name = f"early-{next(ruby.numbers)}"
        variables = {"Variables": {"MINE": "a=b\nc"}}
        ruby.lam.create(name, CODE, Runtime=ruby.runtime, Handler="seen.handler", Environment=variables)
        answer = ruby.lam.invoke(name, {})
        assert answer.error is None, answer
        init_s = float(answer.report["init"] or 0) / 1000
        return (name, answer.payload) if answer.payload["age_s"] > init_s + 0.01 else None

    name, first = eventually(early, "a runtime that was started before its function")
    ruby.lam.invoke(name, {"exit": True})

    again = ruby.lam.invoke(name, {}).payload
    assert {what: seen for what, seen in first["state"].items() if seen != again["state"][what]} == {}
    assert (first["state"], first["variables"], first["shown"]) == (again["state"], again["variables"], again["shown"])
    assert "MINE=a=b\nc" in first["shown"]
