"""What a target gets: the event, a part of it, a text of the rule's own, or one with parts of the event in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Raw, Struct

from lambda_emu.services.eventbridge.errors import EventsError, ParameterInvalid
from lambda_emu.services.eventbridge.event import Envelope, ingested
from lambda_emu.services.eventbridge.paths import MISSING, at_path, parse_path, read_raw, write_raw

RESERVED = (
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
)
_PIECE = re.compile(r'\\.|"|<(?P<name>[A-Za-z0-9_.-]+)>|[^\\"<]+|.', re.DOTALL)


class InputInvalid(EventsError):
    """A target whose input cannot be."""


class Occasion(Struct, frozen=True):
    """Of a rule that wants an event. came_s: when that came to the bus."""

    rule_arn: str
    rule_name: str
    event: Envelope
    came_s: float


def check_input(target: Mapping[str, Any]) -> None:
    """InputInvalid, ParameterInvalid."""
    id = target["Id"]
    given = [name for name in ("Input", "InputPath", "InputTransformer") if target.get(name) not in (None, "")]
    if len(given) > 1:
        raise InputInvalid(f"Only one of Input, InputPath, or InputTransformer must be provided for target {id}.")
    if "Input" in given and not _is_json(target["Input"]):
        raise InputInvalid(f"JSON syntax error in input for target {id}")
    if "InputPath" in given:
        parse_path(target["InputPath"], "InputPath")
    if "InputTransformer" in given:
        _check_transformer(target["InputTransformer"], id)


def _check_transformer(transformer: Mapping[str, Any], id: str) -> None:
    paths: Mapping[str, str] = transformer.get("InputPathsMap", {})
    for name, path in paths.items():
        if name.lower().startswith("aws"):
            raise ParameterInvalid("InputPathsMap", f"{name} starts with AWS, which is reserved")  # (?)
        parse_path(path, "InputPathsMap")
    template = transformer["InputTemplate"]
    for name in _names(template):
        if name not in paths and name not in RESERVED:
            raise InputInvalid(f"InputTemplate for target {id} contains invalid placeholder {name}.")
    stands_in = dict.fromkeys((*paths, *RESERVED), "")
    if not all(_is_json(line) for line in _texts(_filled(template, stands_in))):
        raise InputInvalid(f"Invalid InputTemplate for target {id} : it is no JSON")  # (?)


def input_of(target: Mapping[str, Any], occasion: Occasion) -> str:
    """What the target gets, of one that was checked."""
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputTransformer"):
        return _transformed(target["InputTransformer"], occasion)
    path = target.get("InputPath")
    if not path or path == "$":
        return occasion.event.text
    found = at_path(occasion.event.parts, parse_path(path, "InputPath"))
    return "null" if found is MISSING else write_raw(found)  # (?)


def _transformed(transformer: Mapping[str, Any], occasion: Occasion) -> str:
    event = occasion.event
    paths: Mapping[str, str] = transformer.get("InputPathsMap", {})
    values: dict[str, Any] = {
        name: at_path(event.parts, parse_path(path, "InputPathsMap")) for name, path in paths.items()
    }
    values |= {
        "aws.events.rule-arn": occasion.rule_arn,
        "aws.events.rule-name": occasion.rule_name,
        "aws.events.event.ingestion-time": ingested(occasion.came_s),
        "aws.events.event": event.members(with_detail=False),
        "aws.events.event.json": Raw(event.text),
    }
    return _filled(transformer["InputTemplate"], values)


def _names(template: str) -> Iterator[str]:
    for piece in _PIECE.finditer(template):
        if piece["name"]:
            yield piece["name"]


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """With values in place of the names; what an event has not stays out, and is an empty text outside of quotes."""
    out: list[str] = []
    quoted = False
    for piece in _PIECE.finditer(template):
        if piece["name"]:
            value = values.get(piece["name"], MISSING)
            out.append(_in_quotes(value) if quoted else '""' if value is MISSING else write_raw(value))
            continue
        quoted ^= piece[0] == '"'
        out.append(piece[0])
    return "".join(out)


def _in_quotes(value: Any) -> str:
    """A text as it is in JSON; of objects and arrays AWS leaves out the quotes."""
    if value is MISSING:
        return ""
    if isinstance(value, str):
        return write_raw(value)[1:-1]
    return write_raw(value).replace('\\"', "").replace('"', "")


def _is_json(text: str) -> bool:
    try:
        read_raw(text)
    except ValueError:
        return False
    return True


def _texts(template: str) -> list[str]:
    """One document, or a text on each line."""
    stripped = template.strip()
    return [line for line in stripped.splitlines() if line.strip()] if stripped.startswith('"') else [stripped]
