"""Reads lambda-emu.yaml. Its `settings:` are config.py's."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from lambda_emu.project.declarations import Declared, DeclaredFunction, Project, ProjectError
from lambda_emu.project.document import Document, Value, forget
from lambda_emu.project.keys.functions import KEYS, NAME, RESERVABLE
from lambda_emu.project.keys.shapes import read_keys

PROJECT_FILE = "lambda-emu.yaml"
SECTIONS = ("functions", "resources", "settings")


def read_project(path: Path) -> Project:
    """The project at `path`, a folder or the file itself; a folder without the file is an empty one.

    Raises ProjectError, with every mistake.
    """
    path = path.absolute()
    file = path / PROJECT_FILE if path.is_dir() else path
    if path.is_dir() and not file.exists():
        return Project(path)
    document = Document(file)
    sections = {} if document.root is None else document.members(document.root, SECTIONS)
    functions = _functions(document, sections["functions"]) if "functions" in sections else []
    resources = _resources(document, sections["resources"]) if "resources" in sections else ()
    forget()
    mistakes = document.mistakes or _check_events(functions)
    if mistakes:
        raise ProjectError(mistakes)
    return Project(file.parent, tuple(functions), resources)


def _functions(document: Document, declared: Value) -> list[DeclaredFunction]:
    functions, reserved = [], 0
    for name, value in document.members(declared).items():
        function = _function(document, name, value)
        if function is None:
            continue
        functions.append(function)
        reserved += function.reserved_concurrency or 0
        if reserved > RESERVABLE:
            document.mistake(value, f"reserved_concurrency adds up to {reserved}; must be at most {RESERVABLE} in all")
    return functions


def _function(document: Document, name: str, value: Value) -> DeclaredFunction | None:
    """None when a key is missing or wrong: a function is taken whole or not at all."""
    before = document.mistake_count
    document.check(value, name, NAME)
    found = read_keys(document, value, KEYS)
    if found is None or document.mistake_count > before:
        return None
    places = {"name": document.place(value), **found.places}
    return DeclaredFunction(name=name, places=MappingProxyType(places), **found.fields)


def _resources(document: Document, value: Value) -> tuple[Declared, ...]:
    from lambda_emu.project.keys.resource_reader import read_resources  # here: most projects have none

    return read_resources(document, value)


def _check_events(functions: list[DeclaredFunction]) -> list[str]:
    if not any(function.events for function in functions):
        return []
    from lambda_emu.project.keys.resource_reader import check_events  # here: most projects have none

    return check_events(functions)
