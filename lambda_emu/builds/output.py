"""What was built, copied to where somebody wants it: a folder for each function and layer."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from lambda_emu.builds.fingerprint import LEFT_OUT
from lambda_emu.folders import NOBODYS, Purpose, is_ours, mark


class NoOutput(Exception):
    """Nothing can be put there; the text says why, and nothing was changed."""


class Output:
    """A folder that we made, or one to make. What an earlier build left in it goes with what takes its place.

    wanted: the folder of each one's code by its name, of which parts are parted by slashes. NoOutput, OSError.
    """

    def __init__(self, folder: Path, wanted: Mapping[str, Path]) -> None:
        self._folder = folder.resolve()
        for name in wanted:
            _check_name(name, wanted)
        for code in wanted.values():
            self._check_apart(code.resolve(), wanted)
        if self._folder.exists() and not is_ours(self._folder, Purpose.BUILT):
            self._check_empty()

    def put(self, name: str, code: Path) -> Path:
        """The folder that has it now. OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        mark(self._folder, Purpose.BUILT)
        target = self._folder / name
        if target.exists():
            shutil.rmtree(target)
        shutil.copytree(code, target, symlinks=True, ignore=_left_out)
        return target

    def _check_empty(self) -> None:
        if others := set(os.listdir(self._folder)) - NOBODYS:
            raise NoOutput(
                f"{self._folder} holds other files ({min(others)}), which lambda-emu did not put there: "
                "name a new or an empty folder by --output"
            )

    def _check_apart(self, code: Path, wanted: Mapping[str, Path]) -> None:
        """No code is copied into itself, and none is removed for what takes its place."""
        for target in (self._folder, *(self._folder / name for name in wanted)):
            if target.is_relative_to(code) and not LEFT_OUT & {*target.relative_to(code).parts}:
                raise NoOutput(f"{self._folder} is in {code}, which is code: name a folder elsewhere by --output")
            if target != self._folder and code.is_relative_to(target):
                raise NoOutput(f"{target} has code in it that is to be built: name another folder by --output")


def _check_name(name: str, wanted: Mapping[str, Path]) -> None:
    if not name or any(part in ("", ".", "..") for part in name.split("/")) or "\0" in name:
        raise NoOutput(f"{name!r} names no folder below --output")
    for above in _above(name):
        if above in wanted:
            raise NoOutput(f"{above!r} and {name!r} would be in one folder")


def _above(name: str) -> Iterator[str]:
    return (str(one) for one in PurePosixPath(name).parents)


def _left_out(_: str, names: list[str]) -> set[str]:
    return set(names) & LEFT_OUT
