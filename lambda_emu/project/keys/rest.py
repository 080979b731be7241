"""`events: rest`: methods of the project's REST API."""

from __future__ import annotations

from typing import Any

from lambda_emu.model.route_keys import METHODS, route_key_problem
from lambda_emu.model.value_types import choice, text
from lambda_emu.project.document import Document, Value
from lambda_emu.project.keys.event_kind import EventKind
from lambda_emu.project.keys.shapes import Key
from lambda_emu.project.keys.types import KeyType, single

METHOD = text("a method and a path such as GET /photos/{id}", rf"({'|'.join(METHODS)}) /\S*")


def _read_method(document: Document, value: Value) -> Any:
    """Paths of resources are such as those of routes."""
    written = document.scalar(value, METHOD)
    problem = written and route_key_problem(written)
    if problem:
        document.mistake(value, f"{written!r} is refused by API Gateway: {problem}")
    return written


REST = EventKind(
    "method",
    (
        Key(
            "method",
            "name",
            KeyType(METHOD.allowed, _read_method),
            "Of the project's REST API.",
            required=True,
        ),
        Key("auth", "authorizationType", single(choice("NONE", "AWS_IAM")), "Who may ask.", default="`NONE`"),
    ),
    "A request to the project's REST API.",
)
