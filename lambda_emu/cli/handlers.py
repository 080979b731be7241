"""Which runtime and handler the code in a folder or file is for, by the names people give them."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

from lambda_emu.cli.options import NotDone
from lambda_emu.config import PROJECT_FILE

PYTHON_FILES = ("lambda_function.py", "app.py", "main.py", "handler.py", "index.py")
HANDLERS = ("lambda_handler", "handler")
NODE_FILES = ("index.mjs", "index.js", "index.cjs", "app.mjs", "app.js")
RUBY_FILES = tuple(file.replace(".py", ".rb") for file in PYTHON_FILES)
RUBY_HANDLER = re.compile(rf"^def ({'|'.join(HANDLERS)})\b".encode(), re.MULTILINE)
NODE_SUFFIXES = (".mjs", ".js", ".cjs")
MAX_SOURCE_BYTES = 1024 * 1024
OWN_PYTHON = f"python3.{sys.version_info.minor}"
NODE_RUNTIME = "nodejs24.x"
RUBY_RUNTIME = "ruby3.3"
OWN_RUNTIME = "provided.al2023"
OTHERS = f"Code in other files or languages needs a {PROJECT_FILE} that names its runtime and its handler."


def detect_file(file: Path) -> tuple[str, str]:
    """Runtime and handler of a file that is named itself."""
    if file.suffix in (".py", ".rb"):
        runtime, handler = (OWN_PYTHON, _function(file)) if file.suffix == ".py" else (RUBY_RUNTIME, _method(file))
        if handler is None:
            raise NotDone(f"{file} defines neither {' nor '.join(HANDLERS)}.")
        return runtime, f"{file.stem}.{handler}"
    if file.suffix in NODE_SUFFIXES:
        return NODE_RUNTIME, f"{file.stem}.handler"
    if file.name == "bootstrap":
        return OWN_RUNTIME, "bootstrap"
    raise NotDone(f"{file} is no code that can be run; name a function of a project, or a folder of code. {OTHERS}")


def detect(folder: Path) -> tuple[str, str]:
    """Runtime and handler of the code in a folder, by the names people give them."""
    for file in PYTHON_FILES:
        if (function := _function(folder / file)) is not None:
            return OWN_PYTHON, f"{Path(file).stem}.{function}"
    for file in NODE_FILES:
        if (folder / file).is_file():
            return NODE_RUNTIME, f"{Path(file).stem}.handler"
    for file in RUBY_FILES:
        if (method := _method(folder / file)) is not None:
            return RUBY_RUNTIME, f"{Path(file).stem}.{method}"
    if (folder / "bootstrap").is_file():
        return OWN_RUNTIME, "bootstrap"
    known = ", ".join((*PYTHON_FILES, *NODE_FILES, *RUBY_FILES, "bootstrap"))
    raise NotDone(f"{folder} has no {PROJECT_FILE} and no handler in one of {known}. {OTHERS}")


def handler_in(source: bytes) -> str | None:
    """The handler that a text in Python defines; one with mistakes is left to the runtime to refuse."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return HANDLERS[-1]
    names = {name for statement in body for name in _names(statement)}
    return next((handler for handler in HANDLERS if handler in names), None)


def _function(file: Path) -> str | None:
    """The handler that a file in Python defines."""
    if not file.is_file():
        return None
    with file.open("rb") as source:
        return handler_in(source.read(MAX_SOURCE_BYTES))  # cut off it is a text with a mistake


def _method(file: Path) -> str | None:
    """The handler that a file in Ruby defines beside its classes."""
    if not file.is_file():
        return None
    with file.open("rb") as source:
        found = RUBY_HANDLER.search(source.read(MAX_SOURCE_BYTES))
    return None if found is None else found[1].decode()


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
