"""What stands behind the routes of WebSocket APIs, by the type of a route's integration. On the loop."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.triggers.execute_api.refusals import ApiFailure
from lambda_emu.triggers.rest_apis.integrations.services import Services
from lambda_emu.triggers.rest_apis.mapping.requests import IntegrationRequest
from lambda_emu.triggers.rest_apis.refusals import IntegrationTimedOut, RestRefusal
from lambda_emu.triggers.rest_apis.templates.rendering import NOTHING_OVERRIDDEN, Seen
from lambda_emu.triggers.websocket_apis import mapping, urls
from lambda_emu.triggers.websocket_apis.api import SocketApi, SocketIntegration, SocketRoute, SocketStage
from lambda_emu.triggers.websocket_apis.functions import Functions, Tell
from lambda_emu.triggers.websocket_apis.mapping import BackEndAnswer, Said
from lambda_emu.triggers.websocket_apis.refusals import BackEndFailed, BackEndLate

log = logging.getLogger(__name__)

TEMPLATES = Workers("mapping templates of WebSocket APIs", 2, 64)
HTTP, HTTP_PROXY, AWS, AWS_PROXY, MOCK = "HTTP", "HTTP_PROXY", "AWS", "AWS_PROXY", "MOCK"
MAPPED = (HTTP, AWS, MOCK)
"""Types whose requests and answers templates make."""
LAMBDA = ":lambda:path/"


class Errand(NamedTuple):
    """What is asked of a back end. make_event: what a function is given, with the trace. text: of the message.

    make_context: requestContext of the event, as JSON. head, query: of the request that a connection begins with.
    """

    api: SocketApi
    stage: SocketStage
    route: SocketRoute
    make_event: Callable[[str], bytes]
    make_context: Callable[[], str]
    text: str = ""
    head: Head | None = None
    query: bytes = b""

    @property
    def place(self) -> tuple[SocketApi, SocketStage, str]:
        return self.api, self.stage, self.route.key

    @property
    def trace(self) -> str | None:
        """The header that came with it."""
        value = None if self.head is None else self.head.get(b"x-amzn-trace-id")
        return None if value is None else value.decode("latin-1")


class ServiceRequest(NamedTuple):
    """rest_apis.integrations.services.ServiceCall."""

    account: str
    role: str | None
    uri: str
    method: str
    timeout_s: float
    mapped: IntegrationRequest


class BackEnds:
    """All kinds of them."""

    def __init__(self, functions: Functions, services: Services, loop: Loop) -> None:
        self._functions = functions
        self._services = services
        self._loop = loop
        self._ways: Mapping[str, Callable[[SocketIntegration, Errand, bytes, Said], Awaitable[BackEndAnswer]]] = {
            HTTP: self._ask_url,
            HTTP_PROXY: self._ask_url,
            AWS: self._ask_service,
            MOCK: self._pretend,
        }

    def ask(self, errand: Errand, tell: Tell) -> None:
        """tell: called once, with the answer or what went wrong. ApiFailure: before anybody was asked."""
        integration = errand.route.integration
        if integration is None:
            raise ApiFailure(f"The route {errand.route.key} has no integration.")
        if integration.kind == AWS_PROXY:
            self._functions.ask(errand.place, integration, errand.make_event, tell, errand.trace)
        elif integration.kind in self._ways:
            self._loop.spawn(self._run(integration, errand, tell), "a message to a back end of a WebSocket API")
        else:
            raise ApiFailure(f"There is no integration of the type {integration.kind}.")

    async def _run(self, integration: SocketIntegration, errand: Errand, tell: Tell) -> None:
        answer: Answer | LambdaError
        try:
            answer = await self._answer(integration, errand)
        except LambdaError as error:
            answer = error
        except (Full, Closed):
            answer = BackEndFailed("Too many messages wait for back ends.")
        except Exception:
            log.exception("a message could not be brought to its back end")
            answer = BackEndFailed("An internal error occurred; the emulator's log has the traceback.")
        tell(answer)

    async def _answer(self, integration: SocketIntegration, errand: Errand) -> Answer:
        """LambdaError."""
        context = json.loads(errand.make_context())
        said = Said(errand.text, errand.head, errand.query, context, errand.stage.variables)
        body = said.text.encode()
        is_mapped = integration.kind in MAPPED
        if is_mapped and errand.route.models:
            await self._loop.work(TEMPLATES, mapping.check_model, errand.route, errand.stage.models, said)
        if is_mapped and (template := mapping.template_of(integration, said)) is not None:
            body = await self._render(template, mapping.seen_of(said, body))
        answer = await self._ways[integration.kind](integration, errand, body, said)
        if not is_mapped:
            return Answer(answer.status, list(answer.headers.items()), answer.body)
        response = mapping.response_for(integration, answer, said)
        if answer.error is not None and response is None:
            raise BackEndFailed(f"The function failed, and no integration response is for that: {answer.error}")
        found, template = answer.body, mapping.answer_template(response, answer, said)
        if template is not None:
            found = await self._render(template, mapping.seen_of(said, found))
        return Answer(answer.status, [], found if response is not None else b"")

    async def _render(self, template: str, seen: Seen) -> bytes:
        if mapping.may_render_now(template, seen):
            return mapping.rendered(template, seen)
        return await self._loop.work(TEMPLATES, mapping.rendered, template, seen)

    # -- each kind --------------------------------------------------------------------------------

    async def _ask_url(self, integration: SocketIntegration, errand: Errand, body: bytes, said: Said) -> BackEndAnswer:
        mapped = mapping.parameters(integration, said)
        asked = urls.request_to(integration.uri, integration.method, mapped, errand.stage.variables, body)
        return await self._loop.work(urls.URLS, urls.ask, asked._replace(timeout_s=integration.timeout_s))

    async def _ask_service(
        self, integration: SocketIntegration, errand: Errand, body: bytes, said: Said
    ) -> BackEndAnswer:
        if LAMBDA not in integration.uri:
            return await self._ask_other(integration, errand, body, said)
        answered: asyncio.Future[BackEndAnswer | LambdaError] = asyncio.get_running_loop().create_future()
        self._functions.ask_plainly(errand.place, integration, body, answered.set_result)
        answer = await answered
        if isinstance(answer, LambdaError):
            raise answer
        return answer

    async def _ask_other(
        self, integration: SocketIntegration, errand: Errand, body: bytes, said: Said
    ) -> BackEndAnswer:
        """Another service than Lambda, as REST APIs ask it."""
        found = mapping.parameters(integration, said)
        headers, query = (
            {name: (value,) for name, value in found[place].items()} for place in ("header", "querystring")
        )
        mapped = IntegrationRequest(headers, query, found["path"], body, True, NOTHING_OVERRIDDEN)
        uri = urls.filled(integration.uri, found["path"], errand.stage.variables)
        call = ServiceRequest(
            errand.api.account, integration.credentials, uri, integration.method, integration.timeout_s, mapped
        )
        try:
            answered = await self._services.ask(call)
        except IntegrationTimedOut as error:
            raise BackEndLate(error.hint) from error
        except RestRefusal as error:
            raise BackEndFailed(error.hint) from error
        return BackEndAnswer(
            int(answered.status), answered.body, {name.lower(): value for name, value in answered.headers}
        )

    async def _pretend(self, integration: SocketIntegration, errand: Errand, body: bytes, said: Said) -> BackEndAnswer:
        """MOCK: its request says the status of its answer. Without a template that is 200 (?)."""
        if not integration.templates:
            return BackEndAnswer(200, b"", {})
        try:
            status = json.loads(body)["statusCode"]
        except (ValueError, TypeError, KeyError, RecursionError):
            status = None
        if not isinstance(status, int) or not 100 <= status < 600:
            raise BackEndFailed("The template of a MOCK integration makes no object with a statusCode.")
        return BackEndAnswer(status, b"", {})
