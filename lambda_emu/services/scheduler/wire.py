"""Scheduler's REST-JSON: which operation a path is, its members as the model of botocore has them, and answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote

from msgspec.json import decode, encode

from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.request import Request
from lambda_emu.services.scheduler.errors import UnknownSchedulerOperation
from lambda_emu.services.shapes import Members, Shapes, WrongType, load_model


@cache
def _model() -> Members:
    return load_model("scheduler")


@cache
def _shapes() -> Shapes:
    return Shapes(_model(), list(_model()["operations"]))


def parse(request: Request) -> tuple[str, Members]:
    """The operation and its members. UnknownSchedulerOperation, WrongType, ModelViolated."""
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
            found[name] = given
    return operation, _shapes().check(operation, found)


def render(result: Members, request: Request) -> Answer:
    headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", request.request_id)]
    return Answer(200, headers, encode(result))


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
        raise WrongType(str(error)) from error
    if not isinstance(found, dict):
        raise WrongType("The body is no structure.")
    return found


def _from_query(shape: Mapping[str, Any], given: list[str] | None) -> Any:
    if given is None or shape["type"] == "list":
        return given
    if shape["type"] == "integer" and re.fullmatch(r"-?[0-9]{1,9}", given[0]):
        return int(given[0])
    return given[0]
