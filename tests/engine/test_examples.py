"""Every example runs, as its project declares it, in the engine it is for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lam import Lam
from own import ENGINES

from lambda_emu.config import load_settings
from lambda_emu.server import Emulator

EXAMPLES = Path(__file__).parents[2] / "examples"


def invoked(project: Path, engine: str, data_dir: Path, name: str, event: object, **settings: str) -> Any:
    """One invocation of a project's function, by an emulator that lives as long as it takes."""
    flags = {"project": project, "port": 0, "engine": engine, "data_dir": data_dir, **settings}
    with Emulator(load_settings(flags, environ={})) as emulator:
        lam = Lam(emulator)
        lam.wait_until_active(name)
        return lam.invoke(name, event)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("project", "name", "event", "answer"),
    [
        (".", "hello", {"name": "Ada"}, {"greeting": "Hello, Ada"}),
        (".", "hello", {}, {"greeting": "Hello, World"}),
        ("layer", "greet", {"name": "Ada"}, {"greeting": "Bonjour, Ada"}),
    ],
)
def test_an_example_answers_what_it_says(
    engine: str, project: str, name: str, event: object, answer: object, tmp_path: Path
) -> None:
    assert invoked(EXAMPLES / project, engine, tmp_path, name, event).payload == answer


@pytest.mark.docker
def test_the_example_that_fills_tmp_finds_its_end(tmp_path: Path) -> None:
    answer = invoked(EXAMPLES, "docker", tmp_path, "report", {"mb": 600}, cpu="unlimited")

    assert answer.error is None
    assert "/tmp is full" in answer.lines
    assert answer.payload == {"written_mb": 512}


@pytest.mark.docker
def test_a_node_function_runs_in_a_container(tmp_path: Path) -> None:
    answer = invoked(EXAMPLES / "node", "docker", tmp_path, "hello-node", {"name": "Ada"})

    assert answer.payload == {"greeting": "Hello, Ada"}
    assert answer.report["status"] is None
