"""Images of ours that nobody wants. Others share the engine: checkouts and versions, which have other recipes."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import docker.errors

from lambda_emu.sandbox.building.image_plan import LABEL, is_ours
from lambda_emu.sandbox.building.leftovers import KEPT_UNUSED_S
from lambda_emu.sandbox.docker.client import engine_errors

log = logging.getLogger(__name__)

IMPORTED = "Imported from"
"""How an image of ours was made, as the engine says it. One that somebody builds on it inherits our label alone."""


def remove_unwanted(api: Any, kept: Mapping[str, str], now_s: float, *, others: bool = False) -> Iterator[str]:
    """Remove those that nobody has run for long, or whose name went to a newer build; yields what they were called.

    kept: by its label, the name of the image that stays of each runtime; runtimes that are not named keep theirs.
    others: remove all but those, however old. What containers use stays.
    """
    with engine_errors("looking for images that nobody wants"):
        found = api.images(filters={"label": LABEL})
    for image in found:
        label, names = f"{LABEL}={image['Labels'][LABEL]}", _names(image)
        if label not in kept or kept[label] in names:
            continue
        if _may_go(api, image["Id"], now_s, others):
            with engine_errors(f"removing image {image['Id']}"):
                try:
                    api.remove_image(image["Id"])
                except docker.errors.APIError as error:
                    log.info("image %s stays: %s", image["Id"], error.explanation)
                else:
                    yield names[0] if names else str(image["Id"]).removeprefix("sha256:")[:12]


def last_used_s(image: Mapping[str, Any]) -> float:
    """When an image was last named, or made, in seconds since the epoch. Engines that note no names leave that out."""
    named = (image.get("Metadata") or {}).get("LastTagTime") or image["Created"]
    return max(_epoch_s(named), _epoch_s(image["Created"]))


def _may_go(api: Any, id: str, now_s: float, others: bool) -> bool:
    with engine_errors(f"looking at image {id}"):
        try:
            image = api.inspect_image(id)
        except docker.errors.ImageNotFound:  # somebody else's build removed it
            return False
    names = image["RepoTags"] or []
    if not names:
        return str(image.get("Comment", "")).startswith(IMPORTED)
    return all(map(is_ours, names)) and (others or now_s - last_used_s(image) > KEPT_UNUSED_S)


def _names(image: Mapping[str, Any]) -> list[str]:
    return [name for name in image["RepoTags"] or () if not name.startswith("<none>")]


def _epoch_s(text: str) -> float:
    """Of a time as engines write it, in Go's way: to the nanosecond, and the year 1 for never."""
    seconds = datetime.fromisoformat(f"{text[:19]}+00:00")
    return max(0.0, (seconds - datetime.fromtimestamp(0, UTC)).total_seconds())
