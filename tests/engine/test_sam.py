"""A project of AWS SAM is served as it is. docs/sam.md."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from boto_rig import client_at
from own import Served, serve, served

from lambda_emu.templates.found import find_template, source_folder

EXAMPLE = Path(__file__).parents[2] / "examples" / "sam"
SAM_EXTRA = "pip install 'lambda-emu[sam]'"


def test_what_was_built_is_taken_where_it_is_newer(tmp_path: Path) -> None:
    source, built = tmp_path / "template.yaml", tmp_path / ".aws-sam" / "build" / "template.yaml"
    built.parent.mkdir(parents=True)
    for file in (source, built):
        file.write_text("Resources: {}")
    os.utime(source, (1, 1))
    assert find_template(tmp_path) == built
    assert source_folder(built) == tmp_path

    os.utime(built, (0, 0))
    assert find_template(tmp_path) == source


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What `sam init` makes, as examples/sam has it."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "sam-app"))


def ask(url: str) -> Any:
    with urlopen(url, timeout=60) as answer:
        return json.loads(answer.read())


def command(folder: Path, *line: str) -> subprocess.CompletedProcess[str]:
    said = [sys.executable, "-m", "lambda_emu", *line]
    return subprocess.run(said, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def printed(lam: Served, name: str) -> str:
    """The address that a line of the start tells."""
    return lam.said_more(f"{name}: ").split()[-1]


def test_a_sam_application_is_served_and_its_apis_answer(project: Path) -> None:
    with served(project, "process") as lam:
        rest, http = printed(lam, "HelloWorldApi"), printed(lam, "HelloHttpApi")

        assert ask(rest) == {"message": "Good morning, World"}  # by the parameter that samconfig.toml has
        assert ask(f"{http}hello/Ada") == {"message": "Good morning, Ada"}
        function = lam.client.get_function_configuration(FunctionName="HelloWorldFunction")
        assert (function["MemorySize"], function["Timeout"]) == (256, 3)  # Globals
        assert function["Role"] == printed(lam, "HelloWorldFunctionIamRole")
        invoked = command(project, "invoke", "HelloWorldFunction")
        assert json.loads(json.loads(invoked.stdout)["body"]) == {"message": "Good morning, World"}, invoked.stderr

    alone = command(project, "invoke", "HelloWorldFunction")
    assert (alone.returncode, "template.yaml is served by `lambda-emu serve`" in alone.stderr) == (2, True)


def test_a_second_start_leaves_alone_what_did_not_change_and_removes_what_is_gone(project: Path) -> None:
    with served(project, "process") as lam:
        before = lam.client.get_function_configuration(FunctionName="HelloWorldFunction")
        rest = printed(lam, "HelloWorldApi")

    with served(project, "process") as lam:
        after = lam.client.get_function_configuration(FunctionName="HelloWorldFunction")
        assert after["RevisionId"] == before["RevisionId"]
        assert printed(lam, "HelloWorldApi").split("/")[-4:] == rest.split("/")[-4:]

    template = project / "template.yaml"
    text = template.read_text().replace("HelloWorldFunction", "Hi")
    template.write_text(re.sub(r"(?s)        HelloHttp:.*?(?=\nOutputs)", "", text).replace("ServerlessHttpApi", "Hi"))
    with served(project, "process", "--parameter", "Greeting=Hi") as lam:
        assert ask(printed(lam, "HelloWorldApi")) == {"message": "Hi, World"}
        assert [one["FunctionName"] for one in lam.client.list_functions()["Functions"]] == ["Hi"]
        assert not client_at(lam.url, "apigatewayv2").get_apis()["Items"]


def refused(folder: Path, text: str, *options: str) -> str:
    """What `lambda-emu serve` says of a template that it does not take."""
    (folder / "template.yaml").write_text(text)
    process = serve(folder, "process", *options)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 2, said
    return said


def test_a_mistake_is_told_with_its_file_and_line(project: Path) -> None:
    """Of the translator's, and of ours."""
    text = (project / "template.yaml").read_text()

    assert "template.yaml:23: Resources.HelloWorldFunction.Properties.Hander: property Hander not defined" in refused(
        project, text.replace("Handler:", "Hander:")
    )
    assert "template.yaml:22: Resources.HelloWorldFunction.Properties.Code: " in (
        said := refused(project, text.replace("hello_world/", "gone/"))
    )
    assert "gone does not exist" in said


def test_what_has_no_effect_is_told_once_and_refused_if_that_is_asked_for(project: Path) -> None:
    template = project / "template.yaml"
    more = "Resources:\n  Alarm:\n    Type: AWS::Nothing::Here\n    Properties: {Size: 1}\n"
    template.write_text(template.read_text().replace("Resources:\n", more))
    line = template.read_text().splitlines().index("  Alarm:") + 1

    (project / "hello_world" / "requirements.txt").write_text("# for requests\nrequests\n")
    with served(project, "process", "--ephemeral", "--no-build") as lam:
        function = lam.client.get_function_configuration(FunctionName="HelloWorldFunction")
        assert function["Handler"] == "app.lambda_handler"
        assert lam.heard_before.count("says in requirements.txt is not installed beside it") == 1
        assert lam.heard_before.count("AWS::Nothing::Here is not served here") == 1

    said = refused(project, template.read_text(), "--strict")

    assert said.count(f"template.yaml:{line}: Resources.Alarm: AWS::Nothing::Here is not served here") == 1


def test_without_the_extra_the_line_that_installs_it_is_told(project: Path) -> None:
    hidden = "import sys; sys.modules['samtranslator'] = None; from lambda_emu.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", hidden, "serve", "--port", "0", "--engine", "process"],
        cwd=project, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert f"template.yaml:2: Transform: templates of AWS SAM need: {SAM_EXTRA}" in done.stderr
