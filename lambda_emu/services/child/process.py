"""One run of the child: how it is started, asked, killed and ended, and the lines that it tells."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging
import os
import resource
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO, Any

from lambda_emu.model.credentials import Issuer
from lambda_emu.programs import command_of
from lambda_emu.services.child.errors import ChildLost, ServicesMissing
from lambda_emu.services.child.program.main import SERVES
from lambda_emu.services.child.program.state.journal import JOURNAL

log = logging.getLogger(__name__)

Hear = Callable[[str, str], None]
LIBRARIES = ("moto", "cheroot")
PROGRAM = "lambda_emu.services.child.program.main"
START_LIMIT_S = 60.0
"""It takes half a second; 2.6 s were seen on a machine with much else to do."""
JOURNAL_BYTES_S = 200_000
"""At least so much of its journal it makes again in a second."""
END_LIMIT_S = 1.0
ASK_LIMIT_S = 5.0
DOUBT_S = 0.5
"""How long a process that gave up a line may take to be seen dead: its sockets go before it does."""


def missing_library() -> str | None:
    """What of it is not installed; None: nothing."""
    return next((library for library in LIBRARIES if importlib.util.find_spec(library) is None), None)


class Process:
    """One run of the child. On the loop, but for `start` and `end`, which block."""

    def __init__(self, socket: Path, front_url: str, issuer: Issuer, folder: Path | None) -> None:
        self.socket = socket
        self._front_url = front_url
        self._issuer = issuer
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
        self._popen = subprocess.Popen(
            command_of(PROGRAM, str(self.socket), self._front_url, str(self._folder or "")),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # what follows the first line is read on the loop
            cwd="/",
            start_new_session=True,  # a Ctrl-C is the server's
        )
        self._tell_key()
        if self.output.read(len(SERVES)) != SERVES:  # or it has ended, or it was killed since it took too long
            self.end()
            raise ChildLost("could not be started; its own words are in the server's output")

    def _tell_key(self) -> None:
        """By which its credentials are ours: where nobody else reads it."""
        assert self._popen is not None
        assert self._popen.stdin is not None
        with suppress(BrokenPipeError):  # then it has ended
            self._popen.stdin.write(self._issuer.key)

    def ask(self) -> dict[str, Any]:
        """What it says of itself. On a worker. OSError, HTTPException."""
        with closing(HTTPConnection("localhost", timeout=ASK_LIMIT_S)) as connection:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(ASK_LIMIT_S)
            connection.sock.connect(str(self.socket))
            connection.request("GET", "/", headers={"x-lambda-emu-ask": "status"})
            said: dict[str, Any] = json.loads(connection.getresponse().read())
        return said

    def make_roles(self, roles: Sequence[Any]) -> None:
        """Those of `late_roles`. On a worker. OSError, HTTPException."""
        with closing(HTTPConnection("localhost", timeout=START_LIMIT_S)) as connection:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(START_LIMIT_S)
            connection.sock.connect(str(self.socket))
            connection.request("POST", "/", json.dumps(roles), {"x-lambda-emu-ask": "roles"})
            if (status := connection.getresponse().status) != 200:
                raise HTTPException(f"{len(roles)} roles were not made: {status}")

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
    """Lines that the child tells unasked. hear: is given each, as its kind and what it is about. over: no more come."""

    def __init__(self, hear: Hear, over: Callable[[], None]) -> None:
        self._hear = hear
        self._over = over
        self._begun = b""

    def data_received(self, data: bytes) -> None:
        *lines, self._begun = (self._begun + data).split(b"\n")
        for line in dict.fromkeys(lines):  # the same twice is told once
            try:
                kind, what = json.loads(line)
                self._hear(kind, what)
            except Exception:
                log.exception("the services' process told %r", line[:200])

    def connection_lost(self, _: Exception | None) -> None:
        self._over()


class OwnFile:
    """A file of its own for a transport. uvloop closes it twice, the second time when it may be somebody else's."""

    def __init__(self, file: IO[bytes]) -> None:
        self._number = os.dup(file.fileno())

    def fileno(self) -> int:
        return self._number

    def close(self) -> None:
        """It is closed by then."""
