"""What botocore's model of a service says of the members of its requests, for services of ours that check by it."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MOST_SHOWN = 256
MOST_FAULTS = 10
_KINDS: Mapping[str, Any] = {
    "string": str,
    "structure": dict,
    "list": list,
    "map": dict,
    "integer": int,
    "long": int,
    "boolean": bool,
    "double": float,
    "float": float,
    "timestamp": float,
    "blob": str,
}
LARGEST_TIME_S = 253_402_300_799
"""The end of the year 9999."""


class WrongType(Exception):
    """A member of another type than the model's. The text says which."""


class Shapes:
    """Of the operations that are served. Of what the model says, no more than these need is kept.

    service: as boto3 calls it. unchecked: shapes whose items or form their operation checks itself.
    """

    def __init__(self, service: str, operations: Sequence[str], unchecked: Sequence[str] = ()) -> None:
        from botocore.loaders import Loader  # here: it takes its time

        model = Loader().load_service_model(service, "service-2")
        self._inputs = {name: model["operations"][name].get("input", {}).get("shape") for name in operations}
        self._unchecked = frozenset(unchecked)
        self._shapes: dict[str, Mapping[str, Any]] = {}
        for name in filter(None, self._inputs.values()):
            self._keep(name, model["shapes"])

    def typed(self, operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The members of the model that were given; blobs as bytes, times in epoch seconds. WrongType."""
        shape = self._inputs[operation]
        found: dict[str, Any] = {} if shape is None else self._typed(shape, operation, given)
        return found

    def faults(self, operation: str, members: Mapping[str, Any]) -> list[str]:
        """What of the model's demands does not hold, in AWS's words."""
        shape = self._inputs[operation]
        found = [] if shape is None else self._faults(shape, members, "")
        return [fault for fault, _ in zip(found, range(MOST_FAULTS), strict=False)]

    def _keep(self, name: str, shapes: Mapping[str, Any]) -> None:
        if name in self._shapes:
            return
        shape = shapes[name]
        kept = {key: shape[key] for key in ("type", "required", "min", "max", "enum") if key in shape}
        if "pattern" in shape:
            kept["pattern"] = shape["pattern"]
            kept["compiled"] = re.compile(_for_python(shape["pattern"]), re.ASCII)
        within: list[str] = []
        if "members" in shape:
            kept["members"] = {key: member["shape"] for key, member in shape["members"].items()}
            within = list(kept["members"].values())
        for part in ("member", "key", "value"):
            if part in shape:
                kept[part] = shape[part]["shape"]
                within.append(kept[part])
        self._shapes[name] = kept
        for one in within:
            self._keep(one, shapes)

    def _typed(self, shape_name: str, name: str, given: Any) -> Any:
        shape = self._shapes[shape_name]
        kind = _KINDS[shape["type"]]
        if kind is float and isinstance(given, int) and not isinstance(given, bool):
            given = float(given)
        if not isinstance(given, kind) or (kind is int and isinstance(given, bool)):
            raise WrongType(f"{name} is no {shape['type']}.")
        if shape_name in self._unchecked:
            return given
        if shape["type"] == "structure":
            members = shape["members"]
            kept = {key: value for key, value in given.items() if key in members and value is not None}
            return {key: self._typed(members[key], key, value) for key, value in kept.items()}
        if shape["type"] == "list":
            return [self._typed(shape["member"], name, each) for each in given]
        if shape["type"] == "map":
            return {key: self._typed(shape["value"], name, each) for key, each in given.items()}
        if shape["type"] == "blob":
            return _blob(name, given)
        if shape["type"] == "timestamp" and not 0 <= given <= LARGEST_TIME_S:
            raise WrongType(f"{name} is no time.")
        return given

    def _faults(self, shape_name: str, value: Any, path: str) -> Iterator[str]:
        shape = self._shapes[shape_name]
        kind = shape["type"]
        for text in _demands(shape, value, has_form=shape_name not in self._unchecked):
            yield f"Value '{_shown(value)}' at '{path}' failed to satisfy constraint: {text}"
        if shape_name in self._unchecked:
            return
        if kind == "structure":
            for name in shape.get("required", ()):
                if name not in value:
                    at = _joined(path, name)
                    yield f"Value null at '{at}' failed to satisfy constraint: Member must not be null"
            for name, given in value.items():
                yield from self._faults(shape["members"][name], given, _joined(path, name))
        elif kind == "list":
            for number, each in enumerate(value, 1):
                yield from self._faults(shape["member"], each, f"{path}.{number}.member")
        elif kind == "map":
            for key, each in value.items():
                for part, what in (("key", key), ("value", each)):
                    yield from self._faults(shape[part], what, f"{path}.{part}")


def _demands(shape: Mapping[str, Any], value: Any, *, has_form: bool) -> Iterator[str]:
    is_sized = isinstance(value, str | bytes | list | dict)
    noun, size = ("length", len(value)) if is_sized else ("value", value)
    if "max" in shape and size > shape["max"]:
        yield f"Member must have {noun} less than or equal to {shape['max']}"
    if "min" in shape and size < shape["min"]:
        yield f"Member must have {noun} greater than or equal to {shape['min']}"
    if has_form and "compiled" in shape and not shape["compiled"].fullmatch(value):
        yield f"Member must satisfy regular expression pattern: {shape['pattern']}"
    if "enum" in shape and value not in shape["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]"


def _blob(name: str, given: str) -> bytes:
    """WrongType."""
    try:
        return b64decode(given, validate=True)
    except (binascii.Error, ValueError) as error:
        raise WrongType(f"{name} is no base64.") from error


def _for_python(pattern: str) -> str:
    """Java's classes of letters, spaces and digits are not known to it; what is no ASCII passes for a letter."""
    letters = r"a-zA-Z\u0080-\U0010ffff"
    return pattern.replace(r"\p{L}", letters).replace(r"\p{Z}", r"\s").replace(r"\p{N}", r"\d")


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    if isinstance(value, dict):
        return ("{" + ", ".join(f"{key}={one}" for key, one in value.items()) + "}")[:MOST_SHOWN]
    return str(value)[:MOST_SHOWN]


def _joined(path: str, name: str) -> str:
    """Members are shown with a small letter first."""
    shown = name[:1].lower() + name[1:]
    return f"{path}.{shown}" if path else shown
