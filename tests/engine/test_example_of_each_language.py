"""What examples/README.md tells to type for each language, typed: it builds, runs, and answers what is there."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from languages.dotnet import compiled, serve_with_dotnet
from languages.java import core
from own import served
from packages import kept, needs, run

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "examples/README.md").read_text()
INVOKE = "lambda-emu invoke "
LIMIT_S = 900
COLOURS = re.compile(r"\x1b\[\d*m")
"""Maven's, terminal or not."""
ANYWHERE = ("Go", "Rust")
"""What of the machine they run on makes no difference."""
HEAVY = pytest.mark.runtimes
"""Those that fetch or compile."""
SERIALIZER = b"""
using System.IO;
using System.Text.Json;
using Amazon.Lambda.Core;

namespace Amazon.Lambda.Serialization.SystemTextJson
{
    public class DefaultLambdaJsonSerializer : ILambdaSerializer
    {
        public T Deserialize<T>(Stream request)
        {
            var copied = new MemoryStream();
            request.CopyTo(copied);
            return JsonSerializer.Deserialize<T>(copied.ToArray());
        }

        public void Serialize<T>(T response, Stream answer)
        {
            using (var writer = new Utf8JsonWriter(answer)) JsonSerializer.Serialize(writer, response);
        }
    }
}
"""
"""A stand-in of the same name for the package of AWS's, which is on no registry that tests reach."""


def typed(heading: str, word: str = INVOKE) -> tuple[Sequence[str], str]:
    """The commands of a section's block with this word, and what the last one prints."""
    section = README.split(f"## {heading}\n", 1)[1].split("\n#", 1)[0]
    block = next(part for part in re.findall(r"(?:^    .*\n)+", section, re.MULTILINE) if word in part)
    lines = [line.removeprefix("    ") for line in block.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")], lines[-1]


def example(name: str, folder: Path) -> None:
    """A copy of it, as somebody has it who checked it out, where the commands expect it."""
    shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns(".lambda-emu", "dist", "target"))


def run_typed(commands: Sequence[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    own = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **variables}
    done = subprocess.run(
        ["bash", "-ec", "\n".join(commands)],
        cwd=folder,
        env=os.environ | own,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.docker
@pytest.mark.parametrize(
    ("heading", "programs"),
    [
        pytest.param("Java", ["mvn"], marks=HEAVY),
        pytest.param("TypeScript", ["npm"], marks=HEAVY),
        pytest.param("Ruby", [], marks=HEAVY),
        pytest.param("Go", ["go"], marks=HEAVY),
        pytest.param("Rust", ["cargo"], marks=HEAVY),
        pytest.param("Python with compiled packages", [], marks=HEAVY),
        pytest.param("Shell", [], marks=HEAVY),
    ],
)
def test_what_is_told_to_type_for_a_language_is_all_that_it_takes(
    heading: str, programs: Sequence[str], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    for program in programs:
        needs(program)
    commands, answer = typed(heading)
    name = commands[0].removeprefix("cd ")
    example(name, tmp_path)
    if heading == "Rust":  # what it needs is compiled once
        (tmp_path / "examples/rust/target").symlink_to(kept(pytestconfig, "rust-example"))

    done = run_typed(commands, tmp_path)

    assert COLOURS.sub("", done.stdout).splitlines()[-1] == answer
    assert "REPORT RequestId" in done.stderr
    if heading in ANYWHERE:
        alone = run_typed([commands[0], commands[-1]], tmp_path, LAMBDA_EMU_ENGINE="process")
        assert alone.stdout.splitlines() == [answer]


def test_without_docker_it_takes_no_more(tmp_path: Path) -> None:
    commands, answer = typed("Shell")
    example("examples/shell", tmp_path)

    assert run_typed(commands, tmp_path, LAMBDA_EMU_ENGINE="process").stdout.splitlines() == [answer]


@HEAVY
def test_what_is_told_to_type_for_the_aws_cli_is_all_that_it_takes(tmp_path: Path, aws_cli: Path) -> None:
    commands, answer = typed("Through the API", "aws lambda")
    (tmp_path / "project").mkdir()
    example("examples/shell", tmp_path)
    aws = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}

    with served(tmp_path / "project", "process") as lam:
        path = f"{aws_cli.parent}:{os.environ['PATH']}"
        done = run_typed(commands, tmp_path, PATH=path, AWS_ENDPOINT_URL=lam.url, HOME=str(tmp_path), **aws)

    assert done.stdout.splitlines()[-1] == answer


@HEAVY
def test_java_without_maven_is_compiled_as_is_told(tmp_path: Path) -> None:
    (command,) = re.findall(r"^    \$ (javac .*)$", README, re.MULTILINE)
    example("examples/java", tmp_path)
    folder = tmp_path / "examples/java"
    shutil.copy(core(), folder / "aws-lambda-java-core-1.4.0.jar")

    run(command.split(), folder)

    assert (folder / "classes/shop/Orders.class").is_file()


@HEAVY
@pytest.mark.docker
def test_the_example_in_csharp_runs_on_the_dotnet_that_can_be_had(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    (*_, invoke), answer = typed("C#")
    made = compiled({"Orders.cs": (REPOSITORY / "examples/csharp/Orders.cs").read_bytes(), "Json.cs": SERIALIZER})
    code = {name.replace("Fn.", "Orders."): content.replace(b"Fn", b"Orders") for name, content in made.items()}
    code |= {name: made[name] for name in ("Orders.dll", "Amazon.Lambda.Core.dll")}

    with serve_with_dotnet(pytestconfig, tmp_path, "docker") as lam:
        lam.create("orders", code, Runtime="dotnet8", Handler="Orders::Shop.Orders::Handle", MemorySize=512)
        found = lam.invoke("orders", json.loads(shlex.split(invoke)[-1]))

    assert found.payload == json.loads(answer)
