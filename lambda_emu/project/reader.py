"""Reads lambda-emu.yaml. Its `settings:` are config.py's."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from lambda_emu.project.declarations import DeclaredFunction, Project, ProjectError
from lambda_emu.project.document import Document, Value, forget
from lambda_emu.project.keys import KEYS, NAME, RESERVABLE

PROJECT_FILE = "lambda-emu.yaml"
SECTIONS = ("functions", "settings")


def read_project(path: Path) -> Project:
    """The project at `path`, a folder or the file itself; a folder without the file is an empty one.

    Raises ProjectError, with every mistake.
    """
    path = path.absolute()
    file = path / PROJECT_FILE if path.is_dir() else path
    if path.is_dir() and not file.exists():
        return Project(path)
    document = Document(file)
    functions = _functions(document)
    forget()
    if document.mistake_count:
        raise ProjectError(document.mistakes)
    return Project(file.parent, tuple(functions))


def _functions(document: Document) -> list[DeclaredFunction]:
    if document.root is None:
        return []
    declared = document.members(document.root, SECTIONS).get("functions")
    if declared is None:
        return []
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
    members = document.members(value, [key.name for key in KEYS])
    for key in KEYS:
        if key.required and value.is_mapping and key.name not in members:
            document.mistake(value, f"{key.name} is missing; must be {key.type.allowed}")
    found = {key.field: key.type.read(document, members[key.name]) for key in KEYS if key.name in members}
    if document.mistake_count > before:
        return None
    places = {member: document.place(member_value) for member, member_value in members.items()}
    return DeclaredFunction(name=name, places=MappingProxyType({"name": document.place(value), **places}), **found)
