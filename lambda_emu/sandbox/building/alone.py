"""A folder in the cache for what is being made, while nobody else, in this process or another, makes the same."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lambda_emu.folders import NotOurs, Purpose, claim
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building.tool_runner import Progress, ToolRunner


def claim_cache(cache: Path) -> None:
    """What is made goes into the cache folder. SandboxError for one that holds what we did not put there."""
    try:
        claim(cache, Purpose.CACHE, _is_older)
    except (NotOurs, OSError) as error:
        raise SandboxError(str(error)) from error


def _is_older(cache: Path) -> bool:
    """Whether we made it before we marked what we make: locks of builds and clients named by a hash, nothing else."""
    locks = {path.name for path in cache.glob("build/*.lock")}
    builds = {path.name for path in cache.glob("build/*")} - locks
    clients = cache.glob("clients/*")
    return (
        {path.name for path in cache.iterdir()} <= {"build", "clients"}
        and {f"{name}.lock" for name in builds} <= locks
        and all(re.fullmatch("[0-9a-f]{16}", path.name) for path in clients)
    )


@contextmanager
def scratch_folder(cache: Path, what: str, tools: ToolRunner, progress: Progress) -> Iterator[Path]:
    """On the file system of what is kept, and empty: what was left there by who was killed goes first.

    SandboxError: the cache folder is a stranger's, or the tools are closed meanwhile.
    """
    claim_cache(cache)
    scratch = cache / "build" / what
    with tools.alone(scratch.with_name(f"{what}.lock"), f"another build of {what}", progress):
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
