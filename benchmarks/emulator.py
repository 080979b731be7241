"""lambda-emu as a user runs it: `lambda-emu serve` in a process of its own, on a port of its own."""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from benchmarks.client import Address
from benchmarks.engine import containers_of
from benchmarks.functions import Functions
from benchmarks.waiting import wait_for

START_LIMIT_S = 120.0
STOP_LIMIT_S = 15.0
SECOND_LOOK_S = 0.4
STEMS = 2
COMMAND = [sys.executable, "-m", "lambda_emu"]
HEADER = "X-Lambda-Emu-Token"
_SERVES = re.compile(r" on http://([^:]+):(\d+) ")
_SETTLED = {"IDLE", "RESET", "STEM"}  # RESET: clean after a crash, and kept for the next invocation


class Emulator:
    """A running server with a data directory of its own, unless given. `close` ends it and all its containers."""

    def __init__(
        self,
        *options: str,
        project: Path | None = None,
        stems: int = STEMS,
        data_dir: Path | None = None,
        checkout: Path | None = None,
    ) -> None:
        """data_dir: one that is there already and stays. checkout: whose code runs, else this one's."""
        self.stems = stems
        self._undo = ExitStack()
        folder = Path(self._undo.enter_context(tempfile.TemporaryDirectory(prefix="lambda-emu-bench-")))
        empty = folder / "empty"
        empty.mkdir()
        self._errors = folder / "errors"
        self._data_dir = data_dir or folder / "data"
        flags = ["--port", "0", "--data-dir", str(self._data_dir), "--stems", str(stems), *options]
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [*_command(checkout), "serve", str(project or empty), *flags],
                stdout=subprocess.PIPE,
                stderr=errors,
                env=_plain_environment(),
                start_new_session=True,  # a Ctrl-C is ours to pass on, once
            )
        self._undo.callback(self._stop)
        try:
            self.address = self._wait_until_it_serves()
        except BaseException:
            self.close()
            raise
        self.functions = Functions(self.address.url)

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        self._undo.close()

    def states(self) -> Counter[str]:
        """How many environments are in each state."""
        file = self._data_dir / "token"
        token = file.read_text().strip() if file.exists() else ""  # an older checkout has none
        page = f"{self.address.url}/_lambda-emu/environments"
        with urllib.request.urlopen(urllib.request.Request(page, headers={HEADER: token}), timeout=30) as answer:
            return Counter(sight["state"] for sight in json.load(answer))

    def settle(self) -> None:
        """Wait until its stems are ready and no environment is on its way up or down."""
        try:
            wait_for(self._settled, "a server at rest")
        except TimeoutError as error:
            log = self._errors.read_text(errors="replace")
            raise TimeoutError(f"{error}; it has {dict(self.states())} and said:\n{log[-2000:]}") from error

    def _settled(self) -> bool:
        """Looks twice, and at the containers: one that is being made or removed is in no state, and is much work."""
        states = self.states()
        if states["STEM"] != self.stems or not set(states) <= _SETTLED:
            return False
        time.sleep(SECOND_LOOK_S)
        return self.states() == states and containers_of(self.pid) == states.total()

    def _wait_until_it_serves(self) -> Address:
        """Read its one line, which comes once requests are answered."""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while selector.select(START_LIMIT_S):
                line = self._process.stdout.readline().decode()
                found = _SERVES.search(line)
                if found:
                    return Address(found[1], int(found[2]))
                if not line:
                    break
        raise RuntimeError(f"the server does not serve:\n{self._errors.read_text(errors='replace')}")

    def _stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _command(checkout: Path | None) -> list[str]:
    return COMMAND if checkout is None else [str(checkout / ".venv/bin/python"), "-P", "-m", "lambda_emu"]


def image_of(runtime: str) -> str:
    """The image that functions of this runtime use here, built if it is missing."""
    image = _listed(runtime)
    if image is None:
        subprocess.run([*COMMAND, "runtimes", "build", runtime], check=True)
        image = _listed(runtime)
    assert image is not None
    return image


def _listed(runtime: str) -> str | None:
    listed = subprocess.run([*COMMAND, "runtimes", "list", "--json"], stdout=subprocess.PIPE, check=True).stdout
    rows = {row["runtime"]: row for row in map(json.loads, listed.splitlines())}
    image: str | None = rows[runtime]["image"]
    return image


def _plain_environment() -> dict[str, str]:
    """Ours without what would set the emulator otherwise than its defaults, or have Python compile it at each start."""
    others = ("LAMBDA_EMU_", "AWS_", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(others)}
