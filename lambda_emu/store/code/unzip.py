"""Unpacks a zip into a folder, and nowhere else: everything is planned before anything is written.

docs/contract/quotas.md.

Of two files of one name the last counts, as when one unpacks by hand. Modes become 0755 and 0644, whatever the zip and
the umask say. Links come last, so nothing is ever written through one.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, field

from lambda_emu.errors.code import InvalidZip, TooManyFolders, UnzippedTooLarge
from lambda_emu.model.changes.settings import UNZIPPED_LIMIT_BYTES
from lambda_emu.store.code.links import check_links
from lambda_emu.store.code.zip_reader import Entry, ZipReader, open_zip

MAX_FOLDERS = 10_000
"""Each is an inode and 4 KB of disk in every environment; files are hard links and cost neither."""
MAX_PATH_BYTES = 1024
MAX_PART_BYTES = 255
MAX_DEPTH = 100  # what removes and copies trees recurses
MAX_TARGET_BYTES = 1024

FOLDER_MODE = EXECUTABLE_MODE = 0o755
FILE_MODE = 0o644

_UNSAFE = re.compile(r"/|[a-zA-Z]:|.*[\\\0]", re.DOTALL)  # absolute, of a drive, or no name on Linux or Windows


def unpack(data: bytes | Path, tree: Path) -> int:
    """Make the folder `tree` of a zip and return the bytes of its files. InvalidZip, UnzippedTooLarge, OSError."""
    with open_zip(data) as file:
        reader = ZipReader(file)
        plan = _plan(reader.entries())
        links = {name: _target(reader, entry) for name, entry in plan.links.items()}
        check_links(links, MAX_DEPTH)
        _make_folder(tree)
        for name in sorted(plan.folders):
            _make_folder(tree / name)
        for name, entry in plan.files.items():
            _write(tree / name, reader, entry)
        for name, target in links.items():
            os.symlink(target, tree / name)
    return plan.unzipped_size


def measure(data: bytes | Path) -> int:
    """The bytes of a zip's files when they are unpacked. InvalidZip, UnzippedTooLarge, OSError."""
    with open_zip(data) as file:
        return _plan(ZipReader(file).entries()).unzipped_size


def safe_name(written: str) -> str:
    """A name below the tree, without its needless parts; "" for the tree itself. InvalidZip if it is not below it."""
    parts = [part for part in written.split("/") if part not in ("", ".")]
    bad = (
        _UNSAFE.match(written)
        or ".." in parts
        or len(parts) > MAX_DEPTH
        or len(os.fsencode(written)) > MAX_PATH_BYTES
        or any(len(os.fsencode(part)) > MAX_PART_BYTES for part in parts)
    )
    if bad:
        raise InvalidZip
    return "/".join(parts)


class _Plan(Struct):
    """What the tree will hold, by safe names."""

    files: dict[str, Entry] = field(default_factory=dict)
    links: dict[str, Entry] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)

    @property
    def unzipped_size(self) -> int:
        return sum(entry.size for entry in self.files.values())

    def add(self, entry: Entry) -> None:
        name = safe_name(entry.decoded_name)
        if entry.kind == stat.S_IFDIR:
            self.folders.add(name)
        elif not name or entry.name.endswith(b"/"):
            raise InvalidZip
        else:
            self._add_leaf(name, entry)
        while (name := name.rpartition("/")[0]) and name not in self.folders:
            self.folders.add(name)
        if len(self.folders) > MAX_FOLDERS:
            raise TooManyFolders(MAX_FOLDERS)

    def _add_leaf(self, name: str, entry: Entry) -> None:
        leaves = {stat.S_IFREG: self.files, stat.S_IFLNK: self.links}
        if entry.kind not in leaves:
            raise InvalidZip
        for others in leaves.values():
            others.pop(name, None)
        leaves[entry.kind][name] = entry


def _plan(entries: Sequence[Entry]) -> _Plan:
    plan = _Plan()
    for entry in entries:
        plan.add(entry)
    plan.folders.discard("")
    if not plan.folders.isdisjoint(plan.files) or not plan.folders.isdisjoint(plan.links):
        raise InvalidZip
    if plan.unzipped_size > UNZIPPED_LIMIT_BYTES:
        raise UnzippedTooLarge
    return plan


def _target(reader: ZipReader, entry: Entry) -> str:
    if not 0 < entry.size <= MAX_TARGET_BYTES:
        raise InvalidZip
    try:
        return b"".join(reader.chunks(entry)).decode()
    except UnicodeDecodeError:
        raise InvalidZip from None


def _make_folder(path: Path) -> None:
    path.mkdir()
    path.chmod(FOLDER_MODE)


def _write(path: Path, reader: ZipReader, entry: Entry) -> None:
    """An entry unpacks to no more than it claims, and all claims together were held against the limit."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "wb") as file:
        os.fchmod(descriptor, EXECUTABLE_MODE if entry.mode & 0o111 else FILE_MODE)
        for chunk in reader.chunks(entry):
            file.write(chunk)
