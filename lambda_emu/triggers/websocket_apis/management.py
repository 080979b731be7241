"""`@connections`: what back ends ask of a connection: send to it, look at it, end it. On the loop.

docs/contract/events.md#websocket-apis.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import unquote

from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.credential import credential_in, credential_of
from lambda_emu.gateway.request import Request
from lambda_emu.http.websockets.websocket import NORMAL
from lambda_emu.model.caller import Caller
from lambda_emu.signatures.signers import BadSignature
from lambda_emu.triggers.execute_api.refusals import MANAGE_CONNECTIONS, SIGNED_FOR
from lambda_emu.triggers.execute_api.service import Seams
from lambda_emu.triggers.websocket_apis.api import SocketApi
from lambda_emu.triggers.websocket_apis.connections import Client, Connections
from lambda_emu.triggers.websocket_apis.refusals import (
    BadConnectionId,
    Gone,
    MayNot,
    MayNotConnect,
    MessageTooLong,
    MissingToken,
    ReadsTooSlowly,
)

ID_BYTES = 11
MOST_BYTES = 128 * 1024
"""Of a message."""

_PATH = re.compile(r"(?:/.*)?/@connections/([^/]+)/?")


def is_about_connection(path: bytes) -> bool:
    return b"connections/" in path and _PATH.fullmatch(unquote(path.decode("latin-1"))) is not None


class Management:
    """Answers requests for connections of all APIs; of one whose API the request does not name, too."""

    def __init__(self, connections: Connections, seams: Seams) -> None:
        self._connections = connections
        self._clock = seams.clock
        self._signers = seams.signers()
        self._may = seams.hosting.may_invoke
        self._ways: Mapping[str, Callable[[Client, Request], Answer]] = {
            "POST": self._send,
            "GET": self._tell,
            "DELETE": self._end,
        }

    async def serve(self, asked: Request, call: Call, api: SocketApi | None) -> None:
        with call.guard("a request for a connection"):
            found = _PATH.fullmatch(unquote(asked.path.decode("latin-1")))
            way = self._ways.get(asked.method)
            if found is None or way is None:
                raise MissingToken("A connection is asked for by POST, GET or DELETE.")
            caller = await self._caller_of(asked)
            client = self._client(found[1], api)
            await self._check(caller, client, asked)
            call.answer(way(self._client(found[1], api), asked))  # it may have gone meanwhile

    async def _check(self, caller: Caller, client: Client, asked: Request) -> None:
        """MayNotConnect, MayNot."""
        account = client.scope.account
        if account != caller.account:
            raise MayNotConnect(f"The API is of the account {account}, the key of {caller.account}.")
        arn = client.arn(f"{asked.method}/@connections/{client.id}")
        reason = await self._may(caller, arn, account, None, asked, MANAGE_CONNECTIONS)
        if reason is not None:
            raise MayNot(caller.arn, MANAGE_CONNECTIONS, arn, reason)

    async def _caller_of(self, asked: Request) -> Caller:
        """Who signed. MissingToken, MayNotConnect."""
        credential = credential_of(asked.head.get(b"authorization")) or credential_in(asked.query)
        try:
            signer = None if credential is None else await self._signers.of(asked, SIGNED_FOR, credential.region)
        except BadSignature as error:
            raise MayNotConnect(str(error)) from error
        if signer is None:
            raise MissingToken(f"Sign for the service `{SIGNED_FOR}`.")
        return signer.caller

    def _client(self, connection_id: str, api: SocketApi | None) -> Client:
        """BadConnectionId, Gone."""
        client = self._connections.find(connection_id, None if api is None else api.id)
        if client is not None and client.socket.is_open:
            return client
        try:
            is_id = len(urlsafe_b64decode(connection_id)) == ID_BYTES
        except ValueError:
            is_id = False
        raise Gone if is_id else BadConnectionId(connection_id)

    def _send(self, client: Client, asked: Request) -> Answer:
        """What is no UTF-8 goes out as bytes that stand for it."""
        if len(asked.body) > MOST_BYTES:
            raise MessageTooLong(f"A message has {MOST_BYTES} bytes at most.")
        if not client.socket.has_room_for(len(asked.body)):
            raise ReadsTooSlowly("The client does not read what is sent to it.")
        client.socket.send(asked.body.decode("utf-8", "replace"))
        return _answer(200, asked)

    def _tell(self, client: Client, asked: Request) -> Answer:
        active_s = self._clock.now_s() - (self._clock.monotonic_s() - client.socket.last_s)
        said = {
            "connectedAt": _moment(client.connected_s),
            "identity": dict(client.identity),
            "lastActiveAt": _moment(active_s),
        }
        return _answer(200, asked, json.dumps(said).encode())

    def _end(self, client: Client, asked: Request) -> Answer:
        client.socket.end(NORMAL, "")
        return _answer(204, asked)


def _answer(status: int, asked: Request, body: bytes = b"") -> Answer:
    headers = [("x-amzn-RequestId", asked.request_id)]
    return Answer(status, [("Content-Type", "application/json"), *headers] if body else headers, body)


def _moment(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
