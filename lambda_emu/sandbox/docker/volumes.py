"""Images that declare a VOLUME, made anew without: Lambda ignores it, and Docker lets nobody do so.

Docker would make each of them writable, on this machine's disk and without a limit. Containers are made of an image of
ours instead, which is a configuration alone: its layers are those that the engine has already.
"""

from __future__ import annotations

import io
import json
import logging
import tarfile
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any

import docker
import docker.errors

from lambda_emu.sandbox.docker.client import OWNER_LABEL, engine_errors, has_owner

log = logging.getLogger(__name__)


def without_volumes(api: Any, seen: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """The image to make containers of: its like, which bears our labels; itself if it declares no volume.

    seen: what the engine says of it. SandboxError. An engine that takes no such image keeps volumes, which is told.
    """
    volumes = (seen["Config"] or {}).get("Volumes")
    if not volumes:
        return str(seen["Id"])
    configuration = _configuration(seen, labels)
    like = f"sha256:{sha256(configuration).hexdigest()}"
    with engine_errors("making an image without volumes"):
        if _is_there(api, like):
            return like
        with suppress(docker.errors.APIError):  # whatever it has against it
            deque(api.load_image(_packed(configuration, len(seen["RootFS"]["Layers"]))), 0)
        if _is_there(api, like):
            return like
    log.warning(
        "image %s declares volumes, which this engine keeps: %s can be written, without a limit",
        seen["Id"], ", ".join(sorted(volumes)),
    )  # fmt: skip
    return str(seen["Id"])


def remove_likes(client: docker.DockerClient, label: str) -> None:
    """Those that bear the label, but for what a container needs."""
    with engine_errors("removing images without volumes"):
        for image in client.api.images(filters={"label": label}):
            _remove(client.api, image["Id"])


def remove_left(client: docker.DockerClient) -> Iterator[str]:
    """Those whose emulator no longer runs, by their ids."""
    with engine_errors("looking for left images"):
        found = client.api.images(filters={"label": OWNER_LABEL})
    for image in found:
        if not has_owner(image["Labels"]) and _remove(client.api, image["Id"]):
            yield str(image["Id"])


def _remove(api: Any, id: str) -> bool:
    with suppress(docker.errors.APIError):  # it is in use, or somebody was faster
        api.remove_image(id)
        return True
    return False


def _is_there(api: Any, id: str) -> bool:
    try:
        api.inspect_image(id)
    except docker.errors.ImageNotFound:
        return False
    return True


def _configuration(seen: Mapping[str, Any], labels: Mapping[str, str]) -> bytes:
    config = {name: value for name, value in seen["Config"].items() if name != "Volumes"}
    config["Labels"] = {**(config.get("Labels") or {}), **labels}
    layers = {"type": "layers", "diff_ids": seen["RootFS"]["Layers"]}
    image = {"architecture": seen["Architecture"], "os": seen["Os"], "config": config, "rootfs": layers}
    return json.dumps(image, sort_keys=True).encode()


def _packed(configuration: bytes, layers: int) -> bytes:
    """As `docker save` would pack it, but for the layers: of those that are there the engine opens no file."""
    named = [{"Config": "config.json", "RepoTags": None, "Layers": [f"{number}.tar" for number in range(layers)]}]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in (("config.json", configuration), ("manifest.json", json.dumps(named).encode())):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()
