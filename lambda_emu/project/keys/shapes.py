"""Mappings whose keys are known, as tables: reading them and their documentation follow the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from lambda_emu.project.document import Document, Value
from lambda_emu.project.keys.types import KeyType


class Key(Struct, frozen=True):
    """field: what the value is called once it is read. default: what is documented where the key is not written."""

    name: str
    field: str
    type: KeyType
    help: str
    required: bool = False
    default: str = "none"


class Found(Struct, frozen=True):
    """What one mapping says. fields: those that are written, by Key.field. places: of the keys, by their names."""

    fields: Mapping[str, Any]
    places: Mapping[str, str]


def read_keys(document: Document, value: Value, keys: Sequence[Key], short: str | None = None) -> Found | None:
    """None after a mistake: a mapping is taken whole or not at all. short: the key that a single value means."""
    before = document.mistake_count
    if short is not None and not value.is_mapping and not value.is_list:
        members = {short: value}
    else:
        members = document.members(value, [key.name for key in keys])
    for key in keys:
        if key.required and value.is_mapping and key.name not in members:
            document.mistake(value, f"{key.name} is missing; must be {key.type.allowed}")
    fields = {key.field: key.type.read(document, members[key.name]) for key in keys if key.name in members}
    if document.mistake_count > before:
        return None
    places = {name: document.place(member) for name, member in members.items()}
    return Found(MappingProxyType(fields), MappingProxyType(places))


def keyed(keys: Sequence[Key]) -> KeyType:
    """A mapping within a mapping, as its fields."""

    def read(document: Document, value: Value) -> Any:
        found = read_keys(document, value, keys)
        return None if found is None else dict(found.fields)

    return KeyType(f"a mapping with {', '.join(key.name for key in keys)}", read)
