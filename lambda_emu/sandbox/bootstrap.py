"""What Lambda executes of a function, looked for as its environment will, without following a link on this machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from lambda_emu.binaries.bootstrap import BOOTSTRAPS
from lambda_emu.runtimes import Runtime
from lambda_emu.store.code.beneath import open_beneath
from lambda_emu.store.code.links import MAX_HOPS


def find_bootstrap(runtime: Runtime, task: Path, layers: Sequence[Path]) -> str | None:
    """What Lambda executes, by its path there; None: a custom runtime without a bootstrap.

    docs/contract/runtime.md#environment-variables.
    """
    if runtime.family != "provided":
        return "/var/runtime/bootstrap"
    code = CodeView(task, layers)
    return next((path for path in BOOTSTRAPS if code.has_file(path)), None)


class CodeView(Struct, frozen=True):
    """What a sandbox shows: `task` at /var/task, `layers` merged at /opt, the last one first."""

    task: Path
    layers: Sequence[Path]

    def has_file(self, path: str) -> bool:
        """Whether `path` is a file of the code. One that links lead out to is the sandbox's to find."""
        at: list[str] = []
        left, hops = path.split("/")[::-1], 0
        mode = stat.S_IFDIR
        while left:
            part = left.pop()
            if part in ("", "."):
                continue
            if part == "..":
                del at[-1:]
                continue
            at.append(part)
            if not self._shows(at):
                return True
            mode, target = self._look(at)
            if target is not None:
                hops += 1
                at = [] if target.startswith("/") else at[:-1]
                left += target.split("/")[::-1]
            if mode == 0 or hops > MAX_HOPS:
                return False
        return stat.S_ISREG(mode)

    def _shows(self, at: Sequence[str]) -> bool:
        return at[0] == "opt" or list(at[:2]) in (["var"], ["var", "task"])

    def _look(self, at: Sequence[str]) -> tuple[int, str | None]:
        """Mode of what is there, 0 for nothing; and where it leads, if it is a link."""
        folders, name = (self.layers, at[1:]) if at[0] == "opt" else ([self.task], at[2:])
        if not name:
            return stat.S_IFDIR, None
        for folder in reversed(folders):
            found = _look_beneath(folder, "/".join(name))
            if found is not None:
                return found
        return 0, None


def _look_beneath(folder: Path, name: str) -> tuple[int, str | None] | None:
    try:
        descriptor = open_beneath(folder, name, os.O_PATH)
    except OSError:
        return None
    try:
        mode = os.fstat(descriptor).st_mode
        return mode, os.readlink("", dir_fd=descriptor) if stat.S_ISLNK(mode) else None
    finally:
        os.close(descriptor)
