"""What whoever makes a custom resource says to CloudFormation, and what is wrong with that. Rules alone.

docs/sam.md#custom-resources. Texts are CloudFormation's; those marked (?) are not recorded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.project.resources import CannotChange
from lambda_emu.templates.kinds.kind import refuse

MOST_BYTES = 4096
"""Of a body; AWS takes as many."""
MOST_ID_BYTES = 1024
MOST_DEPTH = 64
"""Of what is nested in Data: as in templates."""
COPIED = ("StackId", "RequestId", "LogicalResourceId")
"""The members that are to be those of the request."""


class NotOfIt(Exception):
    """A response to another request. members: those that are others."""

    def __init__(self, members: list[str]) -> None:
        super().__init__(", ".join(members))
        self.members = members


class Response(Struct, frozen=True):
    """identifier: the physical id. reason: of a failure. data: what Fn::GetAtt gives, as texts."""

    is_success: bool
    identifier: str
    data: Mapping[str, Any]
    reason: str


def read_response(body: bytes, request: Mapping[str, Any]) -> Response:
    """CannotChange: it is none; NotOfIt: it says that it is another's, which CloudFormation waits on after (?)."""
    said = _members(body)
    others = [name for name in COPIED if said.get(name) != request[name]]
    if others:
        raise NotOfIt(others)
    status, data, reason = said.get("Status"), said.get("Data"), said.get("Reason")
    if status not in ("SUCCESS", "FAILED"):
        raise _invalid(f"'{status}' is not a valid ResponseStatus")
    if data is not None and not isinstance(data, dict):
        raise _invalid("Value of property Data must be an object")
    if not _is_within(data, MOST_DEPTH):
        raise _invalid(f"Value of property Data is nested deeper than {MOST_DEPTH}")  # (?)
    identifier = _identifier(said.get("PhysicalResourceId"))
    return Response(status == "SUCCESS", identifier, as_texts(data or {}), "" if reason is None else str(reason))


def _members(body: bytes) -> Mapping[str, Any]:
    if len(body) > MOST_BYTES:
        raise refuse("Response object is too long.")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise _invalid("it must be a JSON object")  # (?)
    return said


def _is_within(value: Any, depth: int) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return depth > 0 and all(_is_within(part, depth - 1) for part in parts)


def _identifier(said: Any) -> str:
    """A failure needs one too, and is told by this alone where it has none, without its reason."""
    if said is not None and not isinstance(said, str):
        raise _invalid("Value of property PhysicalResourceId must be of type String")
    if not said or len(said.encode(errors="replace")) > MOST_ID_BYTES:
        raise refuse("Invalid PhysicalResourceId")
    return said


def _invalid(text: str) -> CannotChange:
    return refuse(f"Invalid Response object: {text}")


def as_texts(value: Any) -> Any:
    """Numbers and truths as CloudFormation hands them on; what is null is left out."""
    if isinstance(value, Mapping):
        return {str(name): as_texts(part) for name, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [as_texts(part) for part in value if part is not None]
    return str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else str(value)
