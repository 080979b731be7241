"""What an init is asked: orders that bear a token, which its answer repeats."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from lambda_emu.sandbox.base import SandboxError

ANSWER_LIMIT_S = 10.0


class Ended(SandboxError):
    """There is no init any more to be asked."""

    def __init__(self) -> None:
        super().__init__("the sandbox ended")


class Questions:
    """Of one connection. send: an order to its init."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._asked: dict[int, asyncio.Future[int]] = {}
        self._tokens = 0
        self._ended = False

    async def ask(self, order: Callable[[int], bytes]) -> int:
        """What init answers to the order of a token. SandboxError: it ended, or says nothing."""
        if self._ended:
            raise Ended
        self._tokens = token = self._tokens + 1 & 0xFFFFFFFF
        self._asked[token] = answer = asyncio.get_running_loop().create_future()
        self._send(order(token))
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                found: int = await answer
                return found
        except TimeoutError as error:
            raise SandboxError(f"a sandbox's init did not answer within {ANSWER_LIMIT_S:g} s") from error
        finally:
            self._asked.pop(token, None)

    def answer(self, token: int, answer: int, *, is_descriptor: bool = False) -> None:
        """Init has said this."""
        asked = self._asked.get(token)
        if asked is not None and not asked.done():
            asked.set_result(answer)
        elif is_descriptor:
            os.close(answer)  # who asked has given up

    def end(self) -> None:
        """Init says nothing more."""
        self._ended = True
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(Ended())
