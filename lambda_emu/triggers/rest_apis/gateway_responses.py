"""An API's own answers, in the words that it has for them. docs/contract/events.md#rest-apis.

Their templates are no Velocity: variables are put in place, and nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from lambda_emu.gateway.answers import Answer, hint_headers
from lambda_emu.triggers.http_answer import JSON
from lambda_emu.triggers.rest_apis.api import GatewayResponse
from lambda_emu.triggers.rest_apis.refusals import RestRefusal

REQUEST_ID, EXTENDED_ID, ERROR_TYPE = "x-amzn-RequestId", "x-amz-apigw-id", "x-amzn-ErrorType"
HEADER = "gatewayresponse.header."
DEFAULT = '{{"{}":$context.error.messageString}}'
"""With the key that an error has for its text."""
MOST_BYTES = 64 * 1024
"""Of what a template makes."""
PLAIN = GatewayResponse(None, {}, {})

Find = Callable[[str], Any]
"""What `context.requestId`, `stageVariables.a`, `method.request.header.b` is; None: nothing."""

_VARIABLE = re.compile(r"\$(?:\{([\w.]+)\}|([A-Za-z]\w*(?:\.\w[\w-]*)*))", re.ASCII)
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f]")
_STATUS = re.compile(r"[1-5]\d\d")


def response_for(error: RestRefusal, responses: Mapping[str, GatewayResponse]) -> GatewayResponse:
    """The one of its type, else the default one of its class."""
    default = responses.get("DEFAULT_5XX" if error.status >= 500 else "DEFAULT_4XX", PLAIN)
    return responses.get(error.type, default) if error.type else PLAIN


def refusal_answer(
    error: RestRefusal, responses: Mapping[str, GatewayResponse], accept: str, request_id: str, find: Find
) -> Answer:
    """find: of what stands in templates and parameters."""
    chosen = response_for(error, responses)
    named = _error_context(error)

    def look_up(name: str) -> Any:
        return named[name] if name in named else find(name)

    kind, template = _template(chosen.templates, accept, error.text_key)
    body = _filled(template, look_up)
    headers = [("Content-Type", kind), (REQUEST_ID, request_id), (ERROR_TYPE, error.code), (EXTENDED_ID, request_id)]
    for name, source in chosen.parameters.items():
        value = source[1:-1] if source.startswith("'") and source.endswith("'") else look_up(source)
        if name.startswith(HEADER) and value is not None:
            _put(headers, name[len(HEADER) :], _FORBIDDEN.sub("", _text(value)))
    status = error.status
    if chosen.status is not None and _STATUS.fullmatch(chosen.status):
        status = int(chosen.status)
    return Answer(status, [*headers, *hint_headers(error)], body.encode("utf-8", "replace"))


def _error_context(error: RestRefusal) -> Mapping[str, Any]:
    return {
        "context.error.message": error.text,
        "context.error.messageString": json.dumps(error.text),
        "context.error.responseType": error.type,
        "context.error.validationErrorString": json.dumps(error.validation or "", ensure_ascii=False)[1:-1],
    }


def _template(templates: Mapping[str, str], accept: str, text_key: str) -> tuple[str, str]:
    """Its media type, and the template."""
    if not templates:
        return JSON, DEFAULT.format(text_key)
    wanted = accept.partition(",")[0].partition(";")[0].strip().lower()
    kind = next((one for one in (wanted, JSON) if one in templates), next(iter(templates)))
    return kind, templates[kind]


def _filled(template: str, find: Find) -> str:
    """What is not found is left as it stands (?). Ends when it has MOST_BYTES, however often what is long is named."""
    parts: list[str] = []
    size = at = 0
    for found in _VARIABLE.finditer(template):
        value = find(found[1] or found[2])
        text = found[0] if value is None and "error." not in found[0] else _text(value)
        parts += (template[at : found.start()], text)
        size += len(parts[-1]) + len(parts[-2])
        at = found.end()
        if size > MOST_BYTES:
            break
    return "".join((*parts, template[at:]))[:MOST_BYTES]


def _put(headers: list[tuple[str, str]], name: str, value: str) -> None:
    headers[:] = [one for one in headers if one[0].lower() != name.lower()]
    headers.append((name, value.encode("utf-8", "replace").decode("latin-1")))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
