"""A request on its way to its integration: parameters, template, overrides.

docs/contract/events.md#mappings-of-requests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from lambda_emu.triggers.rest_apis.mapping.method_request import MethodRequest
from lambda_emu.triggers.rest_apis.mapping.parameters import Found, Parameters, map_request_parameters
from lambda_emu.triggers.rest_apis.mapping.refusals import BodyUnreadable, MappingFailed, MediaTypeUnsupported
from lambda_emu.triggers.rest_apis.templates.failures import BodyNotJson, TemplateFailure
from lambda_emu.triggers.rest_apis.templates.rendering import (
    NOTHING_OVERRIDDEN,
    Overrides,
    Rendered,
    Seen,
    is_short,
    render,
)

PASSTHROUGHS = ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER")
NO_BODY = ("null", "{}")
MOST_STATUS_BYTES = 64 * 1024
"""Of what a MOCK integration is given: its status is looked for no further, which takes a millisecond."""

_STATUS = re.compile(r"""['"]?\bstatusCode\b['"]?\s*:\s*['"]?(\d{3})\b""")
_PLACE = re.compile(r"\$\{stageVariables\.([\w.-]+)\}|\{([\w.-]+)\+?\}", re.ASCII)


class RequestMapping(Struct, frozen=True):
    """What an integration says of requests. templates: by media type. passthrough: of PASSTHROUGHS."""

    templates: Mapping[str, str] = {}
    passthrough: str = PASSTHROUGHS[0]
    parameters: Parameters = {}

    def template(self, media_type: str) -> str | None:
        """None: the body passes as it is. MediaTypeUnsupported."""
        found = self.templates.get(media_type)
        if found is None and (self.passthrough == "NEVER" or (self.templates and self.passthrough == PASSTHROUGHS[1])):
            raise MediaTypeUnsupported
        return found


class IntegrationRequest(Struct, frozen=True):
    """What an integration is asked. headers, query: names as they were mapped. overrides: for the answer's template.

    is_mapped: a template has made the body, else it is the one that came.
    """

    headers: Found
    query: Found
    path: Mapping[str, str]
    body: bytes
    is_mapped: bool
    overrides: Overrides


def read_request_mapping(told: Mapping[str, Any]) -> RequestMapping:
    """An integration as its control plane tells it."""
    templates = {str(key).lower(): str(value or "") for key, value in (told.get("requestTemplates") or {}).items()}
    parameters = {str(key): str(value) for key, value in (told.get("requestParameters") or {}).items()}
    passthrough = str(told.get("passthroughBehavior") or PASSTHROUGHS[0]).upper()
    return RequestMapping(templates, passthrough, parameters)


def map_request(mapping: RequestMapping, asked: MethodRequest) -> IntegrationRequest:
    """MappingRefused."""
    found = map_request_parameters(mapping.parameters, asked)
    headers, query = found["header"], found["querystring"]
    path = {name: values[-1] for name, values in found["path"].items()}
    template = mapping.template(asked.media_type())
    if template is None:
        return IntegrationRequest(headers, query, path, asked.body, False, NOTHING_OVERRIDDEN)
    rendered = _rendered(template, asked)
    overrides = rendered.overrides
    return IntegrationRequest(
        overridden(headers, overrides.headers),
        {**query, **overrides.query},
        {**path, **overrides.path},
        rendered.text.encode("utf-8", "replace"),
        True,
        overrides,
    )


def is_quick(mapping: RequestMapping, asked: MethodRequest) -> bool:
    """Whether it takes a millisecond at most, and may be done on the loop."""
    template = mapping.templates.get(asked.media_type())
    try:
        return len(asked.body) < 16_384 if template is None else is_short(template, asked.body)
    except TemplateFailure:
        return True


def seen(asked: MethodRequest, body: bytes) -> Seen:
    """What a template may say of a request, and of this body: names as they came, the last value of each."""
    query = {name: values[-1] for name, values in asked.query.items() if values}
    return Seen(body, asked.path, query, dict(asked.headers), asked.context, asked.variables)


def mock_status(body: bytes) -> str | None:
    """Which status the template of a MOCK integration asks for, also in what is not quite JSON; None: none."""
    found = _STATUS.search(body[:MOST_STATUS_BYTES].decode("utf-8", "replace"))
    return None if found is None else found[1]


def filled(uri: str, path: Mapping[str, str], variables: Mapping[str, str]) -> str:
    """An integration's URI with variables of its path and of the stage; who is not there leaves nothing."""

    def put(found: re.Match[str]) -> str:
        return variables.get(found[1], "") if found[1] else quote(path.get(found[2], ""), safe="/~")

    return _PLACE.sub(put, uri)


def overridden(headers: Found, by: Found) -> Found:
    """In any case of their names."""
    names = {name.lower() for name in by}
    return {**{name: values for name, values in headers.items() if name.lower() not in names}, **by}


def _rendered(template: str, asked: MethodRequest) -> Rendered:
    try:
        return render(template, seen(asked, asked.body))
    except BodyNotJson as error:
        raise BodyUnreadable(error.problem) from error
    except TemplateFailure as error:
        raise MappingFailed(f"The mapping template of the request: {error}") from error
