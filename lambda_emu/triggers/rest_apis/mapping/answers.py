"""An integration's answer on its way to the caller: which integration response it is, headers, template, overrides."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.json import Decoder

from lambda_emu.triggers.rest_apis.mapping.method_request import JSON, Headers, MethodRequest, media_type_of
from lambda_emu.triggers.rest_apis.mapping.parameters import Found, Parameters, map_answer_headers
from lambda_emu.triggers.rest_apis.mapping.refusals import MappingFailed
from lambda_emu.triggers.rest_apis.mapping.requests import overridden, seen
from lambda_emu.triggers.rest_apis.templates.budget import Budget
from lambda_emu.triggers.rest_apis.templates.failures import BodyNotJson, TemplateFailure
from lambda_emu.triggers.rest_apis.templates.regexes import regex
from lambda_emu.triggers.rest_apis.templates.rendering import NOTHING_OVERRIDDEN, Overrides, is_short, render

MOST_ERROR = 4_000
"""Characters of an error's message that patterns are asked about."""
MOST_LOOSE = 64 * 1024
"""Of an error that is read as Python reads JSON; a larger one is skimmed, which takes a hundredth of the time."""


class FunctionError(Struct):
    errorMessage: str | None = None


_read_error = Decoder(FunctionError).decode


class AnswerMapping(Struct, frozen=True):
    """An integration response. pattern: of a status or an error's message, all of it; empty: it is the default.

    content_handling: CONVERT_TO_BINARY, CONVERT_TO_TEXT, None.
    """

    status: int
    pattern: str = ""
    templates: Mapping[str, str] = {}
    parameters: Parameters = {}
    content_handling: str | None = None

    def template(self, accept: str | None) -> tuple[str, str | None]:
        """The media type of the answer, and its template; None: the body passes as it is."""
        if not self.templates:
            return JSON, None
        wanted = media_type_of((accept or "").rpartition(",")[2])
        media_type = next((one for one in (wanted, JSON) if one in self.templates), next(iter(self.templates)))
        return media_type, self.templates[media_type]


class MethodAnswer(Struct, frozen=True):
    """What the caller has. headers: those that were mapped; Content-Type is media_type, where none of them is it."""

    status: int
    headers: Found
    body: bytes
    media_type: str


def read_answer_mappings(told: Mapping[str, Any]) -> tuple[AnswerMapping, ...]:
    """Of an integration as its control plane tells it."""
    return tuple(_mapping(status, one) for status, one in (told.get("integrationResponses") or {}).items())


def _mapping(status: str, told: Mapping[str, Any]) -> AnswerMapping:
    return AnswerMapping(
        int(told.get("statusCode") or status),
        str(told.get("selectionPattern") or ""),
        {str(key).lower(): str(value or "") for key, value in (told.get("responseTemplates") or {}).items()},
        {str(key): str(value) for key, value in (told.get("responseParameters") or {}).items()},
        told.get("contentHandling"),
    )


def select(mappings: Sequence[AnswerMapping], said: str) -> AnswerMapping:
    """said: the status, or what a function says of its error. The first whose pattern it is, else the default.

    MappingFailed: there is none.
    """
    budget = Budget()
    for mapping in mappings:
        if mapping.pattern and _fits(mapping.pattern, said[:MOST_ERROR], budget):
            return mapping
    for mapping in mappings:
        if not mapping.pattern:
            return mapping
    raise MappingFailed(f"No integration response matches {said[:100]!r}, and none is the default")


def error_message(body: bytes) -> str | None:
    """What a function's error says of itself, by which its integration response is selected; None: it is none."""
    if len(body) > MOST_LOOSE:
        try:
            return _read_error(body).errorMessage
        except (ValueError, RecursionError):
            return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    message = found.get("errorMessage") if isinstance(found, dict) else None
    return message if isinstance(message, str) else None


def map_answer(
    mapping: AnswerMapping, headers: Headers, body: bytes, asked: MethodRequest, before: Overrides = NOTHING_OVERRIDDEN
) -> MethodAnswer:
    """headers, body: as the integration has answered. before: what the request's template overrides. MappingFailed."""
    made = map_answer_headers(mapping.parameters, headers, body, asked)
    media_type, template = mapping.template(asked.header("accept"))
    overrides = before
    if template is not None:
        try:
            rendered = render(template, seen(asked, body), before)
        except BodyNotJson as error:
            raise MappingFailed(f"The answer of the integration is no JSON: {error.problem}") from error
        except TemplateFailure as error:
            raise MappingFailed(f"The mapping template of the answer: {error}") from error
        body, overrides = rendered.text.encode("utf-8", "replace"), rendered.overrides
    status = mapping.status if overrides.status is None else overrides.status
    return MethodAnswer(status, overridden(made, overrides.answer_headers), body, media_type)


def is_quick_answer(mapping: AnswerMapping, body: bytes, asked: MethodRequest) -> bool:
    """Whether it takes a millisecond at most, and may be done on the loop."""
    _, template = mapping.template(asked.header("accept"))
    try:
        return len(body) < 16_384 if template is None else is_short(template, body)
    except TemplateFailure:
        return True


def _fits(pattern: str, said: str, budget: Budget) -> bool:
    try:
        return regex(pattern).matches(said, budget)
    except TemplateFailure as error:
        raise MappingFailed(f"The selection pattern {pattern!r}: {error}") from error
