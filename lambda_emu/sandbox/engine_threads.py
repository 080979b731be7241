"""The threads on which an engine does what may block."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from lambda_emu.http.executors import Closed, Executor, Full
from lambda_emu.sandbox.base import SandboxError, ShuttingDown

T = TypeVar("T")

MOST_WAITING = 10_000


class EngineThreads(Executor):
    """An executor that refuses as engines do: ShuttingDown after its end, SandboxError where too many wait."""

    def __init__(self, label: str, threads: int) -> None:
        super().__init__(label, threads, MOST_WAITING)

    def call(self, fn: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        try:
            return super().call(fn, *args)
        except Closed as error:
            raise ShuttingDown from error
        except Full as error:
            raise SandboxError(str(error)) from error
