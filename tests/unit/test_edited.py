"""Code that was edited after the server read it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lambda_emu.cli.edited import edited_file
from lambda_emu.config import Settings, load_settings

STARTED_S = 1_000_000


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    """A project whose code is its own folder, as its data is, and whose server started at STARTED_S."""
    write(tmp_path / "lambda-emu.yaml", "functions: {f: {runtime: python3.11, handler: app.handler, code: .}}", -1)
    write(tmp_path / "app.py", "", -1)
    chosen = load_settings({"project": str(tmp_path)}, {})
    write(chosen.data_dir / "token", "", 0)
    return chosen


def write(path: Path, text: str, after_s: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, (STARTED_S + after_s, STARTED_S + after_s))
    return path


@pytest.mark.parametrize("name", [".lambda-emu/logs.db", ".git/index", "__pycache__/app.pyc", ".venv/pyvenv.cfg"])
def test_what_is_no_code_may_change(project: Settings, name: str) -> None:
    write(project.project_file.parent / name, "", 1)

    assert edited_file("f", project) is None


def test_a_file_that_is_newer_than_the_start_is_named(project: Settings) -> None:
    file = write(project.project_file.parent / "app.py", "", 1)

    assert edited_file("f", project) == file
