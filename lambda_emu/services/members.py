"""Members of JSON requests, held against botocore's model of a service; what is outside of it is told as AWS does."""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from lambda_emu.errors.base import LambdaError

Members = Mapping[str, Any]
Check = Callable[[str, Any, list[str]], Any]
"""Reads a value by its name on the wire, and adds what is wrong with it. UnreadableRequest: it is of another type."""

LARGEST_TIME_S = 253_402_300_799
MOST_SHOWN = 1024
"""Characters of a value that is refused."""


class UnreadableRequest(LambdaError):
    """A body that is no JSON, or has a member of another type. AWS's words for it are not recorded."""

    code, status = "SerializationException", 400


class ModelViolated(LambdaError):
    """Members outside of their model; one item each."""

    code, status = "ValidationException", 400

    def __init__(self, items: list[str]) -> None:
        plural = "" if len(items) == 1 else "s"
        super().__init__(f"{len(items)} validation error{plural} detected: {'; '.join(items)}")


def read_members(service: str, operation: str, body: bytes) -> Members:
    """Those that the model knows. service: as boto3 calls it. UnreadableRequest, ModelViolated.

    botocore is imported, and the model read, by the first request.
    """
    try:
        given = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise UnreadableRequest("The body is not JSON") from None
    wrong: list[str] = []
    members: Members = _check_of(service, operation)("", given, wrong)
    if wrong:
        raise ModelViolated(wrong)
    return members


@cache
def _check_of(service: str, operation: str) -> Check:
    return _check(_model(service).operation_model(operation).input_shape)


@cache
def _model(service: str) -> Any:
    from botocore.session import Session

    return Session().get_service_model(service)


def _check(shape: Any) -> Check:
    makers: Mapping[str, Callable[[Any], Check]] = {
        "structure": _structure,
        "list": _list,
        "map": _map,
        "string": _string,
        "blob": _blob,
        "integer": _number,
        "long": _number,
        "double": _number,
        "boolean": lambda _: _typed(bool),
        "timestamp": lambda _: _time,
    }
    return makers[shape.type_name](shape)


def _structure(shape: Any) -> Check:
    checks = {name: (_check(member), _spelt(name)) for name, member in shape.members.items()}
    required = [(name, _spelt(name)) for name in shape.required_members]

    def check(where: str, value: Any, wrong: list[str]) -> Any:
        if not isinstance(value, dict):
            raise UnreadableRequest(f"{where or 'The body'} is no object")
        begin = f"{where}." if where else ""
        for name, spelt in required:
            if value.get(name) is None:
                wrong.append(f"Value null at '{begin}{spelt}' failed to satisfy constraint: Member must not be null")
        return {
            name: checks[name][0](begin + checks[name][1], inner, wrong)
            for name, inner in value.items()
            if inner is not None and name in checks
        }

    return check


def _list(shape: Any) -> Check:
    inner = _check(shape.member)
    bounds = _lengths(shape)

    def check(where: str, value: Any, wrong: list[str]) -> Any:
        if not isinstance(value, list):
            raise UnreadableRequest(f"{where} is no list")
        bounds(where, value, wrong)
        return [inner(f"{where}.{place}.member", item, wrong) for place, item in enumerate(value, 1)]

    return check


def _map(shape: Any) -> Check:
    key, inner = _check(shape.key), _check(shape.value)
    bounds = _lengths(shape)

    def check(where: str, value: Any, wrong: list[str]) -> Any:
        if not isinstance(value, dict):
            raise UnreadableRequest(f"{where} is no object")
        bounds(where, value, wrong)
        return {key(where, name, wrong): inner(f"{where}.{name}.member", item, wrong) for name, item in value.items()}

    return check


def _string(shape: Any) -> Check:
    bounds = _lengths(shape)
    pattern = shape.metadata.get("pattern")
    allowed = _compiled(pattern)
    enum = set(shape.enum)

    def check(where: str, value: Any, wrong: list[str]) -> Any:
        if not isinstance(value, str) or not _is_text(value):
            raise UnreadableRequest(f"{where} is no string")
        bounds(where, value, wrong)
        if allowed is not None and not allowed.fullmatch(value):
            wrong.append(_said(where, value, f"satisfy regular expression pattern: {pattern}"))
        if enum and value not in enum:
            wrong.append(_said(where, value, f"satisfy enum value set: [{', '.join(shape.enum)}]"))
        return value

    return check


def _blob(shape: Any) -> Check:
    bounds = _lengths(shape)

    def check(where: str, value: Any, wrong: list[str]) -> Any:
        if not isinstance(value, str):
            raise UnreadableRequest(f"{where} is no string")
        try:
            found = b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise UnreadableRequest(f"{where} is no base64") from None
        bounds(where, found, wrong)
        return found

    return check


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    """None also for what only Java can read."""
    try:
        return re.compile(pattern, re.ASCII) if pattern else None
    except re.error:
        return None


def _number(shape: Any) -> Check:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    typed = _typed(int, float) if shape.type_name == "double" else _typed(int)

    def check(where: str, value: Any, wrong: list[str]) -> Any:
        typed(where, value, wrong)
        if least is not None and value < least:
            wrong.append(_said(where, value, f"have value greater than or equal to {least}"))
        if most is not None and value > most:
            wrong.append(_said(where, value, f"have value less than or equal to {most}"))
        return value

    return check


def _typed(*types: type) -> Check:
    def check(where: str, value: Any, _: list[str]) -> Any:
        if type(value) not in types:
            raise UnreadableRequest(f"{where} is of another type")
        return value

    return check


def _time(where: str, value: Any, _: list[str]) -> Any:
    """Seconds since the epoch, in a year that calendars have."""
    if type(value) not in (int, float) or not 0 <= value <= LARGEST_TIME_S:
        raise UnreadableRequest(f"{where} is no time")
    return value


def _lengths(shape: Any) -> Callable[[str, Any, list[str]], None]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")

    def check(where: str, value: Any, wrong: list[str]) -> None:
        if least is not None and len(value) < least:
            wrong.append(_said(where, value, f"have length greater than or equal to {least}"))
        if most is not None and len(value) > most:
            wrong.append(_said(where, value, f"have length less than or equal to {most}"))

    return check


def _said(where: str, value: Any, must: str) -> str:
    shown = _as_java(value) if isinstance(value, bytes) else str(value)[:MOST_SHOWN]
    return f"Value '{shown}' at '{where}' failed to satisfy constraint: Member must {must}"


def _as_java(value: bytes) -> str:
    return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"


def _is_text(value: str) -> bool:
    """Not if it has half of a character, which JSON can name and UTF-8 cannot."""
    try:
        return value.isascii() or bool(value.encode())
    except UnicodeEncodeError:
        return False


def _spelt(name: str) -> str:
    return name[0].lower() + name[1:]
