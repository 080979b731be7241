"""A folder with nothing but code becomes a project of one function."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lambda_emu.cli.options import NotDone
from lambda_emu.config import PROJECT_FILE
from lambda_emu.sandbox.temporary import temporary_folder

PYTHON_FILES = ("lambda_function.py", "app.py", "main.py", "handler.py", "index.py")
PYTHON_HANDLERS = ("lambda_handler", "handler")
NODE_FILES = ("index.mjs", "index.js", "index.cjs", "app.mjs", "app.js")
MAX_SOURCE_BYTES = 1024 * 1024
NODE_RUNTIME = "nodejs24.x"
OWN_RUNTIME = "provided.al2023"


@contextmanager
def as_project(function: str, project: str | None) -> Iterator[tuple[str, str | None]]:
    """The name to invoke, and the project it is in. NotDone when `function` is a folder without a handler."""
    folder = Path(function)
    if project is not None or not folder.is_dir():
        yield function, project
        return
    if (folder / PROJECT_FILE).exists():
        raise NotDone(f"{folder} is a project; name one of its functions: lambda-emu invoke NAME --project {folder}")
    runtime, handler = detect(folder)
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", folder.resolve().name)[:64] or "function"
    described = {"runtime": runtime, "handler": handler, "code": str(folder.resolve())}
    with temporary_folder() as made:
        file = made / PROJECT_FILE
        file.write_text(json.dumps({"functions": {name: described}}))  # JSON is YAML
        yield name, str(file)


def detect(folder: Path) -> tuple[str, str]:
    """Runtime and handler of the code in a folder, by the names people give them."""
    for file in PYTHON_FILES:
        for handler in PYTHON_HANDLERS:
            if _defines(folder / file, handler):
                return f"python3.{sys.version_info.minor}", f"{Path(file).stem}.{handler}"
    for file in NODE_FILES:
        if (folder / file).is_file():
            return NODE_RUNTIME, f"{Path(file).stem}.handler"
    if (folder / "bootstrap").is_file():
        return OWN_RUNTIME, "bootstrap"
    known = ", ".join((*PYTHON_FILES, *NODE_FILES, "bootstrap"))
    raise NotDone(f"{folder} has no {PROJECT_FILE} and no handler in one of {known}.")


def _defines(file: Path, name: str) -> bool:
    """Whether a Python file defines `name` at its top level; a file with mistakes is left to the runtime to refuse."""
    if not file.is_file():
        return False
    try:
        with file.open("rb") as source:
            body = ast.parse(source.read(MAX_SOURCE_BYTES)).body  # cut off it is a file with a mistake
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return name == PYTHON_HANDLERS[-1]
    return any(name in _names(statement) for statement in body)


def _names(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return {alias.asname or alias.name for alias in names}
        case _:
            return set()
