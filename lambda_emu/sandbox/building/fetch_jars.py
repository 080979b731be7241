"""Fetches jars with jgo, a client of Maven's registry. A program of its own: what it imports is in a folder of ours."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree


def fetch(client: str, kept: Path, folder: Path, coordinates: Sequence[str]) -> None:
    """Jars into `folder`, named without their version. client: the folder that has jgo. kept: what came before."""
    sys.path.insert(0, client)
    from jgo.maven import MavenContext  # type: ignore[import-not-found]

    mirror = _mirror(Path.home() / ".m2/settings.xml")
    context = MavenContext(repo_cache=kept, remote_repos={"mirror": mirror} if mirror else None)
    for one in coordinates:
        group, artifact, version, *classifier = one.split(":")
        found = context.project(group, artifact).at_version(version).artifact(*classifier).resolve()
        (folder / f"{artifact}.jar").write_bytes(found.read_bytes())


def _mirror(settings: Path) -> str | None:
    """The user's own of Maven Central, as Maven is told of it."""
    mirrors = ElementTree.parse(settings).iterfind(".//{*}mirror") if settings.is_file() else ()
    of = [(one.findtext("{*}mirrorOf", "").strip(), one.findtext("{*}url", "").strip()) for one in mirrors]
    return next((url for names, url in of if {"*", "central", "external:*"} & set(names.split(","))), None)


if __name__ == "__main__":
    fetch(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
