"""A body the runtime posts: gathered whole, up to the size Lambda allows."""

from __future__ import annotations

from collections.abc import Callable

from lambda_emu.http.body import Body
from lambda_emu.http.exchange import Writer
from lambda_emu.http.message import Head
from lambda_emu.runtime_api.answers import MAX_RESPONSE_BYTES

Reply = Callable[[bytes], None]
"""Sends the runtime its answer: whole bytes of HTTP, once."""


class Upload:
    """Calls `done` with the whole body, or `too_large` as soon as it is known to be; both send the answer.

    truncated: the runtime hung up in the middle. None: nobody need hear of it, its exit will say so.
    """

    __slots__ = ("_body", "_done", "_head", "_too_large", "_truncated", "_writer", "open")

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
        self._body = Body()
        self.open = True  # more of it is to come

    @property
    def held_bytes(self) -> int:
        return self._body.size

    def body(self, chunk: bytes) -> None:
        if self._body.size + len(chunk) <= MAX_RESPONSE_BYTES:
            self._body.add(chunk)
        else:
            self.open = False
            self._body.clear()
            self._too_large(self._writer.send)

    def end(self) -> None:
        self.open = False
        self._done(self._head, self._body.take(), self._writer.send)

    def abort(self) -> None:
        """The runtime hung up before it said all."""
        was_open, self.open = self.open, False
        if self._truncated is not None and was_open:
            self._truncated(self._writer.send)
