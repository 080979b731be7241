"""Records as JSON in the database. A member added later gets its default when an older record is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
Decoder = Callable[[Any], Any]


def encode(record: object, *, without: tuple[str, ...] = ()) -> str:
    """One line of JSON of a dataclass; the members named by `without` are left out."""
    plain = _plain(record)
    for name in without:
        del plain[name]
    return json.dumps(plain, separators=(",", ":"))


def decode(kind: type[T], text: str) -> T:
    """The record of this kind that `encode` wrote."""
    return from_plain(kind, json.loads(text))


def from_plain(kind: type[T], plain: dict[str, Any]) -> T:
    """The same from parsed JSON, which is used up."""
    found: T = _dataclass(cast(Hashable, kind))(plain)
    return found


def _plain(value: Any) -> Any:
    """Dataclasses and mappings as dictionaries, tuples as lists."""
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


@cache
def _dataclass(kind: Hashable) -> Decoder:
    assert isinstance(kind, type)
    hints = get_type_hints(kind)
    decoders = [(name, found) for name, hint in hints.items() if (found := _decoder(hint)) is not None]

    def decode_dataclass(plain: dict[str, Any]) -> Any:
        for name, decoder in decoders:
            if (value := plain.get(name)) is not None:
                plain[name] = decoder(value)
        return kind(**plain)

    return decode_dataclass


def _decoder(hint: Any) -> Decoder | None:
    """How a value of this type, when it is not None, is made from JSON; None: it is as it is in JSON."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        (hint,) = (argument for argument in arguments if argument is not NoneType)
        return _decoder(hint)
    if origin is tuple:
        item = _decoder(arguments[0])
        return tuple if item is None else lambda values: tuple(map(item, values))
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(*arguments)
    if isinstance(hint, type) and (is_dataclass(hint) or issubclass(hint, Enum)):
        return _dataclass(hint) if is_dataclass(hint) else hint
    return None


def _mapping(key: Any, item: Any) -> Decoder | None:
    decoder = _decoder(item)
    if decoder is None:
        return None if key is str else lambda values: {key(name): value for name, value in values.items()}
    return lambda values: {key(name): decoder(value) for name, value in values.items()}
