"""Large JSON, of which only what somebody looks at is read: making objects of all of it would hold everybody up."""

from __future__ import annotations

from collections.abc import ItemsView, ValuesView
from typing import Any

from msgspec import DecodeError, Raw
from msgspec.json import Decoder

from lambda_emu.errors.base import LambdaError

NOT_JSON = (DecodeError, UnicodeDecodeError, RecursionError)
"""What is raised by JSON that is none."""
_read = Decoder().decode
_read_object = Decoder(dict[str, Raw]).decode
_read_list = Decoder(list[Raw]).decode


class Unreadable(LambdaError):
    """Of a part of what is large, which is found when it is looked at: then nobody says whether that may be asked."""

    code, status, text_key, kind = "SerializationException", 400, "Message", None

    def __init__(self) -> None:
        super().__init__("The body cannot be read")


class Sparse(dict[str, Any]):
    """An object, whose members are read when they are looked at. Unreadable: then."""

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if isinstance(value, Raw):
            try:
                value = self[name] = _value(value)
            except NOT_JSON as error:
                raise Unreadable from error
        return value

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]  # dict has views of its own
        return ItemsView(self)

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        return ValuesView(self)


def read_sparsely(text: bytes | Raw) -> Sparse:
    """One of NOT_JSON: it is no object."""
    return Sparse(_read_object(text))


def _value(raw: Raw) -> Any:
    """Of lists within lists nothing is asked."""
    begin = _begin(raw)
    if begin == b"{":
        return read_sparsely(raw)
    if begin == b"[":
        return [None if _begin(each) == b"[" else _value(each) for each in _read_list(raw)]
    return _read(raw)


def _begin(raw: Raw) -> bytes:
    """White space before it is none of it."""
    return bytes(memoryview(raw)[:1])
