"""The border to Docker: what it raises becomes SandboxError."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import docker.errors
import requests

from lambda_emu.sandbox.base import NoEngine, SandboxError


@contextmanager
def engine_errors(what: str, *, first: bool = False) -> Iterator[None]:
    """What the engine or the way to it raises, as SandboxError saying what was tried. first: as NoEngine."""
    kind = NoEngine if first else SandboxError
    try:
        yield
    except docker.errors.ImageNotFound as error:
        raise kind(f"{what}: the image is gone: {error.explanation}") from error
    except docker.errors.APIError as error:
        raise kind(f"{what}: {error.explanation or error}") from error
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        raise kind(f"{what}: the Docker engine does not answer: {error}") from error
