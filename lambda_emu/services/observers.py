"""Who is told of requests that pass on their way to services, and of their answers."""

from __future__ import annotations

from typing import Protocol

from lambda_emu.http.message import Head


class Observer(Protocol):
    """Who is told of requests that pass. On the loop."""

    async def passes(self, head: Head) -> None:
        """It is about to be sent."""

    def passed(self, head: Head, body: bytes | None) -> bytes | None:
        """It has been answered, of which its caller does not know yet. body: what he is told; None: it comes later."""


class All:
    """Several, told one after the other; each is given what the one before made of a body."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    async def passes(self, head: Head) -> None:
        for one in self._observers:
            await one.passes(head)

    def passed(self, head: Head, body: bytes | None) -> bytes | None:
        for one in self._observers:
            body = one.passed(head, body)
        return body


class Nobody:
    """Observes nothing."""

    async def passes(self, head: Head) -> None: ...

    def passed(self, head: Head, body: bytes | None) -> bytes | None:
        return body
