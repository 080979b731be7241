"""Fn::ForEach of AWS::LanguageExtensions, expanded before anything else is read. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.project.declarations import ProjectError
from lambda_emu.templates.language.document import Place, Template
from lambda_emu.templates.language.intrinsics import Resolver, not_yet

MACRO = "AWS::LanguageExtensions"
LOOP = "Fn::ForEach::"
MOST_NODES = 100_000
MOST_CHARACTERS = 10_000_000
"""That loops make in all."""


def expand_loops(template: Template, values: Mapping[str, Any]) -> Template:
    """The template with what its loops say in their place, in their lines. values: of parameters. ProjectError."""
    said = template.body.get("Transform")
    if MACRO not in (said if isinstance(said, list) else [said]):
        return template
    expanding = _Expanding(template, values)
    body = expanding.expand(template.body, (), {})
    return Template(template.file, body, expanding.lines)


class _Expanding:
    def __init__(self, template: Template, values: Mapping[str, Any]) -> None:
        self.lines: dict[Place, int] = dict(template.lines)
        self._template = template
        self._values = values
        self._left = MOST_NODES
        self._characters_left = MOST_CHARACTERS

    def expand(self, node: Any, place: Place, here: Mapping[str, str]) -> Any:
        """here: what the loops around it have their names mean."""
        if isinstance(node, str):
            return self._filled(node, place, here)
        if not isinstance(node, dict | list):
            return node
        if here:
            self._left -= 1 + len(node)
            if self._left < 0:
                raise self._wrong(place, f"makes more than {MOST_NODES} members")
        if isinstance(node, list):
            return [self.expand(item, (*place, number), here) for number, item in enumerate(node)]
        if len(node) == 1 and isinstance(node.get("Ref"), str) and node["Ref"] in here:
            return self._filled(f"${{{node['Ref']}}}", place, here)
        found: dict[str, Any] = {}
        for name, member in node.items():
            if name.startswith(LOOP):
                found |= self._loop(member, (*place, name), here)
            else:
                found[self._filled(name, place, here)] = self.expand(member, (*place, name), here)
        return found

    def _loop(self, said: Any, place: Place, here: Mapping[str, str]) -> dict[str, Any]:
        if not isinstance(said, list) or len(said) != 3 or not isinstance(said[2], dict):
            raise self._wrong(place, "must be a list of a name, a list of texts, and a mapping")
        found: dict[str, Any] = {}
        for item in self._items(self.expand(said[1], (*place, 1), here), place):
            made = self.expand(said[2], (*place, 2), {**here, str(said[0]): item})
            for name in made.keys() & found.keys():
                raise self._wrong(place, f"makes {name} twice")
            found |= made
        for name in found:
            self.lines.setdefault((*place[:-1], name), self._template.line(place))
        return found

    def _items(self, collection: Any, place: Place) -> Iterator[str]:
        """A list of texts, or what a function of parameters, mappings and conditions gives."""
        if isinstance(collection, dict):
            resolver = Resolver(self._template, self._values, {}, not_yet)
            collection = resolver.value(collection, (*place, 1))
            if resolver.mistakes:
                raise ProjectError(resolver.mistakes)
        if not isinstance(collection, list):
            raise self._wrong(place, "goes over a list of texts, or a function that gives one before anything is made")
        return map(str, collection)

    def _filled(self, text: str, place: Place, here: Mapping[str, str]) -> str:
        """`${Name}` is the item; in `&{Name}` without what a logical id cannot have. Counted before it is made."""
        for name, item in here.items():
            for written, meant in ((f"${{{name}}}", item), (f"&{{{name}}}", "".join(filter(str.isalnum, item)))):
                if times := text.count(written):
                    self._characters_left -= times * len(meant)
                    if self._characters_left < 0:
                        raise self._wrong(place, f"makes more than {MOST_CHARACTERS} characters")
                    text = text.replace(written, meant)
        self._characters_left -= len(text) if here else 0
        return text

    def _wrong(self, place: Place, text: str) -> ProjectError:
        return ProjectError([f"{self._template.where(place)}: {text}"])
