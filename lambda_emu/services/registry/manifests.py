"""What manifests of images say, as far as a registry reads them. https://github.com/opencontainers/image-spec"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

MOST_LAYERS = 4200
"""As ECR."""
MOST_OF_LIST = 64
"""Images for processors, and what is said of each."""
OF_IMAGES = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
)
OF_LISTS = (
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class OddManifest(ValueError):
    """Its text says what is odd."""


def read_manifest(text: str) -> Mapping[str, Any]:
    """OddManifest."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OddManifest("it is no JSON") from error
    if not isinstance(said, dict):
        raise OddManifest("it is no object")
    return said


def blobs_of(said: Mapping[str, Any], media_type: str) -> list[str]:
    """The digests of an image's configuration and layers; a list of images has none. OddManifest."""
    if media_type in OF_LISTS:
        return []
    layers = said.get("layers")
    return _digests([said.get("config"), *(layers if isinstance(layers, list) else [None])], MOST_LAYERS + 1)


def images_of(said: Mapping[str, Any]) -> list[str]:
    """The digests of a list's images. OddManifest."""
    return _digests(said.get("manifests"), MOST_OF_LIST)


def held_by(text: str) -> set[str]:
    """The digests of all blobs that an image has, of whatever was ever taken as its manifest."""
    try:
        said = read_manifest(text)
    except OddManifest:
        return set()
    layers = said.get("layers")
    found = [said.get("config"), *(layers if isinstance(layers, list) else ())]
    digests = (one.get("digest") for one in found if isinstance(one, dict))
    return {digest for digest in digests if isinstance(digest, str)}


def _digests(members: Any, most: int) -> list[str]:
    """OddManifest."""
    if not isinstance(members, list) or len(members) > most:
        raise OddManifest(f"it has no list of up to {most} members")
    found = [one.get("digest") if isinstance(one, dict) else None for one in members]
    if not all(isinstance(one, str) and DIGEST.fullmatch(one) for one in found):
        raise OddManifest("what it is made of has no digest of SHA-256")
    return [str(one) for one in found]
