import json
import subprocess
import sys
from pathlib import Path

import pytest

from lambda_emu.project import read_project

EXAMPLES = Path(__file__).parents[2] / "examples"

CALL = """
import importlib, json, sys
module, _, function = sys.argv[1].rpartition(".")
answer = getattr(importlib.import_module(module), function)(json.loads(sys.argv[2]), None)
print(json.dumps(answer))
"""


@pytest.mark.parametrize(
    ("project", "names"),
    [
        (".", ["hello", "report", "burn"]),
        ("node", ["hello-node"]),
        ("layer", ["greet"]),
        ("cron", ["breakfast", "remind", "notify"]),
        ("stream", ["sell", "sums"]),
        ("food", ["counter", "stock", "payment"]),
    ],
)
def test_the_examples_are_projects(project: str, names: list[str]) -> None:
    assert [function.name for function in read_project(EXAMPLES / project).functions] == names


@pytest.mark.parametrize(
    ("project", "name", "event", "answer"),
    [
        (".", "hello", {}, {"greeting": "Hello, World"}),
        (".", "hello", {"name": "Ada"}, {"greeting": "Hello, Ada"}),
        ("layer", "greet", {"name": "Ada"}, {"greeting": "Bonjour, Ada"}),
    ],
)
def test_an_example_answers_what_it_says(project: str, name: str, event: object, answer: object) -> None:
    """In a process of its own, with what its configuration names; how it runs on an engine is that engine's test."""
    (function,) = [found for found in read_project(EXAMPLES / project).functions if found.name == name]
    folders = [function.code, *(layer / "python" for layer in function.own_layers)]
    environment = {"PYTHONPATH": ":".join(map(str, folders)), **(function.environment or {})}

    done = subprocess.run(
        [sys.executable, "-c", CALL, function.handler, json.dumps(event)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )

    assert json.loads(done.stdout.splitlines()[-1]) == answer
