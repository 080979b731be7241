"""ELF files as a linker writes them, as far as somebody reads who does not run them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from lambda_emu.binaries.needs import LOADERS

MACHINES = {"x86_64": 62, "arm64": 183, "i386": 3}
BASE = 0x400000
"""Where in memory the file begins."""
HEADERS = 64 + 3 * 56


def program(
    needs: Mapping[str, Sequence[str]] | None = None,
    architecture: str = "x86_64",
    loader: str | None = "",
    weak: Sequence[str] = (),
) -> bytes:
    """needs: versions by library. loader: the usual one unless said; None: nothing is loaded, and nothing needed."""
    if loader is None:
        return _header(architecture, 0)
    strings, at = bytearray(b"\0"), {}
    for word in (word for library, versions in (needs or {}).items() for word in (library, *versions)):
        at[word] = len(strings)
        strings += word.encode() + b"\0"
    interpreter = (loader or LOADERS[architecture]).encode() + b"\0"
    table = _table(needs or {}, at, weak)
    strings_at = HEADERS + len(interpreter)
    table_at = strings_at + len(strings)
    entries = [(1, at[library]) for library in needs or {}]
    entries += [(5, BASE + strings_at), (10, len(strings)), (0x6FFFFFFE, BASE + table_at), (0, 0)]
    dynamic = b"".join(struct.pack("<qQ", *entry) for entry in entries)
    dynamic_at = table_at + len(table)
    size = dynamic_at + len(dynamic)
    segments = [(1, 0, size), (2, dynamic_at, len(dynamic)), (3, HEADERS, len(interpreter))]
    headers = b"".join(struct.pack("<IIQQQQ16x", kind, 4, at, BASE + at, 0, length) for kind, at, length in segments)
    return _header(architecture, 3) + headers + interpreter + bytes(strings) + table + dynamic


def _header(architecture: str, segments: int) -> bytes:
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    return ident + struct.pack("<HHIQQQIHHHHHH", 3, MACHINES[architecture], 1, 0, 64, 0, 0, 64, 56, segments, 0, 0, 0)


def _table(needs: Mapping[str, Sequence[str]], at: Mapping[str, int], weak: Sequence[str]) -> bytes:
    """Version needs: each library, and behind it its versions."""
    table = b""
    for number, (library, versions) in enumerate(needs.items(), 1):
        following = 0 if number == len(needs) else 16 + 16 * len(versions)
        table += struct.pack("<HHIII", 1, len(versions), at[library], 16, following)
        for left, version in enumerate(reversed(range(len(versions)))):
            name = versions[left]
            table += struct.pack("<IHHII", 0, 2 if name in weak else 0, left, at[name], 16 if version else 0)
    return table
