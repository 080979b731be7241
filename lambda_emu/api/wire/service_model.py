"""botocore's model of Lambda, read once; operations and shapes are made ready when first asked for.

The JSON is read from botocore's data files directly: botocore's own loader imports much and takes five times as long.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from msgspec import Struct

from lambda_emu.api.wire import quirks
from lambda_emu.api.wire.composites import ListShape, MapShape, Member, StructureShape
from lambda_emu.api.wire.constraints import NO_DEFINITION, constraints_of
from lambda_emu.api.wire.operation import Input, Operation, Output
from lambda_emu.api.wire.shapes import BlobShape, BooleanShape, DoubleShape, IntegerShape, Shape, TimeShape

API_VERSION = "2015-03-31"


class Route(Struct, frozen=True):
    """Where an operation is found. query: the `name=value` that tells it from another one of the same path."""

    name: str
    method: str
    path: str
    query: str | None


class ServiceModel:
    """The operations and shapes of one service-2.json."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.definition = definition
        self._operations: Mapping[str, Any] = definition["operations"]
        self._shapes: Mapping[str, Any] = definition["shapes"]
        self._made_operations: dict[str, Operation] = {}
        self._made_inputs: dict[str, Input] = {}
        self._made_shapes: dict[str, Shape] = {}

    def routes(self) -> Iterator[Route]:
        """Of every operation, none of which is made for it."""
        for name, definition in self._operations.items():
            path, _, literal = definition["http"]["requestUri"].partition("?")
            yield Route(name, definition["http"]["method"], path, literal or None)

    def operation(self, name: str) -> Operation:
        """Made on first use; two threads may make it twice, which does no harm."""
        if name not in self._made_operations:
            self._made_operations[name] = self._make_operation(name)
        return self._made_operations[name]

    def input(self, name: str) -> Input:
        """Of an operation, whose answer is not made ready: who calls it in this process has none."""
        if name not in self._made_inputs:
            self._made_inputs[name] = self._make_input(self._operations[name].get("input"))
        return self._made_inputs[name]

    def shape(self, name: str, like: str | None = None) -> Shape:
        """like: the shape of the model that one of our own name is made from."""
        if name not in self._made_shapes:
            self._made_shapes[name] = self._make_shape(name, self._shapes[like or name])
        return self._made_shapes[name]

    def _make_operation(self, name: str) -> Operation:
        definition = self._operations[name]
        return Operation(
            name=name,
            status=definition["http"].get("responseCode", 200),
            input=self.input(name),
            output=self._make_output(definition.get("output")),
        )

    def _make_input(self, reference: Mapping[str, Any] | None) -> Input:
        shape, places = self._places(reference)
        headers = {name.lower().encode(): member for member, name in places["header"]}
        payload = places["payload"][0][0] if places["payload"] else None
        return Input(shape, places["uri"], places["querystring"], headers, payload, _body(places))

    def _make_output(self, reference: Mapping[str, Any] | None) -> Output:
        _, places = self._places(reference)
        status = places["statusCode"][0][0] if places["statusCode"] else None
        payload = places["payload"][0][0] if places["payload"] else None
        bodiless = reference is None or (status is not None and not places["body"])
        return Output(status, places["header"], payload, None if bodiless else _body(places, always=True))

    def _places(
        self, reference: Mapping[str, Any] | None
    ) -> tuple[StructureShape, dict[str, tuple[tuple[Member, str], ...]]]:
        """The members of an input or output by location; each with its name there."""
        places: dict[str, list[tuple[Member, str]]] = {
            place: [] for place in ("uri", "querystring", "header", "statusCode", "payload", "body")
        }
        definition = self._shapes[reference["shape"]] if reference else {"members": {}}
        shape = self.shape(reference["shape"]) if reference else StructureShape("Nothing", ())
        assert isinstance(shape, StructureShape)
        for member in shape.members:
            details = definition["members"][member.name]
            place = "payload" if definition.get("payload") == member.name else details.get("location", "body")
            places[place].append((member, member.wire_name))
        return shape, {place: tuple(members) for place, members in places.items()}

    def _make_shape(self, name: str, definition: Mapping[str, Any]) -> Shape:
        kind, sensitive = definition["type"], bool(definition.get("sensitive"))
        if kind == "structure":
            return self._make_structure(name, definition)
        items = self._shapes[definition["member"]["shape"]] if kind == "list" else NO_DEFINITION
        constraints = constraints_of(name, definition, items)
        if kind == "list":
            item = self.shape(definition["member"]["shape"])
            return ListShape(name, constraints, item, not_null=name not in quirks.ITEMS_WITHOUT_NOT_NULL)
        if kind == "map":
            key, item = self.shape(definition["key"]["shape"]), self.shape(definition["value"]["shape"])
            return MapShape(name, constraints, key, item, sensitive=sensitive)
        if kind in ("integer", "long"):
            return IntegerShape(name, constraints, bits=32 if kind == "integer" else 64)
        return _SCALARS[kind](name, constraints, sensitive)

    def _make_structure(self, name: str, definition: Mapping[str, Any]) -> StructureShape:
        required = frozenset(definition.get("required", ()))
        members = (
            Member(
                name=member,
                wire_name=details.get("locationName", member),
                path=quirks.MEMBER_PATHS.get(member) or member[0].lower() + member[1:],
                shape=self.shape(*quirks.MEMBER_SHAPES.get(member, (details["shape"],))),
                required=member in required,
            )
            for member, details in sorted(definition["members"].items(), key=_checked_last)
        )
        return StructureShape(name, tuple(members))


_SCALARS: Mapping[str, type[Shape]] = {
    "string": Shape,
    "boolean": BooleanShape,
    "blob": BlobShape,
    "double": DoubleShape,
    "float": DoubleShape,
    "timestamp": TimeShape,
}


def _checked_last(member: tuple[str, Any]) -> bool:
    return member[0] in quirks.MEMBERS_CHECKED_LAST


def _body(places: Mapping[str, tuple[tuple[Member, str], ...]], always: bool = False) -> StructureShape | None:
    members = tuple(member for member, _ in places["body"])
    return StructureShape("Body", members) if members or always else None


@cache
def lambda_model() -> ServiceModel:
    """The model of the installed botocore."""
    spec = find_spec("botocore")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "data" / "lambda" / API_VERSION
    packed, plain = folder / "service-2.json.gz", folder / "service-2.json"
    return ServiceModel(json.loads(gzip.decompress(packed.read_bytes()) if packed.exists() else plain.read_bytes()))
