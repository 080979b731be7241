"""A template of SAM that is served, beside the same functions of a project file: the first start, and the second."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.emulator import Emulator
from benchmarks.figures import in_turns
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns

FUNCTIONS = 100
BLOCKS = 5
HANDLER = "def handler(event, context): return event\n"
SHARED = {"Runtime": "python3.11", "Handler": "app.handler"}
TRANSLATE = """
import json, sys
from samtranslator.translator.transform import transform

class Policies:
    def load(self): return {}

transform(json.load(sys.stdin), {"AWS::Region": "us-east-1"}, Policies())
"""


def templates(_stage: Stage) -> list[Verdict]:
    """To the line that says it serves: all is there by then. Each function has a role of its own by the template."""
    with tempfile.TemporaryDirectory(prefix="lambda-emu-bench-") as made:
        sam, plain = _projects(Path(made))
        begun: list[Path] = []

        def fresh() -> Path:
            begun.append(Path(tempfile.mkdtemp(dir=made)))
            return begun[-1]

        _start_ms(sam, fresh())  # imports are read once
        first = in_turns(lambda: _start_ms(sam, fresh()), lambda: _translator_ms() + _start_ms(plain, fresh()), BLOCKS)
        kept = {project: fresh() for project in (sam, plain)}
        for project, folder in kept.items():
            _start_ms(project, folder)
        second = in_turns(lambda: _start_ms(sam, kept[sam]), lambda: _start_ms(plain, kept[plain]), BLOCKS)
    what = f"start with {FUNCTIONS} functions and their roles in a template of SAM"
    return [
        of_turns(f"{what}, the first", "ms", first, "the translator, and a project's start", 1.3),
        of_turns(f"{what}, the second", "ms", second, "a project's second start", 1.2),
    ]


def _projects(folder: Path) -> tuple[Path, Path]:
    sam, plain = folder / "sam", folder / "plain"
    for project in (sam, plain):
        project.mkdir()
        (project / "app.py").write_text(HANDLER)
    (sam / "template.yaml").write_text(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n"
        + "".join(
            f"  Fn{number}:\n    Type: AWS::Serverless::Function\n    Properties:\n"
            "      Runtime: python3.11\n      Handler: app.handler\n      CodeUri: .\n"
            for number in range(FUNCTIONS)
        )
    )
    (plain / "lambda-emu.yaml").write_text(
        "functions:\n"
        + "".join(
            f"  fn{number}:\n    runtime: python3.11\n    handler: app.handler\n    code: .\n"
            for number in range(FUNCTIONS)
        )
    )
    return sam, plain


def _start_ms(project: Path, folder: Path) -> float:
    """folder: of its data and its caches."""
    begun_s = time.perf_counter()
    options = "--engine", "process", "--cache-dir", str(folder / "cache")
    with Emulator(*options, project=project, data_dir=folder / "data"):
        return (time.perf_counter() - begun_s) * 1000


def _translator_ms() -> float:
    function = {"Type": "AWS::Serverless::Function", "Properties": {**SHARED, "CodeUri": "s3://bucket/key"}}
    resources = {f"Fn{number}": function for number in range(FUNCTIONS)}
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}
    begun_s = time.perf_counter()
    line = [sys.executable, "-c", TRANSLATE]
    environ = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1"}
    subprocess.run(line, input=json.dumps(template).encode(), env=environ, check=True)
    return (time.perf_counter() - begun_s) * 1000
