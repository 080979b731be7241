"""Symbolic links of a tree: whether they stay inside, followed as the system would. A rule without I/O.

An absolute one means a place of the execution environment (/opt, /tmp, /var/task): it is kept as it is, and nothing of
ours may follow it on this machine.
"""

from __future__ import annotations

from collections.abc import Mapping

from lambda_emu.errors.code import InvalidZip

MAX_HOPS = 40  # as Linux


def check_links(links: Mapping[str, str], max_depth: int) -> None:
    """Raise InvalidZip for a relative link that leaves the tree or goes in circles. links: name to target."""
    resolver = _Resolver(links, max_depth)
    for name in links:
        resolver.resolve(name, MAX_HOPS)


class _Resolver:
    """Follows each link once: `..` after a link is the parent of where it leads, not of the link."""

    def __init__(self, links: Mapping[str, str], max_depth: int) -> None:
        self._links = links
        self._max_depth = max_depth
        self._known: dict[str, list[str] | None] = {}

    def resolve(self, name: str, hops: int) -> list[str] | None:
        """The parts of the path where a link leads; None where an absolute link leads away from the tree."""
        if name not in self._known:
            self._known[name] = self._follow(name, hops)
        return self._known[name]

    def _follow(self, name: str, hops: int) -> list[str] | None:
        target = self._links[name]
        if hops == 0 or "\0" in target:
            raise InvalidZip
        if target.startswith("/"):
            return None
        at = name.split("/")[:-1]
        for part in target.split("/"):
            if part == "..":
                if not at:
                    raise InvalidZip
                at.pop()
            elif part not in ("", "."):
                step = self._step([*at, part], hops)
                if step is None:
                    return None
                at = step
        return at

    def _step(self, at: list[str], hops: int) -> list[str] | None:
        if len(at) > self._max_depth:
            raise InvalidZip
        path = "/".join(at)
        if path not in self._links:
            return at
        known = self.resolve(path, hops - 1)
        return None if known is None else list(known)
