"""What non-proxy back ends are asked, and what becomes of what they say: templates, parameters, choices. No I/O.

docs/contract/events.md#websocket-apis.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec.json import decode

from lambda_emu.http.message import Head
from lambda_emu.triggers.http_event import parameters_of
from lambda_emu.triggers.rest_apis.mapping.method_request import MethodRequest
from lambda_emu.triggers.rest_apis.mapping.refusals import BodyInvalid, MappingFailed
from lambda_emu.triggers.rest_apis.mapping.schemas import Models
from lambda_emu.triggers.rest_apis.mapping.validation import ANY_TYPE, Validator, check_request
from lambda_emu.triggers.rest_apis.templates.budget import Budget
from lambda_emu.triggers.rest_apis.templates.failures import BodyNotJson, TemplateFailure
from lambda_emu.triggers.rest_apis.templates.regexes import regex
from lambda_emu.triggers.rest_apis.templates.rendering import Seen, is_short, render
from lambda_emu.triggers.websocket_apis.api import DEFAULT, IntegrationResponse, SocketIntegration, SocketRoute
from lambda_emu.triggers.websocket_apis.refusals import BackEndFailed, NotByModel
from lambda_emu.triggers.websocket_apis.selection import evaluate, in_message, value_at

NEVER, WHEN_NO_TEMPLATES = "NEVER", "WHEN_NO_TEMPLATES"
PLACES = ("header", "querystring", "path")

_TARGET = re.compile(r"integration\.request\.(header|querystring|path)\.(.+)")
_STATIC = re.compile(r"'([^']*)'")


class Said(NamedTuple):
    """What came: the text of a message, or the request that a connection begins with. context: of the event."""

    text: str
    head: Head | None
    query: bytes
    context: Mapping[str, Any]
    variables: Mapping[str, str]

    def look_up(self, name: str) -> Any:
        """`request.body.…`, `context.…`, `stageVariables.…`, and of a connection `request.header.…` and its query."""
        kind, _, path = name.partition(".")
        if kind == "context":
            return value_at(self.context, path)
        if kind == "stageVariables":
            return self.variables.get(path)
        if name == "request.body":
            return self.text
        if name.startswith("request.header.") and self.head is not None:
            value = self.head.get(name[len("request.header.") :].lower().encode("latin-1", "replace"))
            return None if value is None else value.decode("latin-1")
        if name.startswith("request.querystring."):
            values = parameters_of(self.query.decode("latin-1")).get(name[len("request.querystring.") :])
            return None if values is None else values[-1]
        return in_message(self.text)(name)


class BackEndAnswer(NamedTuple):
    """What a back end said. error: of a function that failed, its errorMessage."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    error: str | None = None

    def look_up(self, said: Said) -> Callable[[str], Any]:
        values: dict[str, Any] = {"integration.response.statuscode": self.status}

        def find(name: str) -> Any:
            if name in values:
                return values[name]
            for begins in ("integration.response.header.", "integration.response.multivalueheader."):
                if name.startswith(begins):
                    return self.headers.get(name[len(begins) :].lower())
            if name == "integration.response.body.errorMessage" and self.error is not None:
                return self.error
            if name.startswith("integration.response.body."):
                return value_at(_read(self.body), name[len("integration.response.body.") :])
            return said.look_up(name)

        return find


def check_model(route: SocketRoute, models: Models, said: Said) -> None:
    """By the model that its expression chooses, if it does. NotByModel, BackEndFailed."""
    name = _chosen(route.models, route.model_selection, said.look_up) if route.model_selection else None
    if name is None:
        return
    try:
        check_request(Validator(models={ANY_TYPE: name}), models, MethodRequest(body=said.text.encode()))
    except BodyInvalid as error:
        raise NotByModel(error.details) from error
    except MappingFailed as error:
        raise BackEndFailed(error.reason) from error


def template_of(integration: SocketIntegration, said: Said) -> str | None:
    """Of the request; None: it goes as it came. BackEndFailed: it may not."""
    found = _chosen(integration.templates, integration.selection, said.look_up)
    if found is None and (
        integration.passthrough == NEVER or (integration.passthrough == WHEN_NO_TEMPLATES and integration.templates)
    ):
        raise BackEndFailed("No template has the message's key, and the integration passes nothing through.")
    return found


def response_for(integration: SocketIntegration, answer: BackEndAnswer, said: Said) -> IntegrationResponse | None:
    """By what its expression comes to: a key like that, a pattern that fits it, else `$default`; None: neither."""
    key = evaluate(integration.response_selection, answer.look_up(said))
    fallback = None
    for one in integration.responses:
        if one.key == DEFAULT:
            fallback = one
        elif key is not None and _fits(one.key, key):
            return one
    return fallback


def answer_template(response: IntegrationResponse | None, answer: BackEndAnswer, said: Said) -> str | None:
    """None: what the back end said goes as it came."""
    return None if response is None else _chosen(response.templates, response.selection, answer.look_up(said))


def parameters(integration: SocketIntegration, said: Said) -> dict[str, dict[str, str]]:
    """By their places: headers, query string, path. What is not there is left out."""
    found: dict[str, dict[str, str]] = {place: {} for place in PLACES}
    for target, source in integration.parameters.items():
        place = _TARGET.fullmatch(target)
        static = _STATIC.fullmatch(source)
        value = static[1] if static is not None else said.look_up(source.removeprefix("route."))
        if place is not None and isinstance(value, str | int | float):
            found[place[1]][place[2]] = str(value)
    return found


def seen_of(said: Said, body: bytes) -> Seen:
    return Seen(body=body, context=said.context, variables=said.variables)


def rendered(template: str, seen: Seen) -> bytes:
    """BackEndFailed. On a worker, unless `is_short`."""
    try:
        return render(template, seen).text.encode()
    except (TemplateFailure, BodyNotJson) as error:
        raise BackEndFailed(f"The mapping template failed: {error}") from error


def may_render_now(template: str, seen: Seen) -> bool:
    """Whether it takes a moment at most. BackEndFailed."""
    try:
        return is_short(template, seen.body)
    except TemplateFailure as error:
        raise BackEndFailed(f"The mapping template failed: {error}") from error


def _chosen(templates: Mapping[str, str], selection: str, look_up: Callable[[str], Any]) -> str | None:
    key = evaluate(selection, look_up)
    found = None if key is None else templates.get(key)
    return templates.get(DEFAULT) if found is None else found


def _fits(key: str, text: str) -> bool:
    """key: a text, or a pattern between slashes. BackEndFailed: one that takes long."""
    if not (len(key) > 1 and key.startswith("/") and key.endswith("/")):
        return key == text
    try:
        return regex(key[1:-1]).matches(text, Budget())
    except TemplateFailure as error:
        raise BackEndFailed(f"The key {key} of an integration response is no pattern: {error}") from error


def _read(body: bytes) -> Any:
    try:
        return decode(body)
    except (ValueError, RecursionError):
        return None
