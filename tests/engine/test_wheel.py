"""The wheel, installed bare where nothing of ours is: `lambda-emu new` writes what it then serves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from packages import FETCH_LIMIT_S, needs

from lambda_emu.cli.starters import STARTERS

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]


class Installed:
    """An environment of its own with the wheel in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._programs = folder / "installed/bin"
        venv.create(folder / "installed", with_pip=True)
        build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", f"--wheel-dir={folder}", str(REPOSITORY)]
        subprocess.run([sys.executable, "-m", "pip", *build], check=True, timeout=FETCH_LIMIT_S)
        (self.wheel,) = folder.glob("lambda_emu-*.whl")

    def install(self, extras: str = "") -> None:
        wanted = ["--quiet", "--constraint", str(REPOSITORY / "requirements.lock"), f"{self.wheel}{extras}"]
        subprocess.run([str(self._programs / "pip"), "install", *wanted], check=True, timeout=FETCH_LIMIT_S)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        variables = {
            name: value for name, value in os.environ.items() if not name.startswith(("LAMBDA_EMU_", "PYTHON"))
        }
        line = [str(self._programs / "lambda-emu"), *words]
        return subprocess.run(
            line, cwd=self.folder, env=variables, capture_output=True, text=True, timeout=300, check=False
        )

    def greets(self, kind: str) -> subprocess.CompletedProcess[str]:
        """What the function of a new project of this kind is asked."""
        return self.run("invoke", "hello", '{"name": "Ada"}', "--project", kind, "--engine", "process")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    made = Installed(tmp_path_factory.mktemp("wheel"))
    made.install()
    for kind in STARTERS:
        new = made.run("new", kind)
        assert new.returncode == 0, new.stderr
        assert f"Now: lambda-emu serve {kind}" in new.stdout
    return made


def test_what_new_writes_is_what_a_checkout_has(installed: Installed) -> None:
    for kind in STARTERS:
        written = {str(file.relative_to(installed.folder / kind)) for file in (installed.folder / kind).rglob("*")}
        tracked = ["git", "-C", str(REPOSITORY / "starters" / kind), "ls-files"]
        assert {*subprocess.check_output(tracked, text=True).split()} <= written


def test_a_bare_install_builds_python_and_names_the_extra_for_the_rest(installed: Installed) -> None:
    python, rest = installed.greets("python"), installed.greets("typescript")

    assert python.returncode == 0, python.stderr
    assert json.loads(python.stdout) == {"greeting": "Hello, Ada"}
    assert rest.returncode == 2
    missing = "hello cannot be built: it needs aws-lambda-builders, which is not here"
    assert f"{missing}: pip install 'lambda-emu[builds]'" in rest.stderr


def test_with_the_extra_the_rest_is_built(installed: Installed) -> None:
    needs("go")
    installed.install("[builds]")

    done = installed.greets("go")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"greeting": "Hello, Ada"}
