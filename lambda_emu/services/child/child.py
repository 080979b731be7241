"""Owns the child: started by the first request, again by the first one after it died, ended with its server."""

from __future__ import annotations

import asyncio
import logging
import shutil
from asyncio import Future
from collections.abc import Collection
from contextlib import ExitStack
from functools import partial
from http.client import HTTPException
from pathlib import Path

from lambda_emu.errors.base import LambdaError
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.model.credentials import Issuer
from lambda_emu.sandbox.temporary import temporary_folder
from lambda_emu.services.child.errors import ChildLost
from lambda_emu.services.child.process import END_LIMIT_S, Hear, OwnFile, Process, Words
from lambda_emu.services.child.program.objects.bodies import BODIES
from lambda_emu.services.late_roles import LateRoles
from lambda_emu.services.passing.line import Line

log = logging.getLogger(__name__)

STARTS = Workers("starts of the services' process", 2, 16)
RESET_LIMIT_S = 10.0


class Child:
    """The process while there is one, and lines to it. On the loop, but for `close` and `reset`."""

    def __init__(
        self, loop: Loop, front_url: str, issuer: Issuer, hear: Hear, kept: Path | None, late: LateRoles | None
    ) -> None:
        """front_url: where the child finds our own server. issuer: of credentials, its own too.

        hear: what it tells unasked, on the loop.
        kept: the folder where what it knows outlives it; None: nowhere. late: roles that it makes first.
        """
        self._kept = kept
        self.bodies = None if kept is None else kept / BODIES
        """The folder where it keeps large bodies, once it has begun."""
        self._loop = loop
        self._front_url = front_url
        self._issuer = issuer
        self._hear = hear
        self._late = late
        self._folder: Path | None = None
        self._leaving = ExitStack()
        self._starts = 0
        self._process: Process | None = None
        self._begun: set[Process] = set()  # and not ended
        self._starting: Future[Process] | None = None
        self._doubting: Future[None] | None = None
        self._free: list[Line] = []
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """None while there is none."""
        return None if self._process is None else self._process.pid

    @property
    def process(self) -> Process | None:
        return self._process

    async def line(self) -> Line:
        """One that nobody else uses. ServicesMissing, ChildLost."""
        if self._doubting is not None:
            await asyncio.shield(self._doubting)
        while self._free:
            line = self._free.pop()
            if line.is_free:
                return line
        process = await self._serving()
        try:
            return await self._connect(process)
        except OSError:
            await self._lose(process)  # killed, and nobody has heard of it
        return await self._connect(await self._serving())

    def give_back(self, line: Line) -> None:
        if line.is_free:
            self._free.append(line)
        else:
            line.drop()

    def close(self) -> None:
        """End it; nothing starts it any more. Not on the loop."""
        try:
            for process in self._loop.ask(self._shut, END_LIMIT_S):
                process.end()
        except TimeoutError:
            log.warning("the services' process ends with lambda-emu's own")
        self._leaving.close()

    def reset(self) -> None:
        """Forget all that it knows: it ends, and the next request begins another. Not on the loop."""
        self._loop.run(self._begin_reset(), RESET_LIMIT_S)

    async def _begin_reset(self) -> None:
        while self._doubting is not None:
            await asyncio.shield(self._doubting)
        self._doubting = self._loop.asyncio.create_task(self._forget())
        await asyncio.shield(self._doubting)

    async def _forget(self) -> None:
        try:
            if self._starting is not None:
                await asyncio.wait([self._starting])
            process, self._process = self._process, None
            if process is not None:
                process.kill()
                await self._loop.work(STARTS, process.end)
                self._begun.discard(process)
            if self._kept is not None:
                await self._loop.work(STARTS, shutil.rmtree, self._kept, ignore_errors=True)
            if self._late is not None:
                await self._loop.work(STARTS, self._late.begin_anew)
        finally:
            self._doubting = None

    def _shut(self) -> Collection[Process]:
        self._is_closed = True
        self._process = None
        return list(self._begun)

    async def _connect(self, process: Process) -> Line:
        line = partial(Line, partial(self._doubt, process))
        _, made = await self._loop.asyncio.create_unix_connection(line, str(process.socket))
        return made

    def _doubt(self, process: Process) -> None:
        """It gave up a line, or its output. Whoever asks for one waits until it is known whether it has died."""
        if self._process is process and self._doubting is None and not self._is_closed:
            self._doubting = self._loop.asyncio.create_task(self._look(process))

    async def _look(self, process: Process) -> None:
        try:
            if await self._loop.work(STARTS, process.is_over):
                await self._lose(process)
        finally:
            self._doubting = None

    async def _serving(self) -> Process:
        """The one that runs, or a new one; many may wait for the same."""
        if self._process is not None:
            return self._process
        if self._starting is None:
            self._starting = self._loop.asyncio.create_task(self._start())
            self._starting.add_done_callback(self._started)
        return await asyncio.shield(self._starting)

    def _started(self, starting: Future[Process]) -> None:
        self._starting = None
        if not starting.cancelled():
            starting.exception()  # who waits has it

    async def _start(self) -> Process:
        if self._is_closed:
            raise ChildLost("has ended with lambda-emu")
        self._starts += 1
        if self._folder is None:
            self._folder = await self._loop.work(STARTS, self._make_folder)
        process = Process(self._folder / f"{self._starts}", self._front_url, self._issuer, self._kept)
        limit = self._loop.asyncio.call_later(process.start_limit_s, process.kill)
        self._begun.add(process)
        try:
            await self._loop.work(STARTS, self._begin, process)
        except LambdaError:
            self._begun.discard(process)
            raise
        finally:
            limit.cancel()
        words = partial(Words, self._hear, partial(self._doubt, process))
        await self._loop.asyncio.connect_read_pipe(words, OwnFile(process.output))
        self._process = process
        return process

    def _begin(self, process: Process) -> None:
        """It serves, and knows what it is to know before anybody asks. On a worker. ServicesMissing, ChildLost."""
        process.start()
        if self._late is not None:
            try:
                self._late.hand_over(process.make_roles)
            except (OSError, HTTPException) as error:
                process.kill()
                process.end()
                raise ChildLost(f"was not told of roles: {error}") from error

    def _make_folder(self) -> Path:
        return self._leaving.enter_context(temporary_folder())

    async def _lose(self, process: Process) -> None:
        if self._process is process:
            self._process = None
            end = "what it knew is lost" if self._kept is None else "the next request starts another"
            log.warning("the services' process was killed; %s", end)
        process.kill()
        await self._loop.work(STARTS, process.end)
        self._begun.discard(process)
