"""Layers that others published under ARNs of theirs: what stands for them here. docs/layers.md."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from boto_rig import client_at
from botocore.exceptions import ClientError
from lam import zipped
from own import OwnLam, own_emulator, serve, served

from lambda_emu.public_layers import finder

POWERTOOLS = "arn:aws:lambda:us-east-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python311-x86_64:6"
THEIRS = "arn:aws:lambda:us-east-1:111122223333:layer:words:3"
INSIGHTS = "arn:aws:lambda:us-east-1:580247275435:layer:LambdaInsightsExtension:53"
USES_POWERTOOLS = """
import boto3, pydantic
from aws_lambda_powertools import Logger
from aws_lambda_powertools.shared.version import VERSION
from aws_lambda_powertools.utilities.parameters import SSMProvider
def handler(event, context):
    Logger(service="orders").info("hello")
    return [VERSION, boto3.__file__.startswith("/opt"), pydantic.VERSION[0]]
"""
TYPESCRIPT = "arn:aws:lambda:us-east-1:094274105915:layer:AWSLambdaPowertoolsTypeScriptV2:47"
USES_TYPESCRIPT = """
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const { Logger } = require("@aws-lambda-powertools/logger");
const { PT_VERSION } = require("@aws-lambda-powertools/commons");
const { Metrics } = require("@aws-lambda-powertools/metrics");
export const handler = async () => { new Logger().info("hello"); new Metrics(); return PT_VERSION; };
"""
SAYS = "import words\ndef handler(event, context):\n    return words.hello\n"
TEMPLATE = """
Resources:
  Says:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: says
      Runtime: python3.11
      Handler: app.handler
      Role: arn:aws:iam::000000000000:role/test
      Code: says
      Layers:
        - !Sub arn:aws:lambda:${AWS::Region}:111122223333:layer:words:3
"""
MORE_LAYERS = f"""        - arn:aws:lambda:us-east-1:444455556666:layer:unheard-of:1
        - {INSIGHTS}
"""
PROJECT = f"""
settings:
  layers: [words:3=./hello]
functions:
  says: {{runtime: python3.11, handler: app.handler, code: says, layers: ["{THEIRS}"]}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a function that says what a layer has it say, and the layer."""
    for name, text in {"says/app.py": SAYS, "hello/python/words.py": "hello = 'Bonjour'"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def lam(folder: Path) -> Iterator[OwnLam]:
    with own_emulator(folder, "process", stems=0, layers=f"words={folder}/hello") as lam:
        yield lam


def test_powertools_comes_from_its_registry_in_the_release_that_the_layer_has(lam: OwnLam) -> None:
    lam.create("orders", USES_POWERTOOLS, Runtime="python3.11", Layers=[POWERTOOLS], MemorySize=512, Timeout=60)

    answer = lam.invoke("orders")

    assert (answer.error, answer.payload) == (None, ["3.4.1", False, "2"])
    assert any('"service":"orders"' in line for line in answer.lines)
    [layer] = lam.client.get_function_configuration(FunctionName="orders")["Layers"]
    assert (layer["Arn"], layer["CodeSize"] > 1_000_000) == (POWERTOOLS, True)
    shown = lam.client.get_layer_version_by_arn(Arn=POWERTOOLS)
    assert (shown["Version"], shown["Content"]["CodeSize"]) == (6, layer["CodeSize"])


@pytest.mark.slow
def test_so_does_powertools_for_typescript(lam: OwnLam) -> None:
    code = {"app.mjs": USES_TYPESCRIPT}
    lam.create("orders", code, Runtime="nodejs20.x", Layers=[TYPESCRIPT], MemorySize=512, Timeout=60)

    answer = lam.invoke("orders")

    assert (answer.error, answer.payload) == (None, "2.33.0")


def test_a_setting_says_what_a_layer_of_others_holds(lam: OwnLam) -> None:
    lam.create("says", SAYS, Runtime="python3.11", Layers=[THEIRS])

    assert lam.invoke("says").payload == "Bonjour"

    lam.update("says", Layers=[])
    assert lam.invoke("says").error == "Unhandled"
    lam.update("says", Layers=[THEIRS])
    assert lam.invoke("says").payload == "Bonjour"


def test_a_layer_that_nobody_knows_is_refused_with_what_to_do_about_it(lam: OwnLam) -> None:
    unknown = "arn:aws:lambda:us-east-1:444455556666:layer:unheard-of:1"

    with pytest.raises(ClientError) as refused:
        lam.create("none", SAYS, Layers=[unknown])

    told = refused.value.response
    assert (told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]) == ("AccessDeniedException", 403)
    assert f"perform: lambda:GetLayerVersion on resource: {unknown}" in told["Error"]["Message"]
    assert "--layers unheard-of=./folder" in hint(told)


@pytest.mark.parametrize(
    ("source", "said"),
    [("pip:no-such-package-of-anybody==1.0", "no-such-package-of-anybody"), ("{0}/gone", "gone: ")],
    ids=["registry", "folder"],
)
def test_what_cannot_be_had_is_refused_with_the_reason(
    folder: Path, source: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    sources = "words=" + source.format(folder)
    with own_emulator(folder, "process", stems=0, layers=sources, cache_dir=folder / "cache") as lam:
        with pytest.raises(ClientError, match="words:3 does not exist") as refused:
            lam.create("none", SAYS, Layers=[THEIRS])

        assert said in hint(refused.value.response)


def test_what_takes_too_long_to_be_had_is_refused_as_that(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and answers nothing
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        monkeypatch.setattr(finder, "FETCH_LIMIT_S", 2.0)
        slow = own_emulator(folder, "process", stems=0, layers="words=pip:words==1.0", cache_dir=folder / "cache")
        with slow as lam, pytest.raises(ClientError, match="words:3 does not exist") as refused:
            lam.create("none", SAYS, Layers=[THEIRS])

    assert "cannot be had: it took longer than 2 s" in hint(refused.value.response)


def test_templates_and_project_files_name_such_layers_too(folder: Path) -> None:
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "hello.zip").write_bytes(zipped({"python/words.py": "hello = 'Salut'"}))
    with own_emulator(
        folder, "process", stems=0, layers=f"arn:aws:lambda:*:111122223333:layer:words={folder}/hello.zip"
    ) as lam:
        assert lam.invoke("says").payload == "Salut"

    (folder / "lambda-emu.yaml").write_text(PROJECT)
    with own_emulator(folder, "process", stems=0, ephemeral=True) as lam:
        assert lam.invoke("says").payload == "Bonjour"


def test_a_template_is_served_without_layers_that_nobody_knows_which_is_told(folder: Path) -> None:
    (folder / "template.yaml").write_text(TEMPLATE + MORE_LAYERS)
    lines = TEMPLATE.count("\n")
    told = [f"template.yaml:{lines + 1}: Resources.Says.Properties.Layers[1]: arn:aws:lambda:us-east-1:444455556666:"]
    told += [f"template.yaml:{lines + 2}: Resources.Says.Properties.Layers[2]: LambdaInsightsExtension is accepted"]

    with served(folder, "process", "--ephemeral", "--layers", "words=hello") as lam:
        assert [lam.heard_before.count(line) for line in told] == [1, 1]
        assert lam.invoke("says").payload == "Bonjour"
        shown = lam.client.get_function_configuration(FunctionName="says")["Layers"]
        assert [layer["Arn"] for layer in shown] == [THEIRS, INSIGHTS]

    process = serve(folder, "process", "--strict", "--layers", "words=hello")
    said, _ = process.communicate(timeout=120)
    assert (process.returncode, all(line in said for line in told)) == (2, True)


def test_cloudformations_api_serves_a_stack_without_them_too(lam: OwnLam, caplog: pytest.LogCaptureFixture) -> None:
    inline = "Code: {ZipFile: 'import words\\ndef handler(event, context): return words.hello'}"
    template = (
        (TEMPLATE + MORE_LAYERS).replace("Code: says", inline.replace("'", '"')).replace("app.handler", "index.handler")
    )
    stacks = client_at(lam.url, "cloudformation")

    stacks.create_stack(StackName="words", TemplateBody=template)
    stacks.get_waiter("stack_create_complete").wait(StackName="words", WaiterConfig={"Delay": 1})

    assert lam.invoke("says").payload == "Bonjour"
    assert "stack words: " in caplog.text
    assert "unheard-of:1 is not here, and the function goes without" in caplog.text


def hint(told: Any) -> str:
    return str(told["ResponseMetadata"]["HTTPHeaders"]["x-lambda-emu-hint"])
