"""Runs the tools that images are built with: one child process at a time for each caller, ended when we end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread, Timer
from typing import IO

from lambda_emu.sandbox.base import SandboxError

Progress = Callable[[str], None]
"""Hears one line at a time of what is being done."""

TOLD_LINES = 12
"""How much of a failed tool's last words an error repeats."""
TOLD = 300
"""How much of a line that tells why."""
LINE_LIMIT = 500
"""How much of a line counts: tools write out whole lists of files that did not fit on a disk."""

SILENCE_LIMIT_S = 1800.0
"""How long a tool may say nothing. Downloads are silent, and so are compilers, which for another processor are slow."""
SILENT = "it said nothing"
TOOK_LONG = "it took longer than"

NO_ANSWER = re.compile(
    r"EAI_AGAIN|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|ECONN|ETIMEDOUT|nreachable|ould ?not connect|annot connect"
    r"|resolving '|to resolve '|name resolution|ould not resolve|NewConnectionError|ProxyError|Unable to connect"
    r"|[Cc]onnection (?:refused|timed out|reset|failed|broken)|[Tt]imed? ?out|[Pp]roxy .*(?:failed|required)"
    rf"|{SILENT}"
)
"""In the words of pip, npm, apt and Python's HTTP clients."""
NO_ROOM = re.compile(r"ENOSPC|EDQUOT|No space left on device|[Dd]isk quota exceeded|enough free space")

SETPRIV = shutil.which("setpriv")
ENDED_WITH_US = () if SETPRIV is None else (SETPRIV, "--pdeathsig", "TERM")
"""Who is killed can end nothing, and the next build must not find a tool at work where it works."""
INSTALL = {"mmdebstrap": "as root: apt-get install mmdebstrap debian-archive-keyring"}


class ToolFailed(SandboxError):
    """A tool did not do what it was to. name: as users know it. lines: the last that it said."""

    def __init__(self, name: str, code: int, lines: Sequence[str]) -> None:
        self.name = name
        self._lines = lines
        super().__init__(f"{name} failed ({_how(code)}):\n{''.join(lines)}".rstrip())

    @property
    def no_answer(self) -> str | None:
        """The line that tells that somebody on the network did not answer, if one does: the last such."""
        return None if self.no_room else self._last(NO_ANSWER)

    @property
    def no_room(self) -> str | None:
        """The same of a disk that is full."""
        return self._last(NO_ROOM)

    def _last(self, told: re.Pattern[str]) -> str | None:
        return next((line.strip()[:TOLD] for line in reversed(self._lines) if told.search(line)), None)


class Closed(SandboxError):
    """Whoever wanted it is gone."""

    def __init__(self) -> None:
        super().__init__("lambda-emu is ending; nothing more is built")


class ToolRunner:
    """Blocks its callers; `close` may be called from any thread. closed: so that whoever else waits hears of it."""

    def __init__(self) -> None:
        self.closed = Event()
        self._lock = Lock()  # guards _running, and closed against it; never held while a tool works
        self._running: set[subprocess.Popen[str]] = set()

    def run(
        self,
        argv: Sequence[str],
        progress: Progress,
        inside: Sequence[str] = (),
        name: str | None = None,
        folder: Path | None = None,
        limit_s: float | None = None,
        given: IO[bytes] | None = None,
    ) -> None:
        """Run a tool to its end, handing on its lines. ToolFailed; SandboxError if it is missing, or we close.

        inside: a program and its words that execute the tool. name: the tool's, if its program has another.
        folder: that it works in, if not ours. limit_s: it is killed then, whatever it says.
        given: a file that it reads.
        """
        tool = self._start(argv, inside, folder, given)
        last = deque[str](maxlen=TOLD_LINES)
        silence = _Silence(tool)
        late = Event()
        over = Timer(limit_s or SILENCE_LIMIT_S, _kill, [tool, late])
        if limit_s is not None:
            over.start()
        try:
            for line in _lines(tool.stdout):
                silence.heard.set()
                last.append(line)
                progress(line.rstrip())
            code = tool.wait()
        finally:
            over.cancel()
            silence.stop()
            self._end(tool)
        if silence.ended_it:
            last.append(f"{SILENT} for {SILENCE_LIMIT_S / 60:g} minutes, and was ended\n")
        elif late.is_set():
            last.append(f"{TOOK_LONG} {limit_s:g} s, and was ended\n")
        if code != 0:
            raise ToolFailed(name or argv[0], code, tuple(last))

    def close(self) -> None:
        """End the tools that run, and start no more."""
        with self._lock:
            self.closed.set()
            for tool in self._running:
                _terminate(tool)

    def _start(
        self, argv: Sequence[str], inside: Sequence[str], folder: Path | None, given: IO[bytes] | None
    ) -> subprocess.Popen[str]:
        with self._lock:
            if self.closed.is_set():
                raise Closed
            if shutil.which(argv[0]) is None:
                hint = INSTALL.get(argv[0], "install it")
                raise SandboxError(f"building images needs {argv[0]}, which is not here ({hint})")
            tool = subprocess.Popen(
                [*ENDED_WITH_US, *inside, *argv],
                stdin=subprocess.DEVNULL if given is None else given,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                cwd=folder,
                start_new_session=True,  # a group of its own, which close can end whole
            )
            self._running.add(tool)
            return tool

    def _end(self, tool: subprocess.Popen[str]) -> None:
        """Nothing to do for a tool that has ended; but we may be on our way out, by Ctrl-C for instance."""
        with self._lock:
            self._running.discard(tool)
        if tool.poll() is None:
            _terminate(tool)
            tool.wait()
        if tool.stdout is not None:
            tool.stdout.close()


def unheard(_: str) -> None:
    """Progress that nobody hears: what tools say is told where they fail."""


class _Silence:
    """Ends a tool that says nothing for long: some wait without a limit for a proxy that has nothing to say.

    heard: is set when the tool says something.
    """

    def __init__(self, tool: subprocess.Popen[str]) -> None:
        self.heard = Event()
        self.ended_it = False
        self._tool = tool
        self._over = False
        self._watching = Thread(target=self._watch, name="silence of a tool", daemon=True)
        self._watching.start()

    def stop(self) -> None:
        self._over = True
        self.heard.set()
        self._watching.join()

    def _watch(self) -> None:
        while not self._over:
            if not self.heard.wait(SILENCE_LIMIT_S):
                self.ended_it = True
                _terminate(self._tool)
                return
            self.heard.clear()


def _lines(words: IO[str] | None) -> Iterator[str]:
    """As they come; of a long one its beginning."""
    assert words is not None
    while piece := words.readline(LINE_LIMIT):
        is_whole = piece.endswith("\n")
        yield piece if is_whole else f"{piece}\n"
        while not is_whole and piece:
            piece = words.readline(LINE_LIMIT)
            is_whole = piece.endswith("\n")


def _terminate(tool: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(tool.pid, signal.SIGTERM)  # mmdebstrap cleans up behind itself


def _kill(tool: subprocess.Popen[str], late: Event) -> None:
    late.set()
    with suppress(ProcessLookupError):
        os.killpg(tool.pid, signal.SIGKILL)


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"
