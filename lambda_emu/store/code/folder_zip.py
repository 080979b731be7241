"""A folder as a zip: the same files make the same bytes, whenever and by whomever they were written."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from lambda_emu.errors.code import InvalidZip, TooManyFolders, UnzippedTooLarge
from lambda_emu.model.changes.settings import UNZIPPED_LIMIT_BYTES
from lambda_emu.store.code.beneath import open_beneath
from lambda_emu.store.code.unzip import EXECUTABLE_MODE, FILE_MODE, FOLDER_MODE, MAX_FOLDERS, safe_name
from lambda_emu.store.code.zip_reader import CHUNK_BYTES, MAX_ENTRIES
from lambda_emu.store.schema import DATABASE

SKIPPED = frozenset({".git", ".aws-sam", ".lambda-emu", "__pycache__", ".venv"})
SKIPPED_BELOW = frozenset({("node_modules", ".cache")})

SOURCES = (".py", ".js", ".mjs", ".cjs", ".rb")

NO_FILE = "is neither a file nor a folder"
TOO_MANY = f"has more than {MAX_ENTRIES} files and folders"

_UNIX = 3
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first a zip can tell


class UnusableFolder(ValueError):
    """A folder that cannot be code, with the path at fault."""

    def __init__(self, path: str | Path, why: str) -> None:
        super().__init__(f"{path} {why}")


def write_folder(folder: Path, out: BinaryIO) -> None:
    """Zip what is in `folder`, uncompressed. UnusableFolder, UnzippedTooLarge, OSError.

    Links to files inside become files, links to folders inside stay links, links to nothing are left out.
    """
    root = os.path.realpath(folder)
    total = folders = 0
    with ZipFile(out, "w", ZIP_STORED) as zip_file:
        for count, entry in enumerate(code_in(root), 1):
            folders += entry.is_dir(follow_symlinks=False)
            if folders > MAX_FOLDERS:
                raise TooManyFolders(MAX_FOLDERS)
            if count > MAX_ENTRIES:
                raise UnusableFolder(folder, TOO_MANY)
            total += _add(zip_file, root, entry, UNZIPPED_LIMIT_BYTES - total)
        if not zip_file.infolist():
            raise UnusableFolder(folder, "has no files")


def is_source(file: Path) -> bool:
    """Whether a file alone is code, which runs as it is; any other must be a zip."""
    return file.suffix in SOURCES or file.name == "bootstrap"


def write_file(file: Path, out: BinaryIO) -> None:
    """Zip one file under its own name, uncompressed. UnusableFolder, UnzippedTooLarge, OSError."""
    path = os.path.realpath(file)
    descriptor = open_beneath(os.path.dirname(path), os.path.basename(path))
    with ZipFile(out, "w", ZIP_STORED) as zip_file:
        _add_file(zip_file, _name(os.path.dirname(file), str(file)), path, descriptor, UNZIPPED_LIMIT_BYTES)


def code_in(folder: str, without: Collection[str] = ()) -> Iterator[os.DirEntry[str]]:
    """What of a folder is code: everything below, parents first, by name, but for SKIPPED and other names."""
    parent = os.path.basename(folder)
    with os.scandir(folder) as found:
        entries = sorted(islice(found, MAX_ENTRIES + 1), key=lambda entry: entry.name)
    for entry in entries:
        is_folder = entry.is_dir(follow_symlinks=False)
        if entry.name in SKIPPED or entry.name in without or (parent, entry.name) in SKIPPED_BELOW:
            continue
        if is_folder and _is_data_directory(entry.path):
            continue
        yield entry
        if is_folder:
            yield from code_in(entry.path, without)


def _is_data_directory(path: str) -> bool:
    """Under whatever name: it grows while the zip is written into it."""
    return os.path.lexists(os.path.join(path, DATABASE))


def _add(zip_file: ZipFile, root: str, entry: os.DirEntry[str], room: int) -> int:
    """Add one path and return how many bytes of files that was, at most `room`."""
    name = _name(root, entry.path)
    target = os.path.realpath(entry.path)
    if entry.is_symlink():
        if os.path.commonpath((root, target)) != root:
            raise UnusableFolder(entry.path, f"leads out of {root}, to {target}")
        if not os.path.exists(target):
            return 0
    if os.path.isdir(target):
        _add_folder(zip_file, name, entry, target)
        return 0
    if not os.path.isfile(target):
        raise UnusableFolder(entry.path, NO_FILE)
    return _add_file(zip_file, name, entry.path, open_beneath(root, os.path.relpath(target, root)), room)


def _name(root: str, path: str) -> str:
    name = os.path.relpath(path, root)
    try:
        name.encode()
        return safe_name(name)
    except (UnicodeEncodeError, InvalidZip):
        raise UnusableFolder(repr(path), "has a name that cannot be in a zip") from None


def _add_folder(zip_file: ZipFile, name: str, entry: os.DirEntry[str], target: str) -> None:
    if entry.is_symlink():
        link = os.path.relpath(target, os.path.dirname(entry.path))
        zip_file.writestr(_info(name, stat.S_IFLNK | 0o777), link)
    else:
        zip_file.writestr(_info(name + "/", stat.S_IFDIR | FOLDER_MODE), b"")


def _add_file(zip_file: ZipFile, name: str, path: str, descriptor: int, room: int) -> int:
    with open(descriptor, "rb") as source:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnusableFolder(path, NO_FILE)
        if status.st_size > room:
            raise UnzippedTooLarge
        info = _info(name, stat.S_IFREG | (EXECUTABLE_MODE if status.st_mode & 0o111 else FILE_MODE))
        size = 0
        with zip_file.open(info, "w") as packed:
            while chunk := source.read(CHUNK_BYTES):
                size += len(chunk)
                if size > room:  # it grows while it is read
                    raise UnzippedTooLarge
                packed.write(chunk)
    return size


def _info(name: str, mode: int) -> ZipInfo:
    info = ZipInfo(name, _EPOCH)
    info.create_system = _UNIX
    info.external_attr = mode << 16
    return info
