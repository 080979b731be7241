"""Images of functions that the engine keeps for us: those that a Dockerfile was built to, and those of our registry."""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from lambda_emu.arn import REGION
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building.leftovers import KEPT_UNUSED_S
from lambda_emu.sandbox.docker.client import engine_errors, inspect_image
from lambda_emu.sandbox.docker.old_images import last_used_s

log = logging.getLogger(__name__)

BUILT = "lambda-emu-built"
"""How names of those begin that a Dockerfile was built to."""
MOST_BUILT = 32
"""Each change of a context makes one. Those that whoever builds has asked for stay, however many."""
MOST_BUILT_BYTES = 50 * 1024**3
"""Of all, as the engine tells each: what they have in common counts with each."""
JUST_USED_S = 3600.0
"""What was used so lately stays too: another process may be about to run it."""
ANSWERS_S = 1.0
_PULLED = re.compile(
    rf"(?P<host>127\.0\.0\.1|localhost):(?P<port>\d{{1,5}})/\d{{12}}/{REGION}/[^@]+@sha256:.+", re.ASCII
)


class Built(Struct, frozen=True):
    name: str
    used_s: float
    size_bytes: int


def remove_surplus(api: Any, asked: Collection[str], now_s: float) -> None:
    """Of what was built, where it is too many or too much; what was used last stays, and what a container uses.

    asked: names that stay. SandboxError.
    """
    for name in surplus(_built(api, BUILT, asked), now_s):
        _remove(api, name)


def surplus(built: Sequence[Built], now_s: float) -> list[str]:
    """Names of those that may go, the one that was used last first."""
    found, size_bytes = [], 0
    for number, one in enumerate(sorted(built, key=lambda one: -one.used_s)):
        size_bytes += one.size_bytes
        if (number >= MOST_BUILT or size_bytes > MOST_BUILT_BYTES) and one.used_s < now_s - JUST_USED_S:
            found.append(one.name)
    return found


def remove_unused(api: Any, now_s: float, *, however_new: bool = False, built: str = BUILT) -> Iterator[str]:
    """What was built and not used for long, and what was pulled from a registry of ours that no longer answers.

    Yields names. What a container uses stays. however_new: of what was built all go. built: how names
    of that begin.
    """
    for one in _built(api, built, ()):
        if (however_new or now_s - one.used_s > KEPT_UNUSED_S) and _remove(api, one.name):
            yield one.name
    with engine_errors("looking for images that were pulled"):
        images = api.images()
    ports: dict[tuple[str, int], bool] = {}
    for image in images:
        for pulled in _pulled_names(image):
            at = pulled["host"], int(pulled["port"])
            if at not in ports:
                ports[at] = _answers(*at)
            if not ports[at] and _remove(api, pulled[0]):
                yield pulled[0]


def _built(api: Any, below: str, but: Collection[str]) -> list[Built]:
    with engine_errors("looking for images that nobody wants"):
        names = [name for image in api.images(name=f"{below}/*") for name in image["RepoTags"] or ()]
    found = {name: inspect_image(api, name) for name in names if name not in but}
    return [Built(name, last_used_s(one), one["Size"]) for name, one in found.items() if one is not None]


def _pulled_names(image: Mapping[str, Any]) -> list[re.Match[str]]:
    return [found for name in image.get("RepoDigests") or () if (found := _PULLED.fullmatch(name)) is not None]


def _answers(host: str, port: int) -> bool:
    """Whether anybody listens there: a server that runs may be about to run what it had pulled."""
    try:
        socket.create_connection((host, port), ANSWERS_S).close()
    except (OSError, OverflowError):
        return False
    return True


def _remove(api: Any, name: str) -> bool:
    try:
        with engine_errors(f"removing {name}"):
            api.remove_image(name)
    except SandboxError as error:
        log.info("%s stays: %s", name, error)
        return False
    return True
