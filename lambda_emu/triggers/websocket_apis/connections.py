"""Who is connected: clients by their ids, whichever API and stage they are connected to. On the loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from lambda_emu.arn import Scope
from lambda_emu.http.websockets.websocket import NORMAL, WebSocket
from lambda_emu.triggers.websocket_apis.events import ConnectionEvents

MOST_CONNECTIONS = 10_000
MOST_AT_ONCE = 32
"""Messages of one client that back ends work on; the next ones wait with the client."""
KEPT_OF_SIZE = 7 / 8
"""So much of the largest answer is expected of the next one, where those between were smaller."""

_WORDS = {
    1000: "Connection Closed Normally",
    1001: "Going away",
    1005: "Client-side close frame status not set",
}
"""How AWS tells why a connection ended, where its client says nothing of it; of others (?)."""


class Served(Protocol):
    """Who is told what a client does."""

    def message(self, client: Client, text: str) -> None: ...

    def disconnected(self, client: Client, code: int, reason: str) -> None: ...


class Client:
    """http.websocket.SocketUser: one that is connected. identity: as events tell it. scope: of its API.

    connected_s: by the wall. at_work: so many of its messages are with back ends; no more than their answers have room
    for where it reads slowly, if they are as large as those before: functions that run for nobody cost others the CPU.
    """

    def __init__(
        self, id: str, api_id: str, stage: str, scope: Scope, connected_s: float, identity: Mapping[str, Any]
    ) -> None:
        self.id = id
        self.api_id = api_id
        self.stage = stage
        self.scope = scope
        self.connected_s = connected_s
        self.identity = identity
        self.events: ConnectionEvents
        self.domain = ""
        self.socket: WebSocket
        self.served_by: Served
        self.at_work = 0
        self._answer_bytes = 0
        self._is_held = False

    def arn(self, below: str) -> str:
        """Of what is asked of it: `POST/@connections/<id>`."""
        return self.scope.arn(f"{self.api_id}/{self.stage}/{below}", "execute-api")

    def message(self, text: str) -> bool:
        self.at_work += 1
        self.served_by.message(self, text)
        self._is_held = not self._has_room
        return not self._is_held

    def drained(self) -> None:
        if self._is_held and self._has_room:
            self._is_held = False
            self.socket.hold(False)

    def worked(self, answer_bytes: int) -> None:
        """A back end is done with one of its messages, and what it answered is sent."""
        self.at_work -= 1
        self._answer_bytes = max(answer_bytes, int(self._answer_bytes * KEPT_OF_SIZE))
        self.drained()

    @property
    def _has_room(self) -> bool:
        """For one more message."""
        return self.at_work < MOST_AT_ONCE and self.socket.has_room_for((self.at_work + 1) * self._answer_bytes)

    def closed(self, code: int, reason: str) -> None:
        self.served_by.disconnected(self, code, reason or _WORDS.get(code, ""))


class Connections:
    """All there are, of all APIs."""

    def __init__(self) -> None:
        self._clients: dict[str, Client] = {}

    @property
    def is_full(self) -> bool:
        return len(self._clients) >= MOST_CONNECTIONS

    def add(self, client: Client) -> None:
        self._clients[client.id] = client

    def remove(self, client: Client) -> None:
        self._clients.pop(client.id, None)

    def find(self, connection_id: str, api_id: str | None) -> Client | None:
        """api_id: None: of any API."""
        found = self._clients.get(connection_id)
        return None if found is None or api_id not in (None, found.api_id) else found

    def close(self) -> None:
        """Their APIs are gone."""
        for client in list(self._clients.values()):
            client.socket.end(NORMAL, "")
