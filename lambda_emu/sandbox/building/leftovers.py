"""What builds leave in the cache: what a killed one had begun, and parts that no build has used for long."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lambda_emu.folders import Purpose, is_ours
from lambda_emu.sandbox.building.cache import try_lock

DAY_S = 86_400
KEPT_UNUSED_S = 14 * DAY_S
"""Other checkouts and other versions of lambda-emu have images and parts of the same runtimes, and want them."""
PARTS = ("parts", "code", "clients")
"""The last is what earlier versions had."""


def remove_leftovers(cache: Path, now_s: float) -> Iterator[Path]:
    """Remove it, and yield what that was. A folder that is not ours is left alone."""
    if not is_ours(cache, Purpose.CACHE):
        return
    for begun in _folders(cache / "build"):
        with suppress(PermissionError), begun.with_name(f"{begun.name}.lock").open("w") as lock:
            if try_lock(lock) and _remove(begun):
                yield begun
    for part in (part for name in PARTS for part in _folders(cache / name)):
        if now_s - part.stat().st_mtime > KEPT_UNUSED_S and _remove(part):
            yield part


def _remove(folder: Path) -> bool:
    """Whether it is gone: it may be another user's."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_dir() and not path.is_symlink())
