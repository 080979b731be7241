"""A folder for what is being made, while nobody else, in this process or another, makes the same."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building.tool_runner import Progress

LOCK_POLL_S = 0.2


@contextmanager
def scratch_folder(cache: Path, what: str, closing: Event, progress: Progress) -> Iterator[Path]:
    """On the file system of what is kept, and empty: what was left there by who was killed goes first.

    closing: set when nothing more is made. SandboxError.
    """
    scratch = cache / "build" / what
    scratch.parent.mkdir(parents=True, exist_ok=True)
    with scratch.with_name(f"{what}.lock").open("w") as file:
        _lock(file.fileno(), what, closing, progress)
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _lock(file: int, what: str, closing: Event, progress: Progress) -> None:
    """Poll for it: a thread that blocks in the kernel could not be told that we close."""
    waiting = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if not waiting:
                progress(f"waiting for another build of {what}")
            waiting = True
        if closing.wait(LOCK_POLL_S):
            raise SandboxError("lambda-emu is ending; nothing more is built")
