"""What keys may hold: each type reads a value, reports what is wrong and then gives None."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from lambda_emu.arn import parse_layer_arn
from lambda_emu.errors.base import LambdaError
from lambda_emu.model import value_types
from lambda_emu.model.function import environment_variables
from lambda_emu.model.value_types import ValueType
from lambda_emu.project.document import Document, Value
from lambda_emu.runtimes import Runtime, Support, catalogue

MADE = frozenset(("bin", "build", "dist", "out", "package", "target"))
"""How folders are called that builds make."""
ARCHIVES = (".zip", ".jar")
COMPILED = "Go, Rust and C++ run on provided.al2023"


class KeyType(Struct, frozen=True):
    """allowed: completes "must be". read: the value, None after a mistake."""

    allowed: str
    read: Callable[[Document, Value], Any]


def single(kind: ValueType) -> KeyType:
    """One value of a kind."""
    return KeyType(kind.allowed, lambda document, value: document.scalar(value, kind))


def only_item(kind: ValueType) -> KeyType:
    """A list of exactly one value, as CreateFunction takes architectures."""
    allowed = f"a list with {kind.allowed}"

    def read(document: Document, value: Value) -> Any:
        items = document.items(value)
        if len(items) == 1:
            return document.scalar(items[0], kind)
        document.mistake(value, f"must be {allowed}")
        return None

    return KeyType(allowed, read)


def list_of(kind: KeyType, most: int) -> KeyType:
    """Several values, each of a kind."""

    def read(document: Document, value: Value) -> Any:
        items = document.items(value)
        if (value.is_list and not 1 <= len(items) <= most) or value.is_null:
            document.mistake(value, f"must be a list of 1 to {most}")
        return [kind.read(document, item) for item in items[:most]]

    return KeyType(f"a list of at most {most}, each {kind.allowed}", read)


def mapping(keys: ValueType, values: ValueType, most: int) -> KeyType:
    """Names and texts."""

    def read(document: Document, value: Value) -> Any:
        members = document.members(value)
        if len(members) > most:
            document.mistake(value, f"must have at most {most} members")
        found = {}
        for name, member in members.items():
            document.check(member, name, keys)
            found[name] = document.scalar(member, values)
        return MappingProxyType(found)

    return KeyType("a mapping of names to texts", read)


def layers(most: int) -> KeyType:
    """Several folders or zips, or ARNs of what others published; none of them twice."""

    def read(document: Document, value: Value) -> Any:
        found: list[Path | str] = []
        items = document.items(value)
        if len(items) > most:
            document.mistake(value, f"must be at most {most}")
        for item in items[:most]:
            layer = _read_layer(document, item)
            if layer in found:
                document.mistake(item, f"{layer.name if isinstance(layer, Path) else layer} is mounted twice")
            elif layer is not None:
                found.append(layer)
        return tuple(found)

    return KeyType(f"a list of at most {most} folders, .zip files or ARNs of layer versions", read)


def _read_layer(document: Document, value: Value) -> Path | str | None:
    written: Path | None = document.scalar(value, value_types.PATH)
    if written is None or not str(written).startswith("arn:"):
        return _read_path(document, value)
    try:
        _, version = parse_layer_arn(str(written))
    except ValueError:
        version = None
    if version is None:
        document.mistake(value, f"{written} is not the ARN of a layer version")
        return None
    return str(written)


def _read_path(document: Document, value: Value) -> Path | None:
    """An existing folder, zip or jar, which is a zip; a relative path is relative to the document."""
    written: Path | None = document.scalar(value, value_types.PATH)
    if written is None:
        return None
    path = Path(os.path.abspath(document.path.parent / written))
    if os.path.isdir(path) or (os.path.isfile(path) and path.suffix in ARCHIVES):
        return path
    missing = "does not exist" + (": build it first" if MADE.intersection(written.parts) else "")
    document.mistake(value, f"{written} {f'must be {PATH.allowed}' if os.path.exists(path) else missing}")
    return None


def _read_runtime(document: Document, value: Value) -> str | None:
    written: str | None = document.scalar(value, value_types.text(RUNTIME.allowed, r".+"))
    if written is None:
        return None
    runtime = catalogue().get(written)
    if runtime is None:
        nearest = catalogue().nearest(written)
        advice = f"did you mean {nearest!r}?" if nearest else f"`lambda-emu runtimes list` shows them; {COMPILED}"
        document.mistake(value, f"{written!r} is not a runtime; {advice}")
    elif not runtime.may_create:
        document.mistake(value, f"Lambda no longer creates functions with {written}: {_successors(runtime)}")
    return written


def _successors(runtime: Runtime) -> str:
    """What to take in its place."""
    same = [one.identifier for one in catalogue() if one.family == runtime.family and one.support is Support.SUPPORTED]
    return f"take {' or '.join(same[:2])}" if same else COMPILED


def _read_environment(document: Document, value: Value) -> Any:
    variables = _VARIABLES.read(document, value)
    try:
        environment_variables.check({name: text or "" for name, text in variables.items()})
    except LambdaError as error:
        document.mistake(value, str(error))
    return variables


_VARIABLES = mapping(
    value_types.text("letters, digits and _, two or more, a letter first", r"[a-zA-Z][a-zA-Z0-9_]+"),
    value_types.text("a text", r"[^\0]*"),
    most=4096,
)
ENVIRONMENT = KeyType(_VARIABLES.allowed, _read_environment)
RUNTIME = KeyType("a runtime that `lambda-emu runtimes list` shows", _read_runtime)
PATH = KeyType("a folder, a .zip or a .jar file", _read_path)
