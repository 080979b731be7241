"""Scheduler's REST-JSON: which operation a path is, its members as the model of botocore has them, and answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote

from botocore.loaders import Loader
from msgspec.json import decode, encode

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import HINT, Answer
from lambda_emu.gateway.request import Request
from lambda_emu.services.scheduler.errors import ConstraintsBroken, MalformedSchedulerRequest, UnknownSchedulerOperation

Members = Mapping[str, Any]
LARGEST_TIME_S = 253_402_300_799.0
"""The end of the year 9999."""
MOST_SHOWN = 256
_KINDS: Mapping[str, Any] = {"string": str, "structure": dict, "list": list, "integer": int, "boolean": bool}


@cache
def _model() -> Mapping[str, Any]:
    model: Mapping[str, Any] = Loader().load_service_model("scheduler", "service-2")
    return model


def parse(request: Request) -> tuple[str, Members]:
    """The operation and its members. SchedulerError."""
    operation, in_path = _route(request.method, request.path.decode("latin-1"))
    shape = _model()["shapes"][_model()["operations"][operation]["input"]["shape"]]
    body = _body(request)
    query = parse_qs(request.query.decode("latin-1"), keep_blank_values=True)
    found: dict[str, Any] = {}
    for name, member in shape["members"].items():
        location, key = member.get("location"), member.get("locationName", name)
        if location == "uri":
            given = in_path.get(key)
        elif location == "querystring":
            given = _from_query(_model()["shapes"][member["shape"]], query.get(key))
        else:
            given = body.get(key)
        if given is not None:
            found[name] = _typed(member["shape"], name, given)
    broken = list(_broken(shape, found, ""))
    if broken:
        raise ConstraintsBroken(broken)
    return operation, found


def render(result: Members, request: Request) -> Answer:
    headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", request.request_id)]
    return Answer(200, headers, encode(result))


def render_error(error: LambdaError, request: Request) -> Answer:
    headers = [
        ("Content-Type", "application/json"),
        ("x-amzn-ErrorType", error.code),
        ("x-amzn-RequestId", request.request_id),
    ]
    if error.hint is not None:
        headers.append((HINT, error.hint.encode("ascii", "backslashreplace").decode()))
    return Answer(error.status, headers, encode({"Message": error.text}))


def _route(method: str, path: str) -> tuple[str, Mapping[str, str]]:
    parts = path.strip("/").split("/")
    for name, operation in _model()["operations"].items():
        wanted = operation["http"]["requestUri"].strip("/").split("/")
        if operation["http"]["method"] != method or len(wanted) != len(parts):
            continue
        pairs = list(zip(wanted, parts, strict=True))
        if all(one == other or one.startswith("{") for one, other in pairs):
            return name, {one[1:-1]: unquote(other) for one, other in pairs if one.startswith("{")}
    raise UnknownSchedulerOperation


def _body(request: Request) -> Members:
    if not request.body:
        return {}
    try:
        found = decode(request.body)
    except (ValueError, RecursionError) as error:
        raise MalformedSchedulerRequest(str(error)) from error
    if not isinstance(found, dict):
        raise MalformedSchedulerRequest("The body is no object.")
    return found


def _from_query(shape: Mapping[str, Any], given: list[str] | None) -> Any:
    if given is None or shape["type"] == "list":
        return given
    if shape["type"] == "integer" and re.fullmatch(r"-?[0-9]{1,9}", given[0]):
        return int(given[0])
    return given[0]


def _typed(shape_name: str, name: str, given: Any) -> Any:
    """The value with no members but those of the model; times are epoch seconds."""
    shape = _model()["shapes"][shape_name]
    if shape["type"] == "timestamp":
        return _time(name, given)
    wanted = _KINDS[shape["type"]]
    if not isinstance(given, wanted) or (wanted is int and isinstance(given, bool)):
        raise MalformedSchedulerRequest(f"{name} is no {shape['type']}.")
    if shape["type"] == "structure":
        members = shape["members"]
        kept = {key: value for key, value in given.items() if key in members and value is not None}
        return {key: _typed(members[key]["shape"], key, value) for key, value in kept.items()}
    if shape["type"] == "list":
        return [_typed(shape["member"]["shape"], name, each) for each in given]
    return given


def _time(name: str, given: Any) -> float:
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given).timestamp()
        except (ValueError, OverflowError):
            given = None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= LARGEST_TIME_S:
        raise MalformedSchedulerRequest(f"{name} is no time.")
    return float(given)


def _broken(shape: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    """What of the model's demands does not hold, in Coral's words."""
    kind = shape["type"]
    if kind == "structure":
        for name in shape.get("required", ()):
            if name not in value:
                at = _joined(path, name)
                yield f"Value null at '{at}' failed to satisfy constraint: Member must not be null"
        for name, given in value.items():
            yield from _broken(_model()["shapes"][shape["members"][name]["shape"]], given, _joined(path, name))
        return
    for text in _demands(shape, value):
        yield f"Value '{str(value)[:MOST_SHOWN]}' at '{path}' failed to satisfy constraint: {text}"
    if kind == "list":
        item = _model()["shapes"][shape["member"]["shape"]]
        for number, each in enumerate(value, 1):
            yield from _broken(item, each, f"{path}.{number}.member")


def _demands(shape: Mapping[str, Any], value: Any) -> Iterator[str]:
    noun, size = ("length", len(value)) if isinstance(value, str | list) else ("value", value)
    if "max" in shape and size > shape["max"]:
        yield f"Member must have {noun} less than or equal to {shape['max']}"
    if "min" in shape and size < shape["min"]:
        yield f"Member must have {noun} greater than or equal to {shape['min']}"
    if "pattern" in shape and not re.fullmatch(shape["pattern"], value, re.ASCII):
        yield f"Member must satisfy regular expression pattern: {shape['pattern']}"
    if "enum" in shape and value not in shape["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]"


def _joined(path: str, name: str) -> str:
    """Members are shown with a small letter first."""
    shown = name[:1].lower() + name[1:]
    return f"{path}.{shown}" if path else shown
