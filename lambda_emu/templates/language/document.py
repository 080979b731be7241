"""A template as data that JSON could say too, and the line of each of its values.

Short forms such as `!Ref Name` become what they stand for, {"Ref": "Name"}. What bounds a file is Document's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from lambda_emu.project.declarations import ProjectError
from lambda_emu.project.document import Document, Value, forget
from lambda_emu.templates.language.shapes import wrong_shapes

Place = tuple[str | int, ...]
"""Where a value is: ("Resources", "Hello", "Properties", "Layers", 0)."""

MAX_DEPTH = 64
FUNCTIONS = frozenset(
    {"And", "Base64", "Cidr", "Equals", "FindInMap", "ForEach", "GetAZs", "GetAtt", "GetStackOutput"}
    | {"If", "ImportValue", "Join", "Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform"}
)
OF_RULES = frozenset(("Contains", "EachMemberEquals", "EachMemberIn", "RefAll", "ValueOf", "ValueOfAll"))
"""Those that stand in the section `Rules` alone."""
SECTIONS = (
    *("AWSTemplateFormatVersion", "Transform", "Description", "Metadata", "Parameters", "Rules", "Mappings"),
    *("Conditions", "Globals", "Resources", "Outputs", "Hooks"),
)


class Template(Struct, frozen=True):
    """One file. body: its sections. lines: by place, of what the file says itself."""

    file: Path
    body: Mapping[str, Any]
    lines: Mapping[Place, int]

    def section(self, name: str) -> Mapping[str, Any]:
        """One that may be absent."""
        found: Mapping[str, Any] = self.body.get(name) or {}
        return found

    def line(self, place: Place) -> int:
        """Of a value, or of the nearest above it that the file has."""
        for length in range(len(place), 0, -1):
            if (found := self.lines.get(place[:length])) is not None:
                return found
        return 1

    def where(self, place: Place) -> str:
        """`template.yaml:12: Resources.Hello.Properties.Timeout`."""
        return f"{self.file.name}:{self.line(place)}: {write_place(place)}"


def write_place(place: Place) -> str:
    """`Resources.Hello.Properties.Layers[0]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def read_template(file: Path, text: bytes | None = None) -> Template:
    """Raises ProjectError, with every mistake, for what is no template. text: in place of what the file says."""
    document = Document(file, text)
    reading = _Reading(document)
    body = reading.read(document.root, ()) if document.root is not None else {}
    forget()
    if not document.mistakes and not _is_template(body):
        raise ProjectError([f"{file.name}:1: is no template: Resources must be a mapping of names to resources"])
    if document.mistakes:
        raise ProjectError(document.mistakes)
    template = Template(file, body, reading.lines)
    if wrong := [f"{template.where(place)}: {text}" for place, text in wrong_shapes(body)]:
        raise ProjectError(wrong)
    return template


def read_snippet(file: Path, text: bytes | None = None) -> Any:
    """What stands in a file that a template includes. text: in place of what the file says. ProjectError."""
    document = Document(file, text)
    found = None if document.root is None else _Reading(document).read(document.root, (file.name,))
    forget()
    if document.mistakes:
        raise ProjectError(document.mistakes)
    return found


def _is_template(body: Any) -> bool:
    return isinstance(body, dict) and isinstance(body.get("Resources"), dict)


class _Reading:
    """Mistakes are the document's."""

    def __init__(self, document: Document) -> None:
        self.lines: dict[Place, int] = {}
        self._document = document

    def read(self, value: Value, place: Place) -> Any:
        """None after a mistake."""
        self.lines[place] = value.line
        if len(place) > MAX_DEPTH:
            self._document.mistake(value, f"nested deeper than {MAX_DEPTH}")
            return None
        tag = value.node.tag
        return self._function(value, tag[1:], place) if tag.startswith("!") else self._data(value, place)

    def _data(self, value: Value, place: Place) -> Any:
        if value.is_list:
            return [self.read(item, (*place, number)) for number, item in enumerate(self._document.items(value))]
        if value.is_mapping and not value.is_null:
            known = SECTIONS if not place else None
            members = self._document.members(value, known)
            return {name: self.read(member, (*place, name)) for name, member in members.items()}
        return self._document.data(value)

    def _function(self, value: Value, name: str, place: Place) -> Any:
        is_of_rules = place[:1] == ("Rules",) and name in OF_RULES
        if name not in FUNCTIONS and name not in ("Ref", "Condition") and not is_of_rules:
            self._document.mistake(value, f"!{name} is no function of templates")
            return None
        argument = self._data(value, place)
        if name in ("Ref", "Condition"):
            return {name: argument}
        if name == "GetAtt" and isinstance(argument, str):
            argument = argument.split(".", 1)
        return {f"Fn::{name}": argument}
