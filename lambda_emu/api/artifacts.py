"""Where GetFunction's Code.Location leads: the zip itself, by its hash. AWS presigns a URL of S3 for this."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from lambda_emu.api.token import OWN
from lambda_emu.errors.resources import NotFound
from lambda_emu.model.function.function import Artifact
from lambda_emu.store import Store

if TYPE_CHECKING:
    from flask import Response

PREFIX = f"{OWN}artifacts/"
RULE = PREFIX + "<name>"
_NAME = re.compile(r"[A-Za-z0-9_-]{43}=")


def location(base_url: str, sha256: str) -> str:
    """The URL at which the zip with this CodeSha256 can be fetched."""
    return base_url + PREFIX + sha256.replace("+", "-").replace("/", "_")


def resolved_object(code: Artifact) -> dict[str, str | None] | None:
    """ResolvedS3Object: only code in REFERENCE mode has one."""
    if code.reference is None:
        return None
    return {
        "S3Bucket": code.reference.bucket,
        "S3Key": code.reference.key,
        "S3ObjectVersion": code.reference.version,
    }


def view(store: Store) -> Callable[[str], Response]:
    """The view behind `location`."""
    from flask import send_file  # here: who deploys needs only the URL, and Flask is slow to import

    def artifact(name: str) -> Response:
        if _NAME.fullmatch(name):
            path = store.artifacts.zip_path(name.replace("-", "+").replace("_", "/"))
            if path.is_file():
                return send_file(path, mimetype="application/zip")
        raise NotFound("The specified key does not exist.")

    return artifact
