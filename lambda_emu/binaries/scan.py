"""Looks through a folder of code for programs and libraries: files below it alone, no link, and not without end."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from lambda_emu.binaries.elf import Elf, read_elf
from lambda_emu.clock import Clock
from lambda_emu.store.code.beneath import open_beneath

LIBRARY = re.compile(r"\.(so|node)(\.|$)")
OWN_LIBRARIES = ("libc.so.6", "libstdc++.so.6")
"""Code that brings these does without Lambda's."""


class Bounds(Struct, frozen=True):
    """How much of a folder is looked at."""

    files: int = 50_000
    binaries: int = 5_000
    time_s: float = 10.0


class Binary(Struct, frozen=True):
    """A program or library. name: below the folder."""

    name: str
    elf: Elf


class Findings(Struct, frozen=True):
    """brought: which of OWN_LIBRARIES are there. whole: whether everything was looked at."""

    binaries: tuple[Binary, ...]
    brought: frozenset[str]
    whole: bool


class Code(Struct, frozen=True):
    """A folder of a function's code, or a layer's, and what is in it. shown: where Lambda has it."""

    shown: str
    folder: Path
    findings: Findings

    @property
    def binaries(self) -> list[Binary]:
        """By their names on Lambda."""
        return [Binary(f"{self.shown}/{one.name}", one.elf) for one in self.findings.binaries]


BOUNDS = Bounds()


def scan(folder: Path, clock: Clock, bounds: Bounds = BOUNDS) -> Findings:
    """What is in a folder. OSError."""
    until_s = clock.monotonic_s() + bounds.time_s
    binaries: list[Binary] = []
    brought: set[str] = set()
    for seen, (descriptor, way, name) in enumerate(walk(folder)):
        if seen >= bounds.files or len(binaries) >= bounds.binaries or clock.monotonic_s() > until_s:
            return Findings(tuple(binaries), frozenset(brought), whole=False)
        if name in OWN_LIBRARIES:
            brought.add(name)
        found = _read(descriptor, name)
        if found is not None:
            binaries.append(Binary(way + name, found))
    return Findings(tuple(binaries), frozenset(brought), whole=True)


def walk(folder: Path) -> Iterator[tuple[int, str, str]]:
    """A descriptor of the folder that each is in, the way to that, and its name. No folder is entered by a link."""
    for above, folders, names, descriptor in os.fwalk(folder, onerror=_fail):
        folders.sort()
        way = "" if above == str(folder) else f"{os.path.relpath(above, folder)}/"
        for name in sorted(names):
            yield descriptor, way, name


def names_in(folder: Path, name: str) -> list[str]:
    """What a folder below it has, or itself by no name; nothing where it is none."""
    try:
        descriptor = open_beneath(folder, name, os.O_DIRECTORY) if name else os.open(folder, os.O_DIRECTORY)
    except OSError:
        return []
    try:
        return sorted(os.listdir(descriptor))
    finally:
        os.close(descriptor)


def _fail(error: OSError) -> None:
    raise error


def _read(folder: int, name: str) -> Elf | None:
    """Only what may be executed, or has the name of a library, is opened."""
    mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    if not stat.S_ISREG(mode) or not (mode & 0o111 or LIBRARY.search(name)):
        return None
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        return read_elf(file)
    finally:
        os.close(file)
