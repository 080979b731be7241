"""A client's way to its API's back ends and back: how it connects, what it says, how it leaves. On the loop.

docs/contract/events.md#websocket-apis.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from lambda_emu.arn import Scope
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer, log_hint
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.http.group import Accepted, Acceptor
from lambda_emu.http.websockets.websocket import ABNORMAL, GOING_AWAY, SocketLimits, WebSocket
from lambda_emu.triggers.buckets import Buckets
from lambda_emu.triggers.execute_api.addresses import ApiAddress, host_of
from lambda_emu.triggers.execute_api.service import Seams
from lambda_emu.triggers.http_event import source_of
from lambda_emu.triggers.websocket_apis.api import CONNECT, DEFAULT, DISCONNECT, SocketApi, SocketRoute, SocketStage
from lambda_emu.triggers.websocket_apis.authorizing import Entrance, SocketAuthorizers
from lambda_emu.triggers.websocket_apis.back_ends import BackEnds, Errand
from lambda_emu.triggers.websocket_apis.connections import MOST_CONNECTIONS, Client, Connections
from lambda_emu.triggers.websocket_apis.events import (
    ConnectionEvents,
    Occasion,
    Occasions,
    ending,
    message_member,
    new_id,
    said_at_end,
    said_by,
)
from lambda_emu.triggers.websocket_apis.handshake import accept_key, answer_headers
from lambda_emu.triggers.websocket_apis.management import Management, is_about_connection
from lambda_emu.triggers.websocket_apis.refusals import (
    INTERNAL,
    BackEndFailed,
    MayNotConnect,
    TooManyConnections,
    TooOften,
    as_refusal,
    refusal_answer,
    told,
)
from lambda_emu.triggers.websocket_apis.selection import evaluate, in_message

log = logging.getLogger(__name__)

MESSAGE_BYTES = 128 * 1024
LIMITS = SocketLimits(32 * 1024, MESSAGE_BYTES, 1 << 20, 600.0, 7200.0)
"""AWS's quotas of frames, messages, idleness and life. Of what a client does not read AWS tells no figure."""
OK = range(200, 300)


class DataPlane:
    """Serves the WebSocket APIs of all accounts: execute_api.service.DataPlane, and connections.Served."""

    def __init__(self, seams: Seams, authorizers: SocketAuthorizers, back_ends: BackEnds) -> None:
        self._loop = seams.loop
        self._clock = seams.clock
        self._apis = seams.apis()
        self._authorizers = authorizers
        self._back_ends = back_ends
        self._occasions = Occasions(seams.clock)
        self._connections = Connections()
        self._buckets = Buckets(seams.clock)
        seams.at_reset.append(self._connections.close)
        self._management = Management(self._connections, seams)

    def serve(self, asked: Request, call: Call, api: SocketApi | None, address: ApiAddress | None) -> None:
        """MayNotConnect."""
        call.fail_as(refusal_answer)
        if api is not None and address is not None and address.region not in (None, api.region):
            raise MayNotConnect(f"The API {api.id} is in another region, {api.region}.")
        if api is None or address is None or is_about_connection(asked.path):
            self._loop.spawn(self._management.serve(asked, call, api), "a request for a connection")
        else:
            self._loop.spawn(self._serve_client(asked, call, api, address), "a client of a WebSocket API")

    # -- how a client connects --------------------------------------------------------------------

    async def _serve_client(self, asked: Request, call: Call, api: SocketApi, address: ApiAddress) -> None:
        with call.guard("a client of a WebSocket API"):
            accept = accept_key(asked.head)
            stage = _stage_of(api, address)
            if self._connections.is_full:
                raise TooManyConnections(f"More than {MOST_CONNECTIONS} clients are connected.")
            self._check_rate(api, stage, CONNECT)
            client = self._make_client(asked, api, stage, address)
            occasion = self._occasions.now(CONNECT, "CONNECT")
            call.fail_as(partial(refusal_answer, connection_id=client.id, request_id=occasion.request_id))
            answer = await self._connect(Entrance(asked, api, stage, client, occasion))
            if answer.status in OK:
                self._open(client, call, answer_headers(accept, answer.headers))
            else:
                call.answer(answer)

    def _make_client(self, asked: Request, api: SocketApi, stage: SocketStage, address: ApiAddress) -> Client:
        now_s, agent = self._clock.now_s(), asked.header(b"user-agent")
        identity = {"sourceIp": source_of(asked.head)} | ({} if agent is None else {"userAgent": agent})
        client = Client(new_id(self._clock), api.id, stage.name, Scope(api.account, api.region), now_s, identity)
        client.domain = address.domain or host_of(api.id, api.region)
        client.served_by = self
        names = {"domainName": client.domain, "connectionId": client.id, "apiId": api.id}
        client.events = ConnectionEvents(names, stage.name, int(now_s * 1000), identity, stage.variables)
        return client

    async def _connect(self, entrance: Entrance) -> Answer:
        """What `$connect` says of it; where there is no such route, anybody is let in. Raises what the client hears."""
        asked, api, stage, client, occasion = entrance
        route = (stage.routes or {}).get(CONNECT)
        if route is None:
            return Answer(200, [])
        await self._authorizers.authorize(route, entrance)
        if route.integration is None:
            return Answer(200, [])

        def make_event(trace: str) -> bytes:
            return client.events.connection(occasion, said_by(asked.head, asked.query, trace))

        answered: asyncio.Future[Answer | LambdaError] = asyncio.get_running_loop().create_future()
        context = partial(client.events.context, occasion)
        errand = Errand(api, stage, route, make_event, context, head=asked.head, query=asked.query)
        self._back_ends.ask(errand, answered.set_result)
        answer = await answered
        if isinstance(answer, LambdaError):
            raise answer
        return answer

    def _open(self, client: Client, call: Call, headers: list[tuple[str, str]]) -> None:
        def make_socket(acceptor: Acceptor[Accepted]) -> WebSocket:
            client.socket = WebSocket(client, LIMITS, self._clock, acceptor)
            self._connections.add(client)
            return client.socket

        if not call.switch(headers, make_socket):
            client.closed(ABNORMAL, "")  # it left while it was asked whether it may come

    # -- what it says -----------------------------------------------------------------------------

    def message(self, client: Client, text: str) -> None:
        api = self._apis.known(client.api_id)
        if isinstance(api, SocketApi):
            self._take(client, api, text)
        else:
            self._loop.spawn(self._find_and_take(client, text), "a message to a WebSocket API")

    async def _find_and_take(self, client: Client, text: str) -> None:
        try:
            api = await self._apis.get(client.api_id)
        except LambdaError as error:
            self._tell(client, None, self._occasions.now(DEFAULT, "MESSAGE"), error)
            return
        if isinstance(api, SocketApi):
            self._take(client, api, text)
        else:
            client.socket.end(GOING_AWAY, "Going away")

    def _take(self, client: Client, api: SocketApi, text: str) -> None:
        stage = api.stages.get(client.stage)
        if stage is None:
            client.socket.end(GOING_AWAY, "Going away")
            return
        route = stage.route(evaluate(api.selection, in_message(text)))
        occasion = self._occasions.now(DEFAULT if route is None else route.key, "MESSAGE")
        tell = partial(self._tell, client, route, occasion)
        if route is None:
            tell(MayNotConnect("No route has the message's key, and there is no $default."))
            return
        try:
            self._check_rate(api, stage, route.key)
        except TooOften as error:
            tell(error)
            return
        message_id = new_id(self._clock)
        events = client.events
        make_context = partial(events.context, occasion, more=message_member(message_id))
        errand = Errand(api, stage, route, lambda _: events.message(occasion, message_id, text), make_context, text)
        try:
            self._back_ends.ask(errand, tell)
        except LambdaError as error:
            tell(error)

    def _check_rate(self, api: SocketApi, stage: SocketStage, key: str) -> None:
        """TooOften."""
        throttle, of = stage.throttles.of(key)
        if throttle is not None and not self._buckets.has_room((api.id, stage.name, of), throttle):
            raise TooOften(f"The stage allows {throttle.rate:g} a second of {key}, {throttle.burst:g} at once.")

    def _tell(
        self, client: Client, route: SocketRoute | None, occasion: Occasion, answer: Answer | LambdaError
    ) -> None:
        """What came of a message, to its client, and that there is room for another."""
        if isinstance(answer, Answer) and len(answer.body) > MESSAGE_BYTES:
            answer = BackEndFailed(f"The answer has more than {MESSAGE_BYTES} bytes.")
        said = ""
        if isinstance(answer, LambdaError):
            log_hint(log, f"a message to {client.api_id}", answer)
            said = told(as_refusal(answer).text or INTERNAL, client.id, occasion.request_id)
        elif route is not None and route.answers:
            said = answer.body.decode("utf-8", "replace")
        if said:
            client.socket.send(said)
        client.worked(len(said))

    # -- how it leaves ----------------------------------------------------------------------------

    def disconnected(self, client: Client, code: int, reason: str) -> None:
        self._connections.remove(client)
        self._loop.spawn(self._disconnect(client, code, reason), "the end of a connection to a WebSocket API")

    async def _disconnect(self, client: Client, code: int, reason: str) -> None:
        """Its back end is told once; what comes of that nobody hears."""
        try:
            api = await self._apis.get(client.api_id)
            stage = api.stages.get(client.stage) if isinstance(api, SocketApi) else None
            route = None if stage is None else (stage.routes or {}).get(DISCONNECT)
            if not isinstance(api, SocketApi) or stage is None or route is None:
                return
            occasion = self._occasions.now(DISCONNECT, "DISCONNECT")
            end = ending(code, reason)
            event = client.events.connection(occasion, said_at_end(client.domain), *end)
            make_context = partial(client.events.context, occasion, *end)
            self._back_ends.ask(Errand(api, stage, route, lambda _: event, make_context), _log_end)
        except LambdaError as error:
            _log_end(error)


def _log_end(answer: Answer | LambdaError) -> None:
    if isinstance(answer, LambdaError):
        log_hint(log, "the end of a connection", as_refusal(answer))


def _stage_of(api: SocketApi, address: ApiAddress) -> SocketStage:
    """MayNotConnect."""
    named, _, below = address.path.strip("/").partition("/") if address.stage is None else (address.stage, "", "")
    stage = api.stages.get(named)
    if api.is_disabled or stage is None or stage.routes is None or below:
        raise MayNotConnect(f"The API has no stage {named!r} that something is deployed to: `ws://…/<stage>`.")
    return stage
