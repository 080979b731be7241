"""Writes a bundle: members by the hash of what they are, each once, then the manifest; all of it or no file."""

from __future__ import annotations

import fcntl
import json
import os
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import msgspec

from lambda_emu.disk import is_full
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.bundle.layers import PIECE, Reference, Source, split, write_recipe
from lambda_emu.sandbox.bundle.manifest import FORMAT, MANIFEST, BundledImage, BundledPart, Layer, Manifest, member_name

IN_MEMORY = 8_000_000
"""How much of a file is held there until it is known whether the bundle has it already."""
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""Of every member: the same images make the same file."""


class BundleWriter:
    """Into an open file, as long as the block runs. beside: a folder on its disk, for what memory has no room for."""

    def __init__(self, file: IO[bytes], beside: Path) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._beside = beside
        self._members: dict[str, int] = {}
        self._images: list[BundledImage] = []
        self._parts: dict[str, BundledPart] = {}

    def add_image(self, name: str, runtime: str, architecture: str, saved: IO[bytes]) -> None:
        """An image as an engine saves it: a tar with a manifest of its own."""
        found: dict[str, bytes | Layer] = {}
        with tarfile.open(fileobj=saved, mode="r|") as tar:
            for entry in tar:
                content = tar.extractfile(entry) if entry.isfile() else None
                if entry.issym():  # to a layer that is there twice
                    found[entry.name] = found[os.path.normpath(Path(entry.name).parent / entry.linkname)]
                elif content is not None:
                    found[entry.name] = content.read() if entry.size < PIECE else self._add_layer(content)
        (image,) = json.loads(_bytes(found["manifest.json"]))
        layers = [found[path] for path in image["Layers"]]
        self._images.append(
            BundledImage(
                name,
                runtime,
                architecture,
                self._add_member(BytesIO(_bytes(found[image["Config"]]))).digest,
                tuple(self._add_layer(BytesIO(one)) if isinstance(one, bytes) else one for one in layers),
            )
        )

    def add_part(self, key: str, runtime: str, tar: Source) -> None:
        """A folder of files. Several runtimes may have the same."""
        if key not in self._parts:
            self._parts[key] = BundledPart(key, runtime, self._add_layer(tar))

    def __enter__(self) -> BundleWriter:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self._write_manifest()
            self._zip.close()
        else:
            with suppress(OSError):  # on a full disk its end cannot be written either
                self._zip.close()

    def _write_manifest(self) -> None:
        manifest = Manifest(
            FORMAT, version("lambda-emu"), tuple(self._images), self._members, tuple(self._parts.values())
        )
        with self._zip.open(_entry(MANIFEST), "w") as member:
            member.write(msgspec.json.format(msgspec.json.encode(manifest)))

    def _add_layer(self, layer: Source) -> Layer:
        hashed = _Hashed(layer)
        with self._temporary() as recipe:
            size = write_recipe(split(hashed, lambda size: self._add_member(hashed, size)), recipe)
            recipe.seek(0)
            return Layer(hashed.digest, self._add_member(recipe).digest, size)

    def _add_member(self, source: Source, size: int | None = None) -> Reference:
        """So many bytes of what can be read, or all."""
        digest, total = sha256(), 0
        with self._temporary() as content:
            while piece := source.read(PIECE if size is None else min(PIECE, size - total)):
                digest.update(piece)
                content.write(piece)
                total += len(piece)
            content.seek(0)
            name = digest.hexdigest()
            if name not in self._members:
                self._members[name] = total
                self._write(member_name(name), content)
        return Reference(name, total)

    def _write(self, name: str, content: IO[bytes]) -> None:
        with self._zip.open(_entry(name), "w", force_zip64=True) as member:
            while piece := content.read(PIECE):
                member.write(piece)

    def _temporary(self) -> Any:
        return SpooledTemporaryFile(IN_MEMORY, dir=str(self._beside))


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, LONG_AGO)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _bytes(found: bytes | Layer) -> bytes:
    assert isinstance(found, bytes), "a description of 1 MB and more"
    return found


class _Hashed:
    """Reads a file, and knows the SHA-256 of what was read."""

    def __init__(self, file: Source) -> None:
        self._read = file.read
        self._hash = sha256()

    def read(self, size: int) -> bytes:
        piece = self._read(size)
        self._hash.update(piece)
        return piece

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


@contextmanager
def write_whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that gets its name when the block has ended well, and is gone otherwise. SandboxError, with the reason.

    What a process that was killed has left is overwritten.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with open(os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                file.truncate(0)
                yield file
                file.flush()
                os.fsync(file.fileno())
                part.rename(path)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
    except BlockingIOError as error:
        raise SandboxError(f"{path} is being written by another lambda-emu") from error
    except OSError as error:
        full = f"there is not enough room on the disk of {path.parent}" if is_full(error) else error.strerror
        raise SandboxError(f"{path} could not be written: {full}") from error
