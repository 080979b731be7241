"""One request, as whoever serves it sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lambda_emu.http.message import Head


class Request:
    """What a client asks for: the head as it came, and the body in memory or, where it is large, in a file.

    path: as it was sent, still with its percent signs. body_file: whoever took it in deletes it after the answer.
    caller: who signed it (`model.caller.Caller`); None: nobody looked. wanted: what it asks for as policies name it,
    once somebody looked.
    """

    __slots__ = ("body", "body_file", "caller", "head", "path", "query", "request_id", "wanted")

    def __init__(self, head: Head, path: bytes, query: bytes, request_id: str) -> None:
        self.head = head
        self.path = path
        self.query = query
        self.request_id = request_id
        self.body = b""
        self.body_file: Path | None = None
        self.caller: Any = None
        self.wanted: Any = None

    @property
    def method(self) -> str:
        return self.head.method.decode("latin-1")

    @property
    def peer(self) -> str | None:
        """The address that it came from; None where that says nothing."""
        return self.head.peer

    def header(self, name: bytes) -> str | None:
        """The first value of a header, by its lower-case name."""
        value = self.head.first.get(name)
        return None if value is None else value.decode("latin-1")
