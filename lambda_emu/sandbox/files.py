"""Putting unpacked code where a box sees it. Runs on workers."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from lambda_emu.sandbox.base import SandboxError


def link_tree(source: Path, target: Path) -> None:
    """Make `target`, which exists, show the files of `source` as hard links; copies on another file system.

    A file that is already there is replaced, so that a later layer wins.
    """
    for folder, _, files in os.walk(source, onerror=_refuse):
        into = target / os.path.relpath(folder, source)
        into.mkdir(exist_ok=True)
        into.chmod(0o755)  # whatever the umask: in the box another user reads it
        for name in files:
            _link(os.path.join(folder, name), str(into / name))
    for folder, folders, _ in os.walk(source, onerror=_refuse):  # links to folders, which walk lists as folders
        for name in folders:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                _link(path, str(target / os.path.relpath(path, source)))


def fill(task: Path, layers: Sequence[Path], into_task: Path, into_opt: Path) -> None:
    """Show `task` and the merged `layers` in two folders that a box has mounted. SandboxError if it fails."""
    try:
        link_tree(task, into_task)
        for layer in layers:
            link_tree(layer, into_opt)
    except OSError as error:
        raise SandboxError(f"the code could not be put in place: {error}") from error


def remove_tree(path: Path) -> None:
    """Remove a box's folder; a file that is gone already is no trouble."""
    shutil.rmtree(path, ignore_errors=True)


def _refuse(error: OSError) -> None:
    """What cannot be listed is not there, to walk; a function would start without its code."""
    raise error


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        os.unlink(target)
        _link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EMLINK, errno.EPERM):
            raise
        shutil.copy2(source, target, follow_symlinks=False)
