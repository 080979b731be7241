"""Reads a bundle, which may come from anywhere: what it says is bounded, and is checked before anybody believes it."""

from __future__ import annotations

import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO

import msgspec

from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.bundle.layers import BLOCK, PIECE, NotARecipe, Reference, read_recipe
from lambda_emu.sandbox.bundle.manifest import (
    MANIFEST,
    MAX_IMAGE_BYTES,
    MAX_MANIFEST_BYTES,
    BadBundle,
    BundledImage,
    Layer,
    Manifest,
    digest_of,
    member_name,
    read_manifest,
)

DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError, OSError),
)
"""What Python says of a zip that was changed: of its structure, compression, end, flags, names, sizes and places."""


class BundleReader:
    """An open bundle. BadBundle for what is none."""

    def __init__(self, path: Path, file: zipfile.ZipFile) -> None:
        self._path = path
        self._zip = file
        self.manifest = self._read_manifest()

    def verify(self, progress: Callable[[str], None]) -> None:
        """Read it all once: every member is what its name says, and every layer can be joined. BadBundle."""
        names = self._zip.namelist()
        if sorted(names) != sorted([MANIFEST, *map(member_name, self.manifest.members)]):
            raise BadBundle(self._path, "holds other files than its manifest says, or some twice")
        total, done = sum(self.manifest.members.values()), 0
        for digest, size in self.manifest.members.items():
            self._verify_member(digest, size)
            if done // 100_000_000 != (done + size) // 100_000_000:
                progress(f"checking: {(done + size) // 1_000_000} of {total // 1_000_000} MB")
            done += size
        for image in self.manifest.images:
            self._verify_image(image)
        for part in self.manifest.parts:
            if part.layer.size > MAX_IMAGE_BYTES:
                raise BadBundle(self._path, f"has a client of {part.runtime} that is larger than 10 GB")
            self._verify_layers(f"a client of {part.runtime}", [part.layer])

    def save(self, image: BundledImage) -> Iterator[bytes]:
        """The image as an engine loads it, once `verify` has said that it is whole."""
        config, layers = f"{image.config}.json", {layer.digest: layer for layer in image.layers}
        told = [{"Config": config, "RepoTags": [image.name], "Layers": [f"{one.digest}.tar" for one in image.layers]}]
        manifest = msgspec.json.encode(told)
        yield from tar_entry("manifest.json", len(manifest), [manifest])
        yield from tar_entry(config, self.manifest.members[image.config], self._pieces(image.config))
        for layer in layers.values():
            yield from tar_entry(f"{layer.digest}.tar", layer.size, self.join(layer))
        yield bytes(2 * BLOCK)

    def config(self, image: BundledImage) -> bytes:
        """What the engine knows of an image besides its layers: JSON."""
        return b"".join(self._pieces(image.config))

    def _read_manifest(self) -> Manifest:
        if MANIFEST not in self._zip.NameToInfo:
            raise BadBundle(self._path, "is not a bundle that lambda-emu made")
        with self._member(MANIFEST) as file:
            content = file.read(MAX_MANIFEST_BYTES + 1)
        if len(content) > MAX_MANIFEST_BYTES:
            raise BadBundle(self._path, "has a manifest that is too large")
        return read_manifest(self._path, content)

    @contextmanager
    def _member(self, name: str) -> Iterator[IO[bytes]]:
        """To be read in this block and nothing else done. BadBundle where it cannot, now or any more."""
        try:
            with self._zip.open(name) as file:
                yield file
        except DAMAGED as error:
            raise BadBundle(self._path, f"is damaged ({error})") from error

    def _verify_member(self, digest: str, size: int) -> None:
        found, total = sha256(), 0
        with self._member(member_name(digest)) as file:
            while piece := file.read(PIECE):
                found.update(piece)
                total += len(piece)
                if total > size:
                    break
        if (found.hexdigest(), total) != (digest, size):
            raise BadBundle(self._path, f"is damaged: {member_name(digest)} has another checksum")

    def _verify_image(self, image: BundledImage) -> None:
        """That it can be joined of what is there, to layers of the size it says, and no more than an image may have."""
        members = self.manifest.members
        if image.config not in members or members[image.config] > PIECE or image.size > MAX_IMAGE_BYTES:
            raise BadBundle(self._path, f"has an image {image.name} that is larger than 10 GB, or not whole")
        self._verify_layers(f"an image {image.name}", image.layers)

    def _verify_layers(self, what: str, layers: Sequence[Layer]) -> None:
        members = self.manifest.members
        for layer in layers:
            left = layer.size
            for piece in self._recipe(layer):
                is_there = not isinstance(piece, Reference) or members.get(piece.digest) == piece.size
                left -= piece.size if isinstance(piece, Reference) else len(piece)
                if left < 0 or not is_there:
                    left = -1
                    break
            if left != 0 or digest_of(member_name(layer.digest)) is None:
                raise BadBundle(self._path, f"has {what} whose layers are not as it says")

    def _recipe(self, layer: Layer) -> Iterator[bytes | Reference]:
        if layer.recipe not in self.manifest.members:
            raise BadBundle(self._path, "has a layer that is not whole")
        with self._member(member_name(layer.recipe)) as recipe:
            try:
                yield from read_recipe(recipe)
            except NotARecipe as error:
                raise BadBundle(self._path, "has a layer that is not whole") from error

    def join(self, layer: Layer) -> Iterator[bytes]:
        """The bytes of a layer, once `verify` has said that it is whole."""
        for piece in self._recipe(layer):
            if isinstance(piece, Reference):
                yield from self._pieces(piece.digest)
            else:
                yield piece

    def _pieces(self, digest: str) -> Iterator[bytes]:
        with self._member(member_name(digest)) as file:
            yield from iter(lambda: file.read(PIECE), b"")


@contextmanager
def open_bundle(path: Path) -> Iterator[BundleReader]:
    """BadBundle, or SandboxError where there is no such file."""
    try:
        file: IO[bytes] = path.open("rb")
    except OSError as error:
        raise SandboxError(f"{path} could not be read: {error.strerror}") from error
    with file:
        try:
            zipped = zipfile.ZipFile(file)
        except DAMAGED as error:
            raise BadBundle(path, "is not a bundle of lambda-emu, or its end is missing") from error
        with zipped:
            yield BundleReader(path, zipped)


def tar_entry(name: str, size: int, content: Iterable[bytes], may_run: bool = False) -> Iterator[bytes]:
    """A file of a tar."""
    head = tarfile.TarInfo(name)
    head.size, head.mode = size, 0o755 if may_run else 0o644
    yield head.tobuf(tarfile.GNU_FORMAT)
    yield from content
    yield bytes(-size % BLOCK)
