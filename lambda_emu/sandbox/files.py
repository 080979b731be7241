"""Putting unpacked code where a sandbox sees it. Runs on workers."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from lambda_emu.sandbox.base import SandboxError
from lambda_emu.store.code.unzip import MAX_FOLDERS


class TooManyFolders(SandboxError):
    """Code and layers together; each alone is held to it when it is unpacked."""

    def __init__(self) -> None:
        super().__init__(f"the code and its layers have more than {MAX_FOLDERS} folders")


def link_tree(source: Path, target: Path, copies: bool = False) -> int:
    """Make `target`, which exists, show the files of `source` as hard links; as copies on another file system.

    copies: always, for code that may write to what it sees.

    What is already there gives way, so that a later layer wins; a link is replaced, never followed, on either side.
    Returns how many folders it made. SandboxError beyond MAX_FOLDERS, OSError.
    """
    left, made, put = [""], 0, _copy if copies else _link
    while left:
        name = left.pop()
        into = os.path.join(target, name)
        made += _make_folder(into)
        if made > MAX_FOLDERS:
            raise TooManyFolders
        with os.scandir(os.path.join(source, name)) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    left.append(os.path.join(name, entry.name))
                else:
                    put(entry.path, os.path.join(into, entry.name))
    return made


def fill(task: Path, layers: Sequence[Path], into_task: Path, into_opt: Path, copies: bool = False) -> None:
    """Show `task` and the merged `layers` in two folders that a sandbox has mounted. SandboxError if it fails."""
    try:
        made = link_tree(task, into_task, copies)
        for layer in layers:
            made += link_tree(layer, into_opt, copies)
            if made > MAX_FOLDERS:
                raise TooManyFolders
    except OSError as error:
        raise SandboxError(f"the code could not be put in place: {error}") from error


def remove_tree(path: Path) -> None:
    """Remove a sandbox's folder; a file that is gone already is no trouble."""
    shutil.rmtree(path, ignore_errors=True)


def _make_folder(path: str) -> int:
    """1 for a new one. Its mode is ours, whatever the umask: in the sandbox another user reads it."""
    made = 1
    try:
        os.mkdir(path)
    except FileExistsError:
        if stat.S_ISDIR(os.lstat(path).st_mode):
            made = 0
        else:
            os.unlink(path)
            os.mkdir(path)
    os.chmod(path, 0o755)
    return made


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        _remove(target)
        _link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EMLINK, errno.EPERM):
            raise
        _copy(source, target)


def _copy(source: str, target: str) -> None:
    if os.path.lexists(target):  # it would be written through a link
        _remove(target)
    shutil.copy2(source, target, follow_symlinks=False)


def _remove(path: str) -> None:
    if stat.S_ISDIR(os.lstat(path).st_mode):
        shutil.rmtree(path)
    else:
        os.unlink(path)
