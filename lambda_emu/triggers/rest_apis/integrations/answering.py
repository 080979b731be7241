"""A request to an integration, with all that is made of it and of its answer on the way. On the loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import pybase64

from lambda_emu.gateway.answers import Answer
from lambda_emu.triggers.execute_api.service import Seams
from lambda_emu.triggers.http_answer import MOST_HEADER_BYTES
from lambda_emu.triggers.http_event import parameters_of
from lambda_emu.triggers.rest_apis.api import TO_BINARY, TO_TEXT, Integration
from lambda_emu.triggers.rest_apis.binary import is_binary
from lambda_emu.triggers.rest_apis.context import Moment, template_context
from lambda_emu.triggers.rest_apis.entering import Entered
from lambda_emu.triggers.rest_apis.gateway_responses import EXTENDED_ID, REQUEST_ID
from lambda_emu.triggers.rest_apis.headers import check_mapped, headers_in, remapped
from lambda_emu.triggers.rest_apis.integrations.answered import Answered, IntegrationCall
from lambda_emu.triggers.rest_apis.integrations.functions import Functions
from lambda_emu.triggers.rest_apis.integrations.http import Urls
from lambda_emu.triggers.rest_apis.integrations.services import Services
from lambda_emu.triggers.rest_apis.mapping.answers import is_quick_answer, map_answer, select
from lambda_emu.triggers.rest_apis.mapping.apart import APART_BYTES, apart
from lambda_emu.triggers.rest_apis.mapping.method_request import MethodRequest
from lambda_emu.triggers.rest_apis.mapping.refusals import MappingRefused
from lambda_emu.triggers.rest_apis.mapping.requests import filled, is_quick, map_request, mock_status
from lambda_emu.triggers.rest_apis.mapping.validation import NOTHING_DEMANDED, check_request
from lambda_emu.triggers.rest_apis.noting import Note, note_answered, note_sent, unheard
from lambda_emu.triggers.rest_apis.refusals import (
    BadBody,
    BadParameters,
    BadRequest,
    IntegrationTimedOut,
    Misconfigured,
    RestRefusal,
    UnsupportedMediaType,
)
from lambda_emu.triggers.rest_apis.reply import LARGE, TRACE, trace_root

T = TypeVar("T")
PROXY = "HTTP_PROXY"
QUICK_BYTES = 4096
"""Of a body that is held against a model on the loop."""

Ask = Callable[[IntegrationCall], Awaitable[Answered]]


class Integrations:
    """All kinds but AWS_PROXY."""

    def __init__(self, seams: Seams) -> None:
        self._loop = seams.loop
        self._clock = seams.clock
        functions, urls = Functions(seams), Urls(seams.loop)
        self._functions = functions.ask
        self._services = Services(seams).ask
        self._kinds: Mapping[str, Ask] = {"MOCK": _mock, "HTTP": urls.ask, PROXY: urls.pass_on}

    async def check(self, entered: Entered, moment: Moment) -> None:
        """What its validator demands of a request. RestRefusal."""
        validator = entered.method.validator
        if validator == NOTHING_DEMANDED:
            return
        asked = asked_of(entered, moment)
        quick = len(asked.body) <= QUICK_BYTES
        try:
            await self._run(quick, asked.body, check_request, validator, entered.deployment.models, asked)
        except MappingRefused as error:
            raise refusal_of(error) from error

    async def answer(self, entered: Entered, moment: Moment, note: Note = unheard) -> Answer:
        """note: is told what happens on the way. RestRefusal."""
        integration = entered.method.integration
        if integration is None:
            raise Misconfigured("The method has no integration.")
        try:
            return await self._answer(entered, moment, integration, note)
        except MappingRefused as error:
            raise refusal_of(error) from error

    async def _answer(self, entered: Entered, moment: Moment, integration: Integration, note: Note) -> Answer:
        asked = asked_of(entered, moment, integration)
        mapping = integration.mapping
        read = asked.body if mapping.templates or mapping.parameters else b""
        mapped = await self._run(is_quick(mapping, asked), read, map_request, mapping, asked)
        check_mapped(mapped.headers, integration.kind)
        uri = filled(integration.uri, {**entered.parameters, **mapped.path}, entered.variables)
        answered = await self._asked(IntegrationCall(entered, moment, mapped, uri), integration, note)
        if integration.kind == PROXY:
            body = answer_body(answered, entered, "")
            return Answer(int(answered.status), [*answered.headers, *_ours(entered, moment, integration)], body)
        chosen = select(integration.answers, answered.selection)
        body = answer_body(answered, entered, chosen.content_handling or "")
        quick = is_quick_answer(chosen, body, asked)
        read = body if chosen.templates or chosen.parameters else b""
        made = await self._run(quick, read, map_answer, chosen, answered.headers, body, asked, mapped.overrides)
        headers = remapped([(name, value) for name, values in made.headers.items() for value in values])
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.insert(0, ("Content-Type", made.media_type))
        if sum(len(name) + len(value) for name, value in headers) > MOST_HEADER_BYTES:
            raise Misconfigured(f"What is mapped has more than {MOST_HEADER_BYTES} bytes of headers.")
        return Answer(made.status, [*headers, *_ours(entered, moment, integration)], made.body)

    async def _asked(self, call: IntegrationCall, integration: Integration, note: Note) -> Answered:
        way, begun_s = self._way(integration), self._clock.monotonic_s()
        headers = ((name, value) for name, values in call.mapped.headers.items() for value in values)
        note_sent(note, call.uri, headers, call.mapped.body)
        answered = await way(call)
        note_answered(note, answered.status, self._clock.monotonic_s() - begun_s, answered.headers, answered.body)
        return answered

    def _way(self, integration: Integration) -> Ask:
        if integration.is_function:
            return self._functions
        if integration.kind == "AWS":
            return self._services
        found = self._kinds.get(integration.kind)
        if found is None:
            raise Misconfigured(f"Integrations of type {integration.kind or 'none'} are not served.")
        return found

    async def _run(self, quick: bool, read: bytes, make: Callable[..., T], *given: Any) -> T:
        """read: a body that may be read as JSON."""
        if quick:
            return make(*given)
        if len(read) > APART_BYTES:
            return await self._loop.work(LARGE, apart, make, *given)
        return await self._loop.work(LARGE, make, *given)


async def _mock(call: IntegrationCall) -> Answered:
    status = mock_status(call.mapped.body)
    if status is None:
        raise Misconfigured("The template of the MOCK integration says no statusCode.")
    return Answered(status, [], b"", status)


def asked_of(entered: Entered, moment: Moment, integration: Integration | None = None) -> MethodRequest:
    """The request as templates, mappings and validators see it."""
    request = entered.request
    headers = headers_in(request.head)
    handling = "" if integration is None else integration.content_handling
    binary = is_binary(request.header(b"content-type"), entered.deployment.binary_types)
    body = converted(request.body, binary=binary, handling=handling)
    query = parameters_of(request.query.decode("latin-1"))
    context = template_context(entered, moment)
    return MethodRequest(headers, query, entered.parameters, body, context, entered.variables)


def converted(body: bytes, *, binary: bool, handling: str) -> bytes:
    """Misconfigured: text that is no base64 is to become bytes."""
    if binary and handling == TO_TEXT:
        return pybase64.b64encode(body)
    if not binary and handling == TO_BINARY:
        return _decoded(body)
    return body


def answer_body(answered: Answered, entered: Entered, handling: str) -> bytes:
    """Bytes or text, by what the integration says that it is and what the caller takes."""
    types = entered.deployment.binary_types
    if not types and not handling:
        return answered.body
    kind = next((value for name, value in answered.headers if name.lower() == "content-type"), None)
    takes_bytes = is_binary(entered.request.header(b"accept"), types)
    to_text = handling == TO_TEXT or (not handling and not takes_bytes)
    if is_binary(kind, types):
        return pybase64.b64encode(answered.body) if to_text else answered.body
    return answered.body if to_text else _decoded(answered.body)


def refusal_of(error: MappingRefused) -> RestRefusal:
    makers = {
        "BAD_REQUEST_PARAMETERS": BadParameters,
        "BAD_REQUEST_BODY": BadBody,
        "UNSUPPORTED_MEDIA_TYPE": UnsupportedMediaType,
        "DEFAULT_4XX": BadRequest,
        "INTEGRATION_TIMEOUT": IntegrationTimedOut,
    }
    make = makers.get(error.response_type)
    if make is None:
        return Misconfigured(getattr(error, "reason", error.message))
    made: RestRefusal = make(error.details, error.message)
    made.validation = error.details
    return made


def _ours(entered: Entered, moment: Moment, integration: Integration) -> list[tuple[str, str]]:
    request_id = entered.request.request_id
    trace = [] if integration.kind == PROXY else [(TRACE, trace_root(moment.trace))]
    return [(REQUEST_ID, request_id), (EXTENDED_ID, request_id), *trace]


def _decoded(body: bytes) -> bytes:
    try:
        return pybase64.b64decode(body, validate=True)
    except ValueError as error:
        raise Misconfigured("What is to become bytes is no base64.") from error
