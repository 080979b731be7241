"""Owns the child: started by the first request, again by the first one after it died, ended with its server."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging
import os
import resource
import shutil
import socket
import subprocess
import sys
from asyncio import Future
from collections.abc import Callable, Collection
from contextlib import ExitStack, closing
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import IO, Any

from lambda_emu.errors.base import LambdaError
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.sandbox.temporary import temporary_folder
from lambda_emu.services.child.errors import ChildLost, ServicesMissing
from lambda_emu.services.child.program.main import SERVES, START
from lambda_emu.services.child.program.state.journal import JOURNAL
from lambda_emu.services.passing.line import Line

log = logging.getLogger(__name__)

Hear = Callable[[str, str], None]
STARTS = Workers("starts of the services' process", 2, 16)
LIBRARIES = ("moto", "cheroot")
START_LIMIT_S = 60.0
"""It takes half a second; 2.6 s were seen on a machine with much else to do."""
JOURNAL_BYTES_S = 200_000
"""At least so much of its journal it makes again in a second."""
END_LIMIT_S = 1.0
RESET_LIMIT_S = 10.0
ASK_LIMIT_S = 5.0
DOUBT_S = 0.5
"""How long a process that gave up a line may take to be seen dead: its sockets go before it does."""


def missing_library() -> str | None:
    """What of it is not installed; None: nothing."""
    return next((library for library in LIBRARIES if importlib.util.find_spec(library) is None), None)


class Process:
    """One run of the child. On the loop, but for `start` and `end`, which block."""

    def __init__(self, socket: Path, front_url: str, folder: Path | None) -> None:
        self.socket = socket
        self._front_url = front_url
        self._folder = folder
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._popen is not None, "started"
        return self._popen.pid

    @property
    def start_limit_s(self) -> float:
        """It makes again what its journal has."""
        try:
            size = 0 if self._folder is None else (self._folder / JOURNAL).stat().st_size
        except FileNotFoundError:
            size = 0
        return START_LIMIT_S + size / JOURNAL_BYTES_S

    @property
    def memory_mb(self) -> int:
        """Its own, as the kernel counts it. OSError: it is gone."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() // (1024 * 1024)

    def start(self) -> None:
        """Returns when it serves. On a worker. ServicesMissing, ChildLost."""
        library = missing_library()
        if library is not None:
            raise ServicesMissing(library)
        path = json.dumps([str(Path(entry).absolute()) for entry in sys.path if entry])
        self._popen = subprocess.Popen(
            [sys.executable, "-IS", "-c", START, path, str(self.socket), self._front_url, str(self._folder or "")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # what follows the first line is read on the loop
            cwd="/",
            start_new_session=True,  # a Ctrl-C is the server's
        )
        if self.output.read(len(SERVES)) != SERVES:  # or it has ended, or it was killed since it took too long
            self.end()
            raise ChildLost("could not be started; its own words are in the server's output")

    def ask(self) -> dict[str, Any]:
        """What it says of itself. On a worker. OSError, HTTPException."""
        with closing(HTTPConnection("localhost", timeout=ASK_LIMIT_S)) as connection:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(ASK_LIMIT_S)
            connection.sock.connect(str(self.socket))
            connection.request("GET", "/", headers={"x-lambda-emu-ask": "status"})
            said: dict[str, Any] = json.loads(connection.getresponse().read())
        return said

    def is_over(self) -> bool:
        """Whether it ends within DOUBT_S. On a worker."""
        assert self._popen is not None, "started"
        try:
            self._popen.wait(DOUBT_S)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """From any thread; whoever waits in `start` hears of it."""
        if self._popen is not None:
            self._popen.kill()

    def end(self) -> None:
        """On a worker: the end of its input is its own."""
        if self._popen is None:
            return
        assert self._popen.stdin is not None
        try:
            self._popen.stdin.close()
        except OSError:
            log.debug("the services' process is gone", exc_info=True)
        try:
            self._popen.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        if not self.output.closed:
            self.output.close()

    @property
    def output(self) -> IO[bytes]:
        assert self._popen is not None
        assert self._popen.stdout is not None
        return self._popen.stdout


class Words(asyncio.Protocol):
    """Lines that the child tells unasked. hear: is given each, as its kind and what it is about."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._begun = b""

    def data_received(self, data: bytes) -> None:
        *lines, self._begun = (self._begun + data).split(b"\n")
        for line in dict.fromkeys(lines):  # the same twice is told once
            try:
                kind, what = json.loads(line)
                self._hear(kind, what)
            except Exception:
                log.exception("the services' process told %r", line[:200])


class Handed:
    """A file of its own for a transport. uvloop closes it twice, the second time when it may be somebody else's."""

    def __init__(self, file: IO[bytes]) -> None:
        self._number = os.dup(file.fileno())

    def fileno(self) -> int:
        return self._number

    def close(self) -> None:
        """It is closed by then."""


class Child:
    """The process while there is one, and lines to it. On the loop, but for `close` and `reset`."""

    def __init__(self, loop: Loop, front_url: str, hear: Hear, kept: Path | None) -> None:
        """front_url: where the child finds our own server. hear: what it tells unasked, on the loop.

        kept: the folder where what it knows outlives it; None: nowhere.
        """
        self._kept = kept
        self._loop = loop
        self._front_url = front_url
        self._hear = hear
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
        """It gave up a line. Whoever asks for one waits until it is known whether it has died."""
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
        process = Process(self._folder / f"{self._starts}", self._front_url, self._kept)
        limit = self._loop.asyncio.call_later(process.start_limit_s, process.kill)
        self._begun.add(process)
        try:
            await self._loop.work(STARTS, process.start)
        except LambdaError:
            self._begun.discard(process)
            raise
        finally:
            limit.cancel()
        await self._loop.asyncio.connect_read_pipe(partial(Words, self._hear), Handed(process.output))
        self._process = process
        return process

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
