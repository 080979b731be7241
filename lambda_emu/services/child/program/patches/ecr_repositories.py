"""Repositories of ECR whose images are kept here: their URIs are those of the registry on our own port.

What of a push moto has otherwise: the digest, the size, and an image whose tag went to a newer one, which stays.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from lambda_emu.services.registry.manifests import (
    MOST_LAYERS,
    OF_IMAGES,
    OF_LISTS,
    OddManifest,
    blobs_of,
    held_by,
    images_of,
    read_manifest,
)
from lambda_emu.services.registry.names import Repository, registry_host


def replace_repositories(url: str) -> None:
    """url: of our own server. What was kept by an earlier run has the URI of this one too."""
    from moto.ecr import models

    host, ours = registry_host(url), models.Repository

    def uri(one: Any) -> str:
        return f"{host}/{Repository(one.registry_id, one.region_name, one.name).path}"

    ours.uri = property(uri, lambda *_: None)  # type: ignore[assignment]
    models.Image.get_image_size_in_bytes = _size  # type: ignore[assignment, method-assign]
    put = models.ECRBackend.put_image

    def put_image(
        self: Any,
        repository_name: str,
        image_manifest: str,
        image_tag: str | None,
        image_manifest_mediatype: str | None = None,
        digest: str | None = None,
    ) -> Any:
        repository = self._get_repository(repository_name)
        _check_manifest(image_manifest, image_manifest_mediatype)
        digest = digest or f"sha256:{sha256(image_manifest.encode()).hexdigest()}"
        same = next((one for one in repository.images if one.image_manifest == image_manifest), None)
        if image_tag is None and same is not None:
            return same
        for other in self._resolve_image_tag_mutability(repository, image_tag):
            if other is not same:
                other.remove_tag(image_tag)
                other.image_tag = next(iter(other.image_tags), None)
        return put(self, repository_name, image_manifest, image_tag, image_manifest_mediatype, digest)  # type: ignore[arg-type]

    models.ECRBackend.put_image = put_image  # type: ignore[method-assign]


def _check_manifest(manifest: str, media_type: str | None) -> None:
    """As the registry does, of the kinds that it knows. AWS's text for JSON that is no manifest is another (?)."""
    from moto.ecr.exceptions import InvalidParameterException

    try:
        said = read_manifest(manifest)
        kind = media_type or said.get("mediaType")
        if kind in OF_LISTS:
            images_of(said)
        if kind in OF_IMAGES or "layers" in said:
            blobs_of(said, str(kind))
    except OddManifest as error:
        text = "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'"
        raise InvalidParameterException(text) from error


def _size(image: Any) -> int | None:
    """Of its layers, as they were pushed; None: of a list of images."""
    said = json.loads(image.image_manifest)
    layers = said.get("layers") if isinstance(said, dict) else None
    if not isinstance(layers, list):
        return None
    sizes = (one.get("size") for one in layers[:MOST_LAYERS] if isinstance(one, dict))
    return sum(size for size in sizes if isinstance(size, int))


def held_blobs(account: str) -> dict[str, dict[str, list[str]]]:
    """What images have, by region and repository."""
    from moto.ecr.models import ecr_backends

    return {
        region: {name: sorted(_held(one)) for name, one in list(backend.repositories.items())}
        for region, backend in (list(ecr_backends[account].items()) if account in ecr_backends else [])
    }


def _held(repository: Any) -> set[str]:
    return set().union(*(held_by(image.image_manifest) for image in list(repository.images)))
