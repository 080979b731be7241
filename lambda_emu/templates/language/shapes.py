"""The shapes that what all templates have must be of, whatever their resources are. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MAPPINGS = ("Conditions", "Globals", "Mappings", "Metadata", "Outputs", "Parameters", "Rules")
"""The sections that have names."""
GET_ATT = "Fn::GetAtt"


def wrong_shapes(body: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Where one is not, and what must be there. body: of no more levels than a template may have."""
    for name in MAPPINGS:
        if body.get(name) is not None and not isinstance(body[name], Mapping):
            yield (name,), "must be a mapping"
    if not all(map(_is_macro, _listed(body.get("Transform") or []))):
        yield ("Transform",), "must be a name, a mapping with Name, or a list of these"
    for name, resource in body["Resources"].items():
        if isinstance(resource, Mapping) and not all(
            isinstance(one, str) for one in _listed(resource.get("DependsOn") or [])
        ):
            yield ("Resources", name, "DependsOn"), "must be the name of a resource, or a list of them"
    for name in ("Conditions", "Outputs", "Resources"):
        yield from _functions(body.get(name), (name,))


def _functions(node: Any, place: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(node, list):
        for number, item in enumerate(node):
            yield from _functions(item, (*place, number))
    if not isinstance(node, Mapping):
        return
    if len(node) == 1:
        said = node.get(GET_ATT, "")
        if not isinstance(said, str) and not (isinstance(said, list) and said and isinstance(said[0], str | Mapping)):
            yield (*place, GET_ATT), "must be the name of a resource and of an attribute"
            return
        if not isinstance(node.get("Ref", ""), str):
            yield (*place, "Ref"), "must be a name"
            return
    for name, member in node.items():
        yield from _functions(member, (*place, name))


def _is_macro(said: Any) -> bool:
    return isinstance(said, str) or (isinstance(said, Mapping) and isinstance(said.get("Name"), str))


def _listed(said: Any) -> list[Any]:
    return said if isinstance(said, list) else [said]
