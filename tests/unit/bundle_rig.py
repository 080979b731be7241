"""Bundles of images as tests make and read them."""

from __future__ import annotations

import io
import json
import random
import resource
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO

from lambda_emu.sandbox.bundle.layers import SHARED_FROM
from lambda_emu.sandbox.bundle.reader import open_bundle
from lambda_emu.sandbox.bundle.writer import BundleWriter, write_whole

RANDOM = random.Random(11)
LARGE = RANDOM.randbytes(3 * SHARED_FROM + 5)
MB = 1_000_000


def layer(files: Mapping[str, bytes]) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return output.getvalue()


def saved(*layers: bytes, links: Mapping[str, str] = {}, architecture: str = "amd64") -> bytes:
    """An image as Docker saves it, its description at the end. links: layers that are others once more."""
    digests = [f"sha256:{sha256(one).hexdigest()}" for one in layers]
    config = json.dumps({"architecture": architecture, "rootfs": {"type": "layers", "diff_ids": digests}}).encode()
    paths = [f"{number}/layer.tar" for number in range(len(layers))]
    told = [{"Config": "c.json", "RepoTags": ["any"], "Layers": [*paths, *links]}]
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        for path, content in [*zip(paths, layers, strict=True), ("c.json", config)]:
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        for path, target in links.items():
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
        manifest = json.dumps(told).encode()
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(manifest)
        tar.addfile(entry, io.BytesIO(manifest))
    return output.getvalue()


def bundle(path: Path, *images: bytes) -> Path:
    with write_whole(path) as file, BundleWriter(file, path.parent) as writer:
        for number, image in enumerate(images):
            writer.add_image(f"lambda-emu/test:{number}", "provided.al2023", "x86_64", io.BytesIO(image))
    return path


def loaded(path: Path) -> list[dict[str, bytes]]:
    """What an engine would be given of each image: its layers, its description and the list of both."""
    found = []
    with open_bundle(path) as reader:
        reader.verify(lambda _: None)
        for image in reader.manifest.images:
            with tarfile.open(fileobj=io.BytesIO(b"".join(reader.save(image)))) as tar:
                found.append({entry.name: read(tar.extractfile(entry)) for entry in tar})
    return found


def read(file: IO[bytes] | None) -> bytes:
    assert file is not None
    return file.read()


def layers_of(image: Mapping[str, bytes]) -> list[bytes]:
    (told,) = json.loads(image["manifest.json"])
    return [image[path] for path in told["Layers"]]


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file grows beyond this meanwhile, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
