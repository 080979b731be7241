"""The border to Docker: what it raises becomes SandboxError."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import docker.errors
import requests

from lambda_emu.sandbox.base import NoEngine, SandboxError

NO_ACCESS = "this user may not ask it (not in the group docker?)"


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
        raise kind(f"{what}: the Docker engine does not answer: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """What the system said first, without the libraries' words around it."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, PermissionError):
            return NO_ACCESS
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return str(error)
