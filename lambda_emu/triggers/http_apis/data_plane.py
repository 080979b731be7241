"""A request's way to the function behind its API's route, and back. On the loop. docs/contract/events.md#http-apis.

All that a head decides is found once: the next request with the same head on its connection has it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from lambda_emu.arn import Target
from lambda_emu.clock import Clock
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import SMALL_BYTES
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.request import Invoke, InvokeRequest, trace_header
from lambda_emu.model.function.function import Function
from lambda_emu.store import Store
from lambda_emu.triggers import cors, http_event
from lambda_emu.triggers.buckets import Buckets
from lambda_emu.triggers.execute_api.addresses import ApiAddress, host_of
from lambda_emu.triggers.execute_api.functions import Permissions, function_named
from lambda_emu.triggers.execute_api.refusals import REQUEST_ID, ApiFailure, ApiNotFound, ApiThrottled
from lambda_emu.triggers.execute_api.upstream import UpstreamRequest
from lambda_emu.triggers.http_apis import payload_v1
from lambda_emu.triggers.http_apis.api import DEFAULT_STAGE, Api, Integration, Route
from lambda_emu.triggers.http_apis.authorizing import NOBODY, Authorizers, Permit, RoutedRequest
from lambda_emu.triggers.http_apis.parameters import (
    Mapped,
    MappedTemplate,
    Moment,
    context_of,
    map_answer,
    map_request,
)
from lambda_emu.triggers.http_apis.proxy import KIND, pass_on, proxy_request
from lambda_emu.triggers.http_apis.reply import CORS, LARGE, ApiReply
from lambda_emu.triggers.http_apis.stages import stage_of
from lambda_emu.triggers.http_event import Door, EventTimes

Template = http_event.EventTemplate | payload_v1.EventTemplate | MappedTemplate
Change = Callable[[Answer], Answer]


class ApiMeaning(NamedTuple):
    """All that the head of a request decides about it, while the API and the function are these.

    until_s: as long as its authorizer's word holds. for_page: what every answer says to the page that asks.
    is_counted: whether each request is, by its stage's throttling.
    """

    api: Api
    address: ApiAddress
    function: Function
    target: Target
    template: Template
    integration: Integration
    until_s: float
    for_page: cors.Headers
    door: Door
    is_counted: bool = False


class ProxyMeaning(NamedTuple):
    """A request for an integration that is no function. without: how headers begin that its answer must not have."""

    passed: UpstreamRequest
    change: Change | None
    without: str | None


class DataPlane:
    """Serves the HTTP APIs of all accounts."""

    def __init__(
        self, store: Store, invoke: Invoke, loop: Loop, clock: Clock, authorizers: Authorizers, permissions: Permissions
    ) -> None:
        self._store = store
        self._invoke = invoke
        self._loop = loop
        self._clock = clock
        self._authorizers = authorizers
        self._permissions = permissions
        self._times = EventTimes()
        self._buckets = Buckets(clock)

    def serve(self, asked: Request, call: Call, api: Api, address: ApiAddress) -> None:
        """On the loop."""
        meaning = asked.head.meaning
        if len(asked.body) > SMALL_BYTES:
            meaning = None
        elif meaning is None or not self._holds(meaning, api):
            meaning = self._find_meaning_now(asked, call, api, address)
        if meaning is None:
            self._loop.spawn(self._find_meaning_and_run(asked, call, api, address), "a request to an HTTP API")
        elif isinstance(meaning, Answer):
            call.answer(meaning)
        else:
            self._keep(meaning, asked)
            call.for_page = meaning.for_page
            self._run(meaning, asked, call)

    def _holds(self, meaning: ApiMeaning, api: Api) -> bool:
        return (
            meaning.api is api
            and self._store.function(meaning.target.id) is meaning.function
            and meaning.until_s > self._clock.monotonic_s()
        )

    async def _find_meaning_and_run(self, asked: Request, call: Call, api: Api, address: ApiAddress) -> None:
        with call.guard("a request to an HTTP API"):
            meaning = await self._find_meaning(asked, call, api, address)
            if isinstance(meaning, Answer):
                call.answer(meaning)
                return
            if isinstance(meaning, ProxyMeaning):
                await pass_on(meaning.passed, call, self._loop, meaning.change, without=meaning.without)
                return
            self._keep(meaning, asked)
            if len(asked.body) > SMALL_BYTES:
                payload = await self._loop.work(LARGE, self._payload, meaning, asked)
                self._invoke_with(meaning, asked, call, *payload)
            else:
                self._run(meaning, asked, call)

    def _run(self, meaning: ApiMeaning, asked: Request, call: Call) -> None:
        self._invoke_with(meaning, asked, call, *self._payload(meaning, asked))

    def _payload(self, meaning: ApiMeaning, asked: Request) -> tuple[str, bytes]:
        """The trace, and the event; of a large body on a worker."""
        trace = trace_header(asked.header(b"x-amzn-trace-id"), self._clock, meaning.target)
        now_s = self._clock.now_s()
        time = self._times.text(now_s)
        return trace, meaning.template.event(trace, asked.request_id, time, int(now_s * 1000), asked.body)

    def _invoke_with(self, meaning: ApiMeaning, asked: Request, call: Call, trace: str, payload: bytes) -> None:
        integration = meaning.integration
        change = self._change_of(integration, asked, meaning.door)
        limit_s, payload_format = integration.timeout_s, integration.payload_format
        has_cors = meaning.api.cors is not None
        reply = ApiReply(call, self._loop, self._clock, limit_s, payload_format, change, has_cors=has_cors)
        self._invoke(InvokeRequest(asked.request_id, meaning.target, payload, trace_id=trace), reply)

    def _change_of(self, integration: Integration, asked: Request, door: Door) -> Change | None:
        """What the integration makes of its answers."""
        if not integration.answer_changes:
            return None
        context = context_of(asked.head, door, self._moment(asked))
        return lambda answer: map_answer(integration.answer_changes, answer, context, door.variables or {})

    def _moment(self, asked: Request) -> Moment:
        now_s = self._clock.now_s()
        return Moment(asked.request_id, self._times.text(now_s), int(now_s * 1000))

    def _find_meaning_now(
        self, asked: Request, call: Call, api: Api, address: ApiAddress
    ) -> ApiMeaning | Answer | None:
        """As `_find_meaning`, without waiting for anything. None: there is something to be waited for."""
        entered = self._enter(api, address, asked, call)
        if isinstance(entered, Answer):
            return entered
        route, way = entered
        if route.authorization != NOBODY or route.integration is None or route.integration.kind == KIND:
            return None
        self._check_rate(route, way)
        return self._lead(route, way, Permit(way.door, math.inf), call)

    async def _find_meaning(
        self, asked: Request, call: Call, api: Api, address: ApiAddress
    ) -> ApiMeaning | ProxyMeaning | Answer:
        """An answer, where the API gives it itself. Raises what the caller is told."""
        entered = self._enter(api, address, asked, call)
        if isinstance(entered, Answer):
            return entered
        route, way = entered
        permit = await self._authorizers.authorize(route, way)
        self._check_rate(route, way)
        integration = route.integration
        if integration is not None and integration.kind == KIND:
            door, seen = permit.door, Mapped(asked.head, asked.query)
            if integration.changes:
                told = integration.changes, asked.head, asked.query, way.path, door, self._moment(asked), asked.body
                seen = map_request(*told)
            passed = proxy_request(integration, asked, seen, way.door.parameters or {}, way.stage.variables)
            return ProxyMeaning(passed, self._change_of(integration, asked, door), None if api.cors is None else CORS)
        return self._lead(route, way, permit, call)

    def _enter(self, api: Api, address: ApiAddress, asked: Request, call: Call) -> tuple[Route, RoutedRequest] | Answer:
        """As far as nobody else is asked. ApiNotFound."""
        if api.is_disabled or address.region not in (None, api.region):
            raise ApiNotFound(f"The API {address.api_id} is in another region, or its endpoint is disabled.")
        head = asked.head
        call.for_page = cors.for_page(api.cors, head) + (() if address.domain else (cors.SANDBOX,))
        if api.cors is not None and cors.is_preflight(head):
            return Answer(204, [*cors.preflight(api.cors, head), (REQUEST_ID, asked.request_id)])
        return _way(api, address, asked)

    def _check_rate(self, route: Route, way: RoutedRequest) -> None:
        """ApiThrottled."""
        throttle, of = way.stage.throttles.of(route.key)
        if throttle is not None and not self._buckets.has_room((way.api.id, way.stage.name, of), throttle):
            words = f"The stage allows {throttle.rate:g} a second of {route.key}, {throttle.burst:g} at once."
            raise ApiThrottled(words)

    @staticmethod
    def _keep(meaning: ApiMeaning, asked: Request) -> None:
        """For the next request with this head, unless each is counted."""
        asked.head.meaning = None if meaning.is_counted else meaning

    def _lead(self, route: Route, way: RoutedRequest, permit: Permit, call: Call) -> ApiMeaning:
        """To the function. ApiFailure."""
        integration, asked = route.integration, way.request
        if integration is None or integration.kind != "AWS_PROXY" or integration.subtype:
            raise ApiFailure("The route has no integration that is served here, a function by AWS_PROXY or HTTP_PROXY.")
        target = function_named(integration.uri, way.stage.variables)
        source = way.api.source(way.stage, route.shape, asked.method)
        function = self._permissions.permitted(target, way.api.account, source, integration.credentials)
        make = payload_v1.make_template if integration.payload_format == "1.0" else http_event.make_template
        template: Template
        if integration.changes:
            template = MappedTemplate(make, integration.changes, asked.head, asked.query, way.path, permit.door)
        else:
            template = make(asked.head, asked.query, permit.door)
        return ApiMeaning(
            way.api,
            way.address,
            function,
            target,
            template,
            integration,
            permit.until_s,
            call.for_page,
            permit.door,
            way.stage.throttles.is_any,
        )


def _way(api: Api, address: ApiAddress, asked: Request) -> tuple[Route, RoutedRequest]:
    """The route that a request takes. ApiNotFound."""
    stage, path = stage_of(api.stages, address)
    if stage.routes is None:
        raise ApiNotFound("Nothing is deployed to this stage.")
    match = stage.routes.match(asked.method, path)
    if match is None:
        raise ApiNotFound("The API has no such route.")
    door = Door(
        api.id,
        address.domain or host_of(api.id, api.region),
        api.account,
        path if stage.name == DEFAULT_STAGE else f"/{stage.name}{path}",
        route_key=match.route.key,
        stage=stage.name,
        parameters=match.parameters,
        variables=stage.variables,
    )
    return match.route, RoutedRequest(asked, api, address, stage, path, door)
