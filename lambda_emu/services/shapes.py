"""What botocore's model of a service says of the members of its requests, for services of ours that check by it.

A shape of the model becomes a function, once; a request is read and checked by one walk through it.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec.json import decode as decode_json
from pybase64 import b64decode

from lambda_emu.errors.base import LambdaError

MOST_SHOWN = 1024
"""Characters of a value that is refused."""
MOST_FAULTS = 10
"""With so many nothing more of a list is looked at."""
LARGEST_TIME_S = 253_402_300_799
"""The end of the year 9999."""

Members = Mapping[str, Any]
Faults = list[str]
Check = Callable[[str, Any, Faults], Any]
"""Reads the value at a path, and adds what the model has against it. WrongType."""


class WrongType(LambdaError):
    """A body that is no JSON, or a member of another type than the model's. (?)"""

    code, status, text_key, kind = "SerializationException", 400, "Message", None


class ModelViolated(LambdaError):
    """What the model demands of members. A service that has another code for it says so."""

    code: str = "ValidationException"
    status, text_key, kind = 400, "Message", None

    def __init__(self, faults: Sequence[str]) -> None:
        plural = "" if len(faults) == 1 else "s"
        super().__init__(f"{len(faults)} validation error{plural} detected: {'; '.join(faults)}")


class Shapes:
    """Of the operations that are served. Of what the model says, no more than these need is kept."""

    def __init__(
        self,
        model: Members,
        operations: Sequence[str],
        unchecked: Sequence[str] = (),
        violated: type[ModelViolated] = ModelViolated,
    ) -> None:
        """unchecked: shapes whose items or form their operation checks itself. violated: how the service tells it."""
        self._violated = violated
        self._checks: dict[str, Check] = {}
        for name in operations:
            asked = model["operations"][name].get("input")
            self._checks[name] = _check_of(model["shapes"], asked["shape"], unchecked) if asked else _structure({}, ())

    def read(self, operation: str, body: bytes, decode: Callable[[bytes], Any] = decode_json) -> Members:
        """Members of a body, as `check` has them. decode: its form; ValueError. WrongType, ModelViolated."""
        try:
            given = decode(body) if body else {}
        except (ValueError, RecursionError) as error:
            raise WrongType(str(error)) from None
        return self.check(operation, given)

    def check(self, operation: str, given: Any) -> Members:
        """Those that the model knows; blobs as bytes, times in epoch seconds. WrongType, ModelViolated."""
        faults: Faults = []
        members: Members = self._checks[operation]("", given, faults)
        if faults:
            raise self._violated(faults[:MOST_FAULTS])
        return members


def load_model(service: str) -> Members:
    """service: as boto3 calls it."""
    from botocore.loaders import Loader  # here: it takes its time

    model: Members = Loader().load_service_model(service, "service-2")
    return model


def missing(name: str, within: str = "") -> str:
    """What is said of a member that is not given."""
    return f"Value null at '{within}{_spelt(name)}' failed to satisfy constraint: Member must not be null"


def too_long(path: str, value: Any, most: int) -> str:
    """What is said of a member that is longer than this."""
    return _fault(path, value, f"have length less than or equal to {most}")


def _check_of(shapes: Members, name: str, unchecked: Sequence[str]) -> Check:
    """None of the models of these services has a shape that stands in itself."""
    shape, is_unchecked = shapes[name], name in unchecked

    def check_of(part: Members) -> Check:
        return _check_of(shapes, part["shape"], unchecked)

    makers: Mapping[str, Callable[[], Check]] = {
        "structure": lambda: _structure(
            {key: check_of(member) for key, member in shape["members"].items()}, shape.get("required", ())
        ),
        "list": lambda: _list(shape, _as_given if is_unchecked else check_of(shape["member"])),
        "map": lambda: _map(shape, check_of(shape["key"]), check_of(shape["value"])),
        "string": lambda: _string(shape, has_form=not is_unchecked),
        "integer": lambda: _integer(shape),
        "long": lambda: _integer(shape),
        "boolean": lambda: _boolean,
        "double": lambda: _number,
        "float": lambda: _number,
        "timestamp": lambda: _time,
        "blob": lambda: _blob(shape),
    }
    return makers[shape["type"]]()


def _structure(members: Mapping[str, Check], required: Sequence[str]) -> Check:
    checks = {name: (check, _spelt(name)) for name, check in members.items()}

    def check(path: str, value: Any, faults: Faults) -> Any:
        if not isinstance(value, dict):
            raise WrongType(f"{path or 'The body'} is no structure.")
        within = f"{path}." if path else ""
        for name in required:
            if value.get(name) is None:
                faults.append(missing(name, within))
        return {
            name: checks[name][0](within + checks[name][1], each, faults)
            for name, each in value.items()
            if each is not None and name in checks
        }

    return check


def _list(shape: Members, item: Check) -> Check:
    within_bounds = _bounds(shape, "length")

    def check(path: str, value: Any, faults: Faults) -> Any:
        if not isinstance(value, list):
            raise WrongType(f"{path} is no list.")
        within_bounds(path, value, len(value), faults)
        if item is _as_given:
            return value
        return [
            item(f"{path}.{number}.member", each, faults)
            for number, each in enumerate(value, 1)
            if len(faults) < MOST_FAULTS
        ]

    return check


def _map(shape: Members, key: Check, item: Check) -> Check:
    within_bounds = _bounds(shape, "length")

    def check(path: str, value: Any, faults: Faults) -> Any:
        if not isinstance(value, dict):
            raise WrongType(f"{path} is no map.")
        within_bounds(path, value, len(value), faults)
        return {
            key(f"{path}.key", name, faults): item(f"{path}.value", each, faults)
            for name, each in value.items()
            if len(faults) < MOST_FAULTS
        }

    return check


def _string(shape: Members, *, has_form: bool) -> Check:
    within_bounds = _bounds(shape, "length")
    pattern, enum = shape.get("pattern") if has_form else None, shape.get("enum", ())
    form = _compiled(pattern) if pattern else None

    def check(path: str, value: Any, faults: Faults) -> Any:
        if not isinstance(value, str):
            raise WrongType(f"{path} is no string.")
        within_bounds(path, value, len(value), faults)
        if form is not None and not form.fullmatch(value):
            faults.append(_fault(path, value, f"satisfy regular expression pattern: {pattern}"))
        if enum and value not in enum:
            faults.append(_fault(path, value, f"satisfy enum value set: [{', '.join(enum)}]"))
        return value

    return check


def _integer(shape: Members) -> Check:
    within_bounds = _bounds(shape, "value")

    def check(path: str, value: Any, faults: Faults) -> Any:
        if type(value) is not int:
            raise WrongType(f"{path} is no integer.")
        within_bounds(path, value, value, faults)
        return value

    return check


def _blob(shape: Members) -> Check:
    within_bounds = _bounds(shape, "length")

    def check(path: str, value: Any, faults: Faults) -> Any:
        try:
            data = value if isinstance(value, bytes) else b64decode(value, validate=True)
        except (TypeError, binascii.Error, ValueError) as error:
            raise WrongType(f"{path} is no base64.") from error
        within_bounds(path, data, len(data), faults)
        return data

    return check


def _boolean(path: str, value: Any, _: Faults) -> Any:
    if not isinstance(value, bool):
        raise WrongType(f"{path} is no boolean.")
    return value


def _number(path: str, value: Any, _: Faults) -> Any:
    if type(value) not in (int, float):
        raise WrongType(f"{path} is no number.")
    return float(value)


def _time(path: str, value: Any, _: Faults) -> Any:
    """Epoch seconds, or ISO 8601, which is UTC where it says no zone."""
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
            value = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            value = None
    if type(value) not in (int, float) or not 0 <= value <= LARGEST_TIME_S:
        raise WrongType(f"{path} is no time.")
    return float(value)


def _as_given(_: str, value: Any, __: Faults) -> Any:
    return value


def _bounds(shape: Members, noun: str) -> Callable[[str, Any, int, Faults], None]:
    """noun: what is bounded, `length` or `value`."""
    least, most = shape.get("min"), shape.get("max")

    def check(path: str, value: Any, size: int, faults: Faults) -> None:
        if most is not None and size > most:
            faults.append(_fault(path, value, f"have {noun} less than or equal to {most}"))
        if least is not None and size < least:
            faults.append(_fault(path, value, f"have {noun} greater than or equal to {least}"))

    return check


def _compiled(pattern: str) -> re.Pattern[str] | None:
    """None: what only Java can read, such as parameters of HTTP targets.

    Of Java's classes, letters, spaces and digits are known here; what is no ASCII passes for a letter.
    """
    letters = r"a-zA-Z\u0080-\U0010ffff"
    for_python = pattern.replace(r"\p{L}", letters).replace(r"\p{Z}", r"\s").replace(r"\p{N}", r"\d")
    try:
        return re.compile(for_python, re.ASCII)
    except re.error:
        return None


def _fault(path: str, value: Any, demand: str) -> str:
    return f"Value '{_shown(value)}' at '{path}' failed to satisfy constraint: Member must {demand}"


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    if isinstance(value, dict):
        return ("{" + ", ".join(f"{key}={each}" for key, each in value.items()) + "}")[:MOST_SHOWN]
    return str(value)[:MOST_SHOWN]


def _spelt(name: str) -> str:
    """Members are shown with a small letter first."""
    return name[:1].lower() + name[1:]
