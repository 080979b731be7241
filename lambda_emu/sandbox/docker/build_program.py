"""What the process that builds an image does: it has the Docker engine build, and prints what that says.

As `sam build` it asks the engine's API, so that no `docker` has to be installed beside it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, cast

IGNORED = ".dockerignore"
MOST_CONTEXT_BYTES = 10 * 1024**3
"""As much as an image of Lambda's may have."""


class ContextTooLarge(Exception):
    def __init__(self, context: Path) -> None:
        super().__init__(
            f"{context} has more than {MOST_CONTEXT_BYTES // 1024**3} GB; say in its {IGNORED} what is not needed"
        )


def main(request: Mapping[str, Any]) -> None:
    """request: as `builds.images` tells it. Exits with 1 where that fails."""
    import docker
    import docker.errors
    from requests import RequestException

    try:
        client = docker.from_env(timeout=request["limit_s"])
        with _packed(request) as context:
            events = client.api.build(
                fileobj=context,
                custom_context=True,
                dockerfile=request["dockerfile"],
                tag=request["name"],
                buildargs=request["arguments"],
                target=request["target"] or None,
                platform=request["platform"],
                rm=True,
                forcerm=True,
                decode=True,
            )
            is_built = _follow(events)
    except (docker.errors.DockerException, RequestException, OSError, ContextTooLarge) as error:
        print(error)
        is_built = False
    sys.exit(0 if is_built else 1)


def context_paths(context: Path, dockerfile: str, left_out: Iterable[str]) -> Collection[str]:
    """What of a context the engine gets, links as links: all but what its .dockerignore names. left_out: names."""
    from docker.utils.build import exclude_paths

    patterns = [*_ignored(context), *(f"**/{name}" for name in left_out)]
    return cast(Collection[str], exclude_paths(str(context), patterns, dockerfile=dockerfile))


def _packed(request: Mapping[str, Any]) -> IO[bytes]:
    """The context as the engine takes it, without what its .dockerignore names, nor our own data. ContextTooLarge."""
    from docker.utils.build import create_archive

    context = Path(request["context"])
    paths = context_paths(context, request["dockerfile"], request["left_out"])
    size = 0
    for path in paths:
        size += os.lstat(context / path).st_size
        if size > MOST_CONTEXT_BYTES:
            raise ContextTooLarge(context)
    nameless = TemporaryFile()  # noqa: SIM115, the caller closes it; whatever ends us, its room is free again
    return cast(IO[bytes], create_archive(str(context), files=sorted(paths), fileobj=nameless))


def _ignored(context: Path) -> list[str]:
    try:
        lines = (context / IGNORED).read_text(errors="replace").splitlines()
    except OSError:
        return []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _follow(events: Iterable[Mapping[str, Any]]) -> bool:
    """Whether it is built. What steps print is printed, and of pulls which images they are of."""
    for event in events:
        if "error" in event:
            print(event["error"], flush=True)
            return False
        said = str(event.get("stream") or "").rstrip()
        if said:
            print(said, flush=True)
        elif str(event.get("status", "")).startswith("Pulling from"):
            print(f"{event['status']}:{event.get('id', '')}", flush=True)
    return True
