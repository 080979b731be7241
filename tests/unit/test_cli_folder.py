import json
import sys
from pathlib import Path

import pytest

from lambda_emu.cli.folder import as_project, detect
from lambda_emu.cli.options import NotDone

PYTHON = f"python3.{sys.version_info.minor}"


@pytest.mark.parametrize(
    ("file", "text", "runtime", "handler"),
    [
        ("lambda_function.py", "def lambda_handler(event, context): ...", PYTHON, "lambda_function.lambda_handler"),
        ("app.py", "async def handler(event, context): ...", PYTHON, "app.handler"),
        ("app.py", "handler = make()", PYTHON, "app.handler"),
        ("main.py", "from inside import run as handler", PYTHON, "main.handler"),
        ("handler.py", "def handler(event, context) syntax error", PYTHON, "handler.handler"),
        ("index.mjs", "export const handler = async () => 1", "nodejs24.x", "index.handler"),
        ("app.js", "exports.handler = async () => 1", "nodejs24.x", "app.handler"),
        ("bootstrap", "#!/bin/sh", "provided.al2023", "bootstrap"),
    ],
)
def test_runtime_and_handler_are_found_by_name(
    tmp_path: Path, file: str, text: str, runtime: str, handler: str
) -> None:
    (tmp_path / file).write_text(text)

    assert detect(tmp_path) == (runtime, handler)


@pytest.mark.parametrize(("file", "text"), [("readme.txt", ""), ("app.py", "def other(): ..."), ("app.py", "x = 1")])
def test_a_folder_without_a_handler_says_where_one_is_looked_for(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).write_text(text)

    with pytest.raises(NotDone, match=r"no handler in one of lambda_function\.py, app\.py"):
        detect(tmp_path)


def test_a_folder_of_code_becomes_a_project_for_a_while(tmp_path: Path) -> None:
    folder = tmp_path / "my function!"
    folder.mkdir()
    (folder / "app.py").write_text("def handler(event, context): ...")

    with as_project(str(folder), None) as (name, project):
        assert project is not None
        described = json.loads(Path(project).read_text())

    assert name == "my-function-"
    assert described == {"functions": {name: {"runtime": PYTHON, "handler": "app.handler", "code": str(folder)}}}
    assert not Path(project).exists()


def test_a_name_is_left_to_the_project() -> None:
    with as_project("hello", "here") as found:
        assert found == ("hello", "here")


def test_a_project_folder_asks_for_one_of_its_functions(tmp_path: Path) -> None:
    (tmp_path / "lambda-emu.yaml").touch()

    with pytest.raises(NotDone, match="name one of its functions"), as_project(str(tmp_path), None):
        pass
