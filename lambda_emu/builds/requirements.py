"""What a requirements.txt says beside names of packages: other files, folders of packages, where packages are had."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from msgspec import Struct

from lambda_emu.builds.methods import read_start

REQUIREMENTS = "requirements.txt"
MOST_FILES = 20
"""Of those that name each other."""
OTHERS = ("-r", "--requirement")
CONSTRAINTS = ("-c", "--constraint")
EDITABLE = ("-e", "--editable")
_WHICH = frozenset((*CONSTRAINTS, *EDITABLE, "--require-hashes", "--only-binary", "--no-binary"))
"""Options that say which packages there are, and not where they are had."""
_OPTION = re.compile(r"\s*(-[a-z]|--[a-z][a-z-]*)[ \t=]*(.*)")
_COMMENT = re.compile(r"(^|\s)#.*$")
_PATH = re.compile(r"(?:[^@]*@\s*)?(?:file:(?://)?)?([./][^;\[#]*)")
"""As pip knows one: it begins so, or stands after `@ file:`."""


class Line(Struct, frozen=True):
    """option: `-r` and such; None of a line that is a requirement. value: the rest. file: that it stands in."""

    option: str | None
    value: str
    file: Path

    def text(self) -> str:
        """The same from anywhere, of a package that is to be edited the package as it is: code runs where it is not."""
        if self.option in EDITABLE or self.option is None:
            return self.value
        there = self.file.parent / self.value
        return f"{self.option} {os.path.abspath(there) if self.value and there.exists() else self.value}".strip()


def places(file: Path) -> Iterator[str]:
    """The lines that say where packages are had, of the files that it names too."""
    yield from (line.text() for line in _lines(file) if line.option is not None and line.option not in _WHICH)


def for_use(file: Path, scratch: Path) -> Path:
    """It, or a file with the same in it where packages are to be edited, which cannot be installed elsewhere."""
    lines = [*_lines(file)]
    if not any(line.option in EDITABLE for line in lines):
        return file
    written = scratch / REQUIREMENTS
    written.write_text("".join(f"{line.text()}\n" for line in lines), encoding="utf-8", errors="replace")
    return written


def named(file: Path) -> set[Path]:
    """Other files and folders that say what is installed, as far as they are here."""
    found = set()
    for line in _lines(file):
        found.add(line.file)
        if line.option in CONSTRAINTS:
            found.add(line.file.parent / line.value)
        elif (line.option is None or line.option in EDITABLE) and (path := _PATH.match(line.value)) is not None:
            found.add(file.parent / unquote(path[1].strip()))  # pip looks from the folder that it works in
    return {path.resolve() for path in found if path.exists()} - {file.resolve()}


def _lines(file: Path, above: frozenset[Path] = frozenset()) -> Iterator[Line]:
    """In place of one that names another file the lines of that."""
    for text in read_start(file).replace("\\\n", " ").splitlines():
        said = _COMMENT.sub("", text).strip()
        option = _OPTION.fullmatch(said)
        if option is None:
            if said:
                yield Line(None, said, file)
            continue
        name, value = option.groups()
        other = file.parent / value
        if name in OTHERS and other.is_file() and other not in above and len(above) < MOST_FILES:
            yield from _lines(other, above | {file, other})
        else:
            yield Line(name, value, file)
