"""A large body on its way to a file: workers write it, so that the loop never waits for a disk."""

from __future__ import annotations

import os
import tempfile
from asyncio import Future
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from lambda_emu.disk import is_full
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.service import NoRoom, ServiceFailure, ShuttingDown
from lambda_emu.gateway.refusals import Busy
from lambda_emu.http.body import Body
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop

SPOOLING = Workers("bodies on their way to the disk", 2, 256)
HOLD_BYTES = 512 * 1024
"""With so much unwritten the client is not read any more until all of it is on disk."""


class BodySource(Protocol):
    """Whose body it is."""

    def hold(self, held: bool) -> None:
        """Whether it is to bring nothing more for now."""

    def failed(self, error: LambdaError) -> None:
        """The body could not be kept; there is no file, and nothing more is taken."""


class Spool:
    """One body. All of it is called on the loop; at most one piece of work is under way."""

    def __init__(self, source: BodySource, folder: Path, loop: Loop) -> None:
        self._source = source
        self._folder = folder
        self._loop = loop
        self._unwritten = Body()
        self._in_flight_bytes = 0
        self._file: int | None = None  # touched by the worker while there is one
        self._path: Path | None = None
        self._held = False
        self._dead = False
        self._done: Callable[[Path], None] | None = None

    @property
    def held_bytes(self) -> int:
        """What of it is in memory."""
        return self._unwritten.size + self._in_flight_bytes

    def add(self, chunk: bytes) -> None:
        if self._dead:
            return
        self._unwritten.add(chunk)
        if not self._held and self._unwritten.size > HOLD_BYTES:
            self._held = True
            self._source.hold(True)
        self._go_on()

    def end(self, done: Callable[[Path], None]) -> None:
        """No more comes. done: is given the path of the whole body, and the file with it."""
        self._done = done
        self._go_on()

    def abort(self) -> None:
        """Nobody needs it; of no effect after `end`."""
        if self._done is None and not self._dead:
            self._dead = True
            self._unwritten.clear()
            self._go_on()

    def _go_on(self) -> None:
        """Write what there is; then let more come, or hand the file out."""
        if self._in_flight_bytes:
            return
        if self._unwritten.size:
            self._write(self._unwritten.take())
            return
        if self._held:  # also at the end: the connection has other requests to bring
            self._held = False
            self._source.hold(False)
        if self._dead:
            self._remove()
        elif self._done is not None:
            self._hand_out(self._done)

    def _write(self, data: bytes) -> None:
        self._in_flight_bytes = len(data)
        try:
            self._loop.work(SPOOLING, self._append, data).add_done_callback(self._written)
        except Full as error:
            self._fail(Busy(str(error)))
        except Closed:
            self._fail(ShuttingDown())

    def _written(self, work: Future[None]) -> None:
        if work.cancelled():  # it waited for a worker when all of them were closed
            self._fail(ShuttingDown())
        elif (error := work.exception()) is not None:
            self._fail(NoRoom(str(error)) if is_full(error) else ServiceFailure(f"The body could not be kept: {error}"))
        else:
            self._in_flight_bytes = 0
            self._go_on()

    def _fail(self, error: LambdaError) -> None:
        self._in_flight_bytes = 0
        told, self._dead, self._done = self._dead, True, None
        self._unwritten.clear()
        self._go_on()
        if not told:
            self._source.failed(error)

    def _hand_out(self, done: Callable[[Path], None]) -> None:
        assert self._file is not None, "a body that is spooled has bytes"
        assert self._path is not None
        os.close(self._file)
        done(self._path)

    def _remove(self) -> None:
        path, self._path = self._path, None
        if path is not None and self._file is not None:
            os.close(self._file)
            with suppress(OSError):
                path.unlink()

    # -- on a worker ------------------------------------------------------------------------------

    def _append(self, data: bytes) -> None:
        """OSError if there is no room for it."""
        if self._file is None:
            self._file, path = tempfile.mkstemp(dir=self._folder, prefix="body-")
            self._path = Path(path)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._file, rest) :]
