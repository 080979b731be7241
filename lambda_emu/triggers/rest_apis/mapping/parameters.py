"""Parameter mappings of REST and WebSocket APIs: from a request to its integration, from an answer to the caller."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from lambda_emu.triggers.rest_apis.mapping.method_request import Headers, MethodRequest, header_in, headers_in
from lambda_emu.triggers.rest_apis.mapping.refusals import BodyUnreadable, MappingFailed
from lambda_emu.triggers.rest_apis.templates.budget import Budget
from lambda_emu.triggers.rest_apis.templates.failures import BodyNotJson, TemplateFailure
from lambda_emu.triggers.rest_apis.templates.json_paths import json_path
from lambda_emu.triggers.rest_apis.templates.tools import read_json

Parameters = Mapping[str, str]
"""As they are told: `integration.request.header.x` by `method.request.querystring.y`, `'text'`, `context.z`."""
Found = Mapping[str, tuple[str, ...]]
PLACES = ("header", "querystring", "path")

_JSON_BEGINS = (b"{", b"[", b'"', b"'")


def map_request_parameters(parameters: Parameters, asked: MethodRequest) -> Mapping[str, Found]:
    """By place: header, querystring, path. What stands for nothing is left out. MappingRefused."""
    made: dict[str, dict[str, tuple[str, ...]]] = {place: {} for place in PLACES}
    for key, value in parameters.items():
        place, _, name = key.removeprefix("integration.request.").partition(".")
        if place in made and (found := _of_request(value, asked)):
            made[place][name] = found
    return made


def map_answer_headers(parameters: Parameters, headers: Headers, body: bytes, asked: MethodRequest) -> Found:
    """What of an integration's answer the caller has as headers. MappingFailed."""
    made: dict[str, tuple[str, ...]] = {}
    for key, value in parameters.items():
        name = key.removeprefix("method.response.header.")
        if name != key and (found := _of_answer(value, headers, body, asked)):
            made[name] = found
    return made


def _of_request(value: str, asked: MethodRequest) -> tuple[str, ...]:
    source = value.removeprefix("method.request.")
    if source == value:
        return _of_neither(value, asked)
    kind, _, name = source.partition(".")
    if kind == "body":
        try:
            return _in_body(asked.body, name)
        except BodyNotJson as error:
            raise BodyUnreadable(error.problem) from error
    found = _BY_KIND.get(kind)
    return () if found is None else found(asked, name)


def _of_answer(value: str, headers: Headers, body: bytes, asked: MethodRequest) -> tuple[str, ...]:
    source = value.removeprefix("integration.response.")
    if source == value:
        return _of_neither(value, asked)
    kind, _, name = source.partition(".")
    if kind == "body":
        try:
            return _in_body(body, name)
        except BodyNotJson as error:
            raise MappingFailed(f"The answer of the integration is no JSON: {error.problem}") from error
    if kind == "multivalueheader":
        return _joined(headers_in(headers, name))
    return _one(header_in(headers, name)) if kind == "header" else ()


def _of_neither(value: str, asked: MethodRequest) -> tuple[str, ...]:
    if len(value) > 1 and value[0] == value[-1] == "'":
        return (value[1:-1],)
    kind, _, name = value.partition(".")
    if kind == "stageVariables":
        return _one(asked.variables.get(name))
    if kind != "context":
        return ()
    found: Any = asked.context
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return _text(found)


def _in_body(body: bytes, path: str) -> tuple[str, ...]:
    """BodyNotJson, of one that looks like JSON; another has nothing in it."""
    if not path:
        return _one(body.decode("utf-8", "replace") or None)
    if not body.lstrip().startswith(_JSON_BEGINS):
        return ()
    try:
        return _text(json_path(f"$.{path}").find(read_json(body), Budget()))
    except TemplateFailure as error:
        raise MappingFailed(str(error)) from error


def _query(asked: MethodRequest, name: str) -> tuple[str, ...]:
    found = asked.query.get(name)
    return (found[-1],) if found else ()


def _text(found: Any) -> tuple[str, ...]:
    if found is None or isinstance(found, str):
        return _one(found)
    return (json.dumps(found, ensure_ascii=False, separators=(",", ":"), default=dict),)


def _one(found: str | None) -> tuple[str, ...]:
    return (found,) if found else ()


def _joined(found: list[str]) -> tuple[str, ...]:
    return (",".join(found),) if found else ()


_BY_KIND: Mapping[str, Callable[[MethodRequest, str], tuple[str, ...]]] = {
    "path": lambda asked, name: _one(asked.path.get(name)),
    "querystring": _query,
    "multivaluequerystring": lambda asked, name: tuple(asked.query.get(name, ())),
    "header": lambda asked, name: _one(asked.header(name)),
    "multivalueheader": lambda asked, name: _joined(headers_in(asked.headers, name)),
}
