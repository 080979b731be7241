"""Tags of what services have: a mapping here, a list of Key and Value on the wire. Each service bounds its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping

Tags = Mapping[str, str]


def tag_list(tags: Tags) -> list[dict[str, str]]:
    """In the order of their keys."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def without(tags: Tags, keys: Collection[str]) -> Tags:
    gone = frozenset(keys)
    return {key: value for key, value in tags.items() if key not in gone}
