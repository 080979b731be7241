"""A request as its method has it, and what is found in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

JSON = "application/json"

Headers = Sequence[tuple[str, str]]


class MethodRequest(Struct, frozen=True):
    """headers: names as they came. query: decoded, with all values. path: variables of the resource, decoded.

    context: as `$context` has it, of text, numbers and maps. variables: of the stage.
    """

    headers: Headers = ()
    query: Mapping[str, Sequence[str]] = {}
    path: Mapping[str, str] = {}
    body: bytes = b""
    context: Mapping[str, Any] = {}
    variables: Mapping[str, str] = {}

    def header(self, name: str) -> str | None:
        return header_in(self.headers, name)

    def media_type(self) -> str:
        """Without its parameters; JSON, where none is said."""
        return media_type_of(self.header("content-type") or JSON)


def header_in(headers: Headers, name: str) -> str | None:
    """The last of them, as on AWS."""
    found = headers_in(headers, name)
    return found[-1] if found else None


def headers_in(headers: Headers, name: str) -> list[str]:
    name = name.lower()
    return [value for key, value in headers if key.lower() == name]


def media_type_of(text: str) -> str:
    return text.partition(";")[0].strip().lower()
