"""What a template of SES says with its data: the part of Handlebars that AWS's guide shows.

`{{name}}`, `{{a.b}}`, `{{this}}`, `{{../name}}`, `#each`, `#if`, `#unless`, `else`; nothing is escaped, as on AWS.
moto's own takes names without dots and values that are texts, and writes whatever a template and its data come to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from moto.ses.exceptions import InvalidRenderingParameterException, MissingRenderingAttributeException
from msgspec import Struct

MOST_DEPTH = 20
MOST_CHARACTERS, PIECE = 4 * 1024 * 1024, 16
"""Of what comes of a template, in which each piece takes its time."""
BLOCKS = ("each", "if", "unless")
_TOKEN = re.compile(r"\{\{\{?\s*([#/]?)\s*(?:(each|if|unless|else)\b)?\s*([^{}]*?)\s*\}?\}\}")
Node = Any
"""A text, or one of those below."""


class Variable(Struct, frozen=True):
    path: str


class Block(Struct):
    """other: what stands behind `else`."""

    kind: str
    path: str
    body: list[Node]
    other: list[Node]


def filled(template: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """template: as moto keeps it. Content of an e-mail; MissingRenderingAttributeException."""
    subject, text, html = (
        render(str(template.get(name) or ""), data) for name in ("subject_part", "text_part", "html_part")
    )
    body = {name: {"Data": part} for name, part in (("Text", text), ("Html", html)) if part}
    return {"Subject": {"Data": subject}, "Body": body}


def read_data(*texts: str | None) -> dict[str, Any]:
    """Of JSON, what is said later before what is said first."""
    found: dict[str, Any] = {}
    for text in texts:
        try:
            said = json.loads(text or "{}")
        except (ValueError, RecursionError) as error:
            raise InvalidRenderingParameterException("Template rendering data is invalid") from error
        if not isinstance(said, dict):
            raise InvalidRenderingParameterException("Template rendering data is invalid")
        found |= said
    return found


def render(template: str, data: Mapping[str, Any]) -> str:
    """MissingRenderingAttributeException, InvalidRenderingParameterException."""
    pieces, length = [], 0
    for piece in _rendered(_parsed(template), (data,)):
        length += len(piece) + PIECE  # there is one of each turn of `each`, though it may say nothing
        if length > MOST_CHARACTERS:
            raise InvalidRenderingParameterException(f"The template comes to more than {MOST_CHARACTERS} characters")
        pieces.append(piece)
    return "".join(pieces)


def _parsed(template: str) -> list[Node]:
    nodes: list[Node] = []
    open_blocks: list[tuple[Block | None, list[Node]]] = [(None, nodes)]
    at = 0
    for token in _TOKEN.finditer(template):
        block, into = open_blocks[-1]
        into.append(template[at : token.start()])
        at = token.end()
        mark, word, path = token[1], token[2], token[3]
        if mark == "#" and word in BLOCKS and len(open_blocks) <= MOST_DEPTH:
            made = Block(word, path, [], [])
            into.append(made)
            open_blocks.append((made, made.body))
        elif mark == "/" and block is not None and word == block.kind:
            open_blocks.pop()
        elif not mark and word == "else" and block is not None:
            open_blocks[-1] = (block, block.other)
        elif not mark and word is None and path:
            into.append(Variable(path))
        else:
            raise InvalidRenderingParameterException(f"The template has {token[0]} where it means nothing")
    if len(open_blocks) > 1:
        raise InvalidRenderingParameterException("The template has a block without an end")
    return [*nodes, template[at:]]


def _rendered(nodes: Sequence[Node], scopes: tuple[Any, ...]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif isinstance(node, Variable):
            yield _text(_found(node.path, scopes, is_needed=True))
        elif node.kind == "each":
            items = _found(node.path, scopes)
            listed = list(items.values()) if isinstance(items, dict) else items if isinstance(items, list) else []
            for item in listed:
                yield from _rendered(node.body, (*scopes, item))
            if not listed:
                yield from _rendered(node.other, scopes)
        else:
            is_met = bool(_found(node.path, scopes)) == (node.kind == "if")
            yield from _rendered(node.body if is_met else node.other, scopes)


def _found(path: str, scopes: tuple[Any, ...], *, is_needed: bool = False) -> Any:
    """In the innermost scope, or as many above as it begins with `../`."""
    name, up = path, 0
    while name.startswith("../"):
        name, up = name[3:], up + 1
    value = scopes[max(len(scopes) - 1 - up, 0)]
    for part in (part for part in name.split(".") if part not in ("this", "")):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None and is_needed:
        raise MissingRenderingAttributeException(path)
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
