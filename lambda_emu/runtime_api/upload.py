"""A body the runtime posts: gathered whole, up to the size Lambda allows."""

from __future__ import annotations

from collections.abc import Callable

from lambda_emu.http.connection import Writer
from lambda_emu.http.message import Head
from lambda_emu.runtime_api.answers import MAX_RESPONSE_BYTES

Reply = Callable[[bytes], None]
"""Sends the runtime its answer: whole bytes of HTTP, once."""


class Upload:
    """Calls `done` with the whole body, or `too_large` as soon as it is known to be; both send the answer.

    truncated: the runtime hung up in the middle. None: nobody need hear of it, its exit will say so.
    """

    __slots__ = ("_chunks", "_done", "_head", "_size", "_too_large", "_truncated", "_writer")

    def __init__(
        self,
        head: Head,
        writer: Writer,
        done: Callable[[Head, bytes, Reply], None],
        too_large: Callable[[Reply], None],
        truncated: Callable[[Reply], None] | None = None,
    ) -> None:
        self._head = head
        self._writer = writer
        self._done = done
        self._too_large = too_large
        self._truncated = truncated
        self._chunks: list[bytes] = []
        self._size = 0

    def body(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > MAX_RESPONSE_BYTES:
            self._chunks.clear()
            self._too_large(self._writer.send)
        else:
            self._chunks.append(chunk)

    def end(self) -> None:
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._done(self._head, body, self._writer.send)

    def abort(self) -> None:
        """The runtime hung up before it said all."""
        if self._truncated is not None and self._size <= MAX_RESPONSE_BYTES:
            self._truncated(self._writer.send)
