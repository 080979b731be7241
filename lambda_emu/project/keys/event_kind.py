"""What an event of a function is declared by, for the modules that have the keys of some kinds each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from lambda_emu.model.value_types import FLAG, ValueType
from lambda_emu.project.document import Document, Value
from lambda_emu.project.keys.shapes import Key
from lambda_emu.project.keys.types import KeyType, single


class EventKind(Struct, frozen=True):
    """main: the key that names what the events come from, which a single value means too."""

    main: str
    keys: tuple[Key, ...]
    help: str


def turned(type: KeyType, make: Callable[[Any], Any]) -> KeyType:
    """What a right value stands for in AWS's operation."""

    def read(document: Document, value: Value) -> Any:
        before = document.mistake_count
        found = type.read(document, value)
        return None if document.mistake_count > before else make(found)

    return KeyType(type.allowed, read)


def flag(on: Any, off: Any) -> KeyType:
    return turned(single(FLAG), lambda is_on: on if is_on else off)


def main_key(name: str, kind: ValueType, help: str) -> Key:
    return Key(name, "name", single(kind), help, required=True)
