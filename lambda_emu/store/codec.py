"""Records as JSON in the database, by msgspec. A member added later gets its default when an older record is read."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

T = TypeVar("T")


def encode(record: msgspec.Struct, *, without: tuple[str, ...] = ()) -> str:
    """One line of JSON of a Struct; the members named by `without` are left out."""
    if not without:
        return _ENCODER.encode(record).decode()
    kept = {name: getattr(record, name) for name in record.__struct_fields__ if name not in without}
    return _ENCODER.encode(kept).decode()


def decode(kind: type[T], text: str) -> T:
    """The record of this kind that `encode` wrote. msgspec.ValidationError for what is none."""
    return cast(T, _decoder(cast(Hashable, kind)).decode(text))


def from_plain(kind: type[T], plain: dict[str, Any]) -> T:
    """The same from parsed JSON."""
    return msgspec.convert(plain, kind, str_keys=True)


_ENCODER = msgspec.json.Encoder(enc_hook=dict)  # mappings that are no dictionaries


@cache
def _decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast(type[Any], kind))
