"""A folder for what is being made, while nobody else, in this process or another, makes the same."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lambda_emu.sandbox.building.tool_runner import Progress, ToolRunner


@contextmanager
def scratch_folder(cache: Path, what: str, tools: ToolRunner, progress: Progress) -> Iterator[Path]:
    """On the file system of what is kept, and empty: what was left there by who was killed goes first.

    SandboxError, also when the tools are closed meanwhile.
    """
    scratch = cache / "build" / what
    with tools.alone(scratch.with_name(f"{what}.lock"), f"another build of {what}", progress):
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
