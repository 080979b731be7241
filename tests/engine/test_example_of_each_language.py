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
from packages import kept, needs, run

EXAMPLES = Path(__file__).parents[2] / "examples"
README = (EXAMPLES / "README.md").read_text()
INVOKE = "lambda-emu invoke "
LIMIT_S = 900
COLOURS = re.compile(r"\x1b\[\d*m")
"""Maven's, terminal or not."""
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


def typed(heading: str) -> tuple[Sequence[str], str, str]:
    """The commands of a section's first block, the one that invokes, and what that prints."""
    section = README.split(f"### {heading}\n", 1)[1].split("\n#", 1)[0]
    block = next(part for part in re.findall(r"(?:^    .*\n)+", section, re.MULTILINE) if INVOKE in part)
    lines = [line.removeprefix("    ") for line in block.splitlines()]
    commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return commands[:-1], commands[-1], lines[-1]


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
        ("Shell", []),
    ],
)
def test_what_is_told_to_type_for_a_language_is_all_that_it_takes(
    heading: str, programs: Sequence[str], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    for program in programs:
        needs(program)
    commands, invoke, answer = typed(heading)
    folder = tmp_path / commands[0].removeprefix("cd ")
    shutil.copytree(EXAMPLES / folder.name, folder, ignore=shutil.ignore_patterns(".lambda-emu", "dist", "target"))
    if heading == "Rust":  # what it needs is compiled once
        (folder / "target").symlink_to(kept(pytestconfig, "rust-example"))
    own = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    done = subprocess.run(
        ["bash", "-ec", "\n".join([*commands, invoke])],
        cwd=tmp_path,
        env=os.environ | own,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert COLOURS.sub("", done.stdout).splitlines()[-1] == answer
    assert "REPORT RequestId" in done.stderr


@HEAVY
def test_java_without_maven_is_compiled_as_is_told(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    (command,) = re.findall(r"^    \$ (javac .*)$", README, re.MULTILINE)
    shutil.copytree(EXAMPLES / "java", tmp_path / "java", ignore=shutil.ignore_patterns("target"))
    shutil.copy(core(kept(pytestconfig, "java-core")), tmp_path / "java/aws-lambda-java-core-1.4.0.jar")

    run(command.split(), tmp_path / "java")

    assert (tmp_path / "java/classes/shop/Orders.class").is_file()


@HEAVY
@pytest.mark.docker
def test_the_example_in_csharp_runs_on_the_dotnet_that_can_be_had(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    _, invoke, answer = typed("C#")
    made = compiled({"Orders.cs": (EXAMPLES / "csharp/Orders.cs").read_bytes(), "Json.cs": SERIALIZER})
    code = {name.replace("Fn.", "Orders."): content.replace(b"Fn", b"Orders") for name, content in made.items()}
    code |= {name: made[name] for name in ("Orders.dll", "Amazon.Lambda.Core.dll")}

    with serve_with_dotnet(pytestconfig, tmp_path, "docker") as lam:
        lam.create("orders", code, Runtime="dotnet8", Handler="Orders::Shop.Orders::Handle", MemorySize=512)
        found = lam.invoke("orders", json.loads(shlex.split(invoke)[-1]))

    assert found.payload == json.loads(answer)
