"""Lists, maps and structures of botocore's model. AWS states what is wrong with their items in a way of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from lambda_emu.api.wire.constraints import NOT_NULL, Constraint
from lambda_emu.api.wire.shapes import Shape, wrong_type
from lambda_emu.errors.request import MalformedRequest


def _demands(item: Shape, not_null: bool) -> str:
    """What is printed between brackets about the items of a list or map."""
    texts = [constraint.text for constraint in item.constraints]
    return f"[{', '.join([*texts, NOT_NULL] if not_null else texts)}]"


def _broken(item: Shape, values: Iterable[Any]) -> bool:
    return any(value is None or not all(c.holds(value) for c in item.constraints) for value in values)


class ListShape(Shape):
    """not_null: whether AWS adds, to what it states about the items, that they must not be null."""

    __slots__ = ("_demand", "_item")
    is_scalar = False

    def __init__(self, name: str, constraints: tuple[Constraint, ...], item: Shape, *, not_null: bool) -> None:
        super().__init__(name, constraints, item.sensitive)
        self._item = item
        self._demand = f"Member must satisfy constraint: {_demands(item, not_null)}"

    def read(self, value: Any) -> list[Any]:
        if type(value) is not list:
            raise MalformedRequest("Expected list or null")
        return [None if item is None else self._item.read(item) for item in value]

    def from_texts(self, texts: Sequence[str]) -> list[Any]:
        """The values of a query parameter that is given several times."""
        return [self._item.from_text(text) for text in texts]

    def show(self, value: list[Any]) -> str:
        return f"[{', '.join('null' if item is None else self._item.show(item) for item in value)}]"

    def check(self, value: list[Any], path: str, found: list[str]) -> None:
        super().check(value, path, found)
        if _broken(self._item, value):
            found.append(self.complaint(value, path, self._demand))
        elif not self._item.is_scalar:
            for number, item in enumerate(value, 1):
                self._item.check(item, f"{path}.{number}.member", found)

    def write(self, value: Iterable[Any]) -> list[Any]:
        return [self._item.write(item) for item in value]


class MapShape(Shape):
    __slots__ = ("_item", "_key", "_key_demand", "_value_demand")
    is_scalar = False

    def __init__(
        self, name: str, constraints: tuple[Constraint, ...], key: Shape, item: Shape, *, sensitive: bool
    ) -> None:
        super().__init__(name, constraints, sensitive)
        self._key, self._item = key, item
        self._key_demand = f"Map keys must satisfy constraint: {_demands(key, not_null=False)}"
        self._value_demand = f"Map value must satisfy constraint: {_demands(item, not_null=True)}"

    def read(self, value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise MalformedRequest("Expected map or null")
        read_key, read = self._key.read, self._item.read
        return {read_key(key): None if item is None else read(item) for key, item in value.items()}

    def show(self, value: dict[str, Any]) -> str:
        shown = (f"{key}={'null' if item is None else self._item.show(item)}" for key, item in value.items())
        return f"{{{', '.join(shown)}}}"

    def check(self, value: dict[str, Any], path: str, found: list[str]) -> None:
        super().check(value, path, found)
        if _broken(self._key, value):
            found.append(self.complaint(value, path, self._key_demand))
        if _broken(self._item, value.values()):
            found.append(self.complaint(value, path, self._value_demand))
        elif not self._item.is_scalar:
            for key, item in value.items():
                self._item.check(item, f"{path}.{key}.member", found)

    def write(self, value: dict[str, Any]) -> dict[str, Any]:
        return {key: self._item.write(item) for key, item in value.items()}


class Member(Struct, frozen=True):
    """A member of a structure. path: how AWS's complaints spell its name."""

    name: str
    wire_name: str
    path: str
    shape: Shape
    required: bool


class StructureShape(Shape):
    __slots__ = ("members",)
    is_scalar = False

    def __init__(self, name: str, members: tuple[Member, ...]) -> None:
        super().__init__(name)
        self.members = members

    def read(self, value: Any) -> dict[str, Any]:
        """Members the model does not know, and null ones, are left out."""
        if type(value) is not dict:
            raise MalformedRequest("Expected map or null") if type(value) is not list else wrong_type(value, "")
        return {
            member.name: member.shape.read(value[member.wire_name])
            for member in self.members
            if value.get(member.wire_name) is not None
        }

    def take(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Of an input, by the members' own names instead of those on the wire; MalformedRequest for unknown ones."""
        shapes = {member.name: member.shape for member in self.members}
        if unknown := value.keys() - shapes.keys():
            raise MalformedRequest(f"Unknown members: {', '.join(sorted(unknown))}")
        return {name: shapes[name].read(part) for name, part in value.items() if part is not None}

    def show(self, value: dict[str, Any]) -> str:
        shown = (f"{m.path}={m.shape.show(value[m.name]) if m.name in value else 'null'}" for m in self.members)
        return f"{self.name}({', '.join(shown)})"

    def check(self, value: dict[str, Any], path: str, found: list[str]) -> None:
        prefix = f"{path}." if path else ""
        for member in self.members:
            if member.name in value:
                member.shape.check(value[member.name], prefix + member.path, found)
            elif member.required:
                found.append(member.shape.complaint(None, prefix + member.path, NOT_NULL))

    def write(self, value: dict[str, Any]) -> dict[str, Any]:
        """Absent and null members are left out; a member the model does not know is a mistake of ours."""
        assert value.keys() <= {member.name for member in self.members}, f"{self.name} has no {value.keys()}"
        return {
            member.wire_name: member.shape.write(value[member.name])
            for member in self.members
            if value.get(member.name) is not None
        }
