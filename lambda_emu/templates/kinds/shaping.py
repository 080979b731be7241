"""Properties of a template as members of an operation: named, and of the types, that botocore's model says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

from lambda_emu.api.wire.service_model import lambda_model
from lambda_emu.project.resources import CannotChange

MAX_DEPTH = 64


def shape_input(service: str, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """Names in whatever case become the model's; "30" becomes 30 where that is asked for, documents become texts.

    What the operation has no member for is left out. CannotChange for a value that cannot be.
    """
    shape = _lambda_input(operation) if service == "lambda" else _model(service).operation_model(operation).input_shape
    found: dict[str, Any] = _structure(shape, members, operation) if shape is not None else {}
    return found


class _Shape:
    """As botocore's, of Lambda's model as this server has read it anyway: what reads botocore's is large."""

    def __init__(self, shapes: Mapping[str, Any], name: str) -> None:
        self._shapes = shapes
        self._told = shapes[name]
        self.type_name: str = self._told["type"]

    @cached_property
    def members(self) -> dict[str, _Shape]:
        return {name: _Shape(self._shapes, one["shape"]) for name, one in self._told["members"].items()}

    @cached_property
    def member(self) -> _Shape:
        return _Shape(self._shapes, self._told["member"]["shape"])

    @cached_property
    def value(self) -> _Shape:
        return _Shape(self._shapes, self._told["value"]["shape"])


@cache
def _lambda_input(operation: str) -> _Shape | None:
    told = lambda_model().definition
    named = told["operations"][operation].get("input")
    return None if named is None else _Shape(told["shapes"], named["shape"])


@cache
def _model(service: str) -> Any:
    from botocore.session import get_session  # here: it takes its time

    return get_session().get_service_model(service)


def _structure(shape: Any, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise CannotChange(f"{path}: must be a mapping")
    names = {name.lower(): name for name in shape.members}
    return {
        names[name.lower()]: _shaped(shape.members[names[name.lower()]], member, f"{path}.{name}")
        for name, member in value.items()
        if name.lower() in names and member is not None
    }


def _shaped(shape: Any, value: Any, path: str) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, value, path)
    if kind == "list":
        items = value if isinstance(value, list) else [value]
        return [_shaped(shape.member, item, path) for item in items]
    if kind == "map":
        if not isinstance(value, Mapping):
            raise CannotChange(f"{path}: must be a mapping")
        return {str(name): _shaped(shape.value, member, f"{path}.{name}") for name, member in value.items()}
    if kind == "string":
        return _text(value)
    if kind == "blob":
        return value.encode() if isinstance(value, str) else value
    return _single(kind, value, path)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, Mapping | list) else str(value)


def _single(kind: str, value: Any, path: str) -> Any:
    """A number, a truth, or what is taken as it is."""
    try:
        if kind in ("integer", "long"):
            return int(value)
        if kind in ("float", "double"):
            return float(value)
    except (TypeError, ValueError):
        raise CannotChange(f"{path}: {value!r} must be a number") from None
    if kind == "boolean" and isinstance(value, str):
        if value.lower() not in ("true", "false"):
            raise CannotChange(f"{path}: {value!r} must be true or false")
        return value.lower() == "true"
    return value
