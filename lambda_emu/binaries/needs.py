"""Whether Lambda's systems have what compiled code asks for. A rule without I/O.

Amazon Linux 2: https://docs.aws.amazon.com/AL2/latest/relnotes/relnotes-al2.html; 2023:
https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html, with the libstdc++ of its GCC 14.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from lambda_emu.binaries.scan import Binary

Version = tuple[int, ...]


class System(Struct, frozen=True):
    """A system that AWS runs functions on. has: the newest of each family of versions that there is."""

    name: str
    has: Mapping[str, Version]


SYSTEMS = {
    "al1": System("Amazon Linux 1", {"GLIBC": (2, 17)}),
    "al2": System("Amazon Linux 2", {"GLIBC": (2, 26), "GLIBCXX": (3, 4, 24)}),
    "al2023": System("Amazon Linux 2023", {"GLIBC": (2, 34), "GLIBCXX": (3, 4, 33)}),
}
BRINGS = {"GLIBC": "libc.so.6", "GLIBCXX": "libstdc++.so.6"}
"""Code that brings this library brings all of the family."""
MEANS = {"GLIBC_ABI_DT_RELR": "GLIBC_2.36"}
"""What no number says."""
LOADERS = {"x86_64": "/lib64/ld-linux-x86-64.so.2", "arm64": "/lib/ld-linux-aarch64.so.1"}

_VERSION = re.compile(r"(GLIBC|GLIBCXX)_(\d{1,6}(?:\.\d{1,6}){1,3})")


class TooNew(Struct, frozen=True):
    """A program that asks for more than a system has. version: `GLIBC_2.38`; has: the newest there is, `2.34`."""

    binary: Binary
    version: str
    has: str


def too_new(binaries: Iterable[Binary], system: System, architecture: str, brought: Iterable[str]) -> list[TooNew]:
    """Those for this architecture, the one that asks for most first. brought: libraries that the code brings."""
    has = {family: version for family, version in system.has.items() if BRINGS[family] not in brought}
    found = [
        ((family, *(-part for part in needs)), TooNew(binary, version, _text(has[family])))
        for binary in binaries
        if binary.elf.architecture == architecture
        for family, needs, version in _newest(binary)
        if family in has and needs > has[family]
    ]
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _newest(binary: Binary) -> Iterator[tuple[str, Version, str]]:
    """Of each family the newest that it asks for."""
    newest: dict[str, Version] = {}
    for versions in binary.elf.versions.values():
        for version in versions:
            match = _VERSION.fullmatch(MEANS.get(version, version))
            if match is not None:
                number = tuple(map(int, match[2].split(".")))
                newest[match[1]] = max(number, newest.get(match[1], ()))
    for family, number in newest.items():
        yield family, number, f"{family}_{_text(number)}"


def _text(version: Version) -> str:
    return ".".join(map(str, version))
