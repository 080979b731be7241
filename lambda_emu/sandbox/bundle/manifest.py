"""What a bundle says of itself, and why one is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from lambda_emu.sandbox.base import SandboxError

MANIFEST = "lambda-emu-bundle.json"
FORMAT = 1
MAX_MANIFEST_BYTES = 64_000_000
MAX_IMAGE_BYTES = 10 * 1024**3
"""Lambda's own limit of an image. docs/contract/quotas.md."""
_BLOB = re.compile(r"blobs/([0-9a-f]{64})")


class Layer(Struct, frozen=True):
    """digest: of the layer as it is joined. recipe: the member that says how. size: joined, in bytes."""

    digest: str
    recipe: str
    size: int


class BundledImage(Struct, frozen=True):
    """One image. name: what the engine calls it, with the hash of its recipe if it is ours. config: a member."""

    name: str
    runtime: str
    architecture: str
    config: str
    layers: tuple[Layer, ...]

    @property
    def size(self) -> int:
        return sum(layer.size for layer in self.layers)


class BundledPart(Struct, frozen=True):
    """A part of images that functions run on without Docker too. key: its folder's name in the cache. layer: a tar."""

    key: str
    runtime: str
    layer: Layer


class Manifest(Struct, frozen=True):
    """format: of the file. made_by: the version of lambda-emu. members: by their SHA-256, how many bytes each has."""

    format: int
    made_by: str
    images: tuple[BundledImage, ...]
    members: Mapping[str, int]
    parts: tuple[BundledPart, ...] = ()


class BadBundle(SandboxError):
    """A file that is no whole bundle. Nothing of it was loaded."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path} {what}. Nothing of it was loaded")


def member_name(digest: str) -> str:
    return f"blobs/{digest}"


def digest_of(name: str) -> str | None:
    """The SHA-256 in a member's name; None for a name that no member has."""
    found = _BLOB.fullmatch(name)
    return found and found[1]


def read_manifest(path: Path, content: bytes) -> Manifest:
    """BadBundle for one of another format, or of none."""
    try:
        told = msgspec.json.decode(content, type=_Any)
    except (ValueError, RecursionError) as error:
        raise BadBundle(path, f"has a manifest that cannot be read ({error})") from error
    if told.format > FORMAT:
        raise BadBundle(
            path, f"was made by lambda-emu {told.made_by}, whose bundles this version cannot read: update it"
        )
    try:
        return msgspec.json.decode(content, type=Manifest)
    except (ValueError, RecursionError) as error:
        raise BadBundle(path, f"has a manifest that cannot be read ({error})") from error


class _Any(Struct, frozen=True):
    """What a manifest of any format has."""

    format: int
    made_by: str


class Imported(Struct, frozen=True):
    """What became of one thing in a bundle. refused: why it is not there; was_there: so that nothing was to do."""

    name: str
    was_there: bool = False
    refused: str | None = None
