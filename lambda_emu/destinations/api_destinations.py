"""API destinations as targets: requests to anybody, with what their connection adds. docs/contract/events.md#rules.

On threads that may block; no destination is asked more often in a second than it says.
"""

from __future__ import annotations

import json
from asyncio import Future
from collections.abc import Mapping
from http.client import HTTPException
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.clock import Clock
from lambda_emu.destinations.delivery import Delivery
from lambda_emu.destinations.failures import NotDelivered, Undeliverable
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.services.eventbridge.records import ApiDestination, Connection
from lambda_emu.services.web_requests import (
    BODILESS,
    OAUTH,
    WebAnswer,
    WebRequest,
    authorization,
    pairs,
    send,
    token_of,
    token_request,
    with_members,
)

ASKS = Workers("requests to API destinations", 32, 4096)
LIMIT_S = 5.0
"""As on AWS."""
MOST_ANSWER_BYTES = 64 * 1024
AGENT = "Amazon/EventBridge/ApiDestinations"
TYPE = "application/json; charset=utf-8"
AGAIN = (401, 407, 409, 429)
"""Answers after which it is tried again, as after 500 and above."""
TOKEN_S, SPARE_S = 3600.0, 30.0
"""How long a token holds that does not say so, and how long before its end another is asked for."""


class Token(Struct, frozen=True):
    text: str
    ends_s: float


class DestinationSender:
    """For the destinations of one server. On the loop but for `_send`."""

    def __init__(self, loop: Loop, clock: Clock) -> None:
        self._loop = loop
        self._clock = clock
        self._next_s: dict[str, float] = {}  # by ARN: when the next may be asked
        self._tokens: dict[str, Token] = {}  # by the ARN of a connection
        self._lock = Lock()  # guards _tokens, for a moment

    async def send(self, delivery: Delivery, body: bytes, destination: ApiDestination, connection: Connection) -> None:
        """Undeliverable, NotDelivered."""
        await self._wait(destination)
        await self._loop.work(ASKS, self._send, delivery, body, destination, connection)

    async def _wait(self, destination: ApiDestination) -> None:
        """Its turn, at the rate that it says."""
        now_s = self._clock.monotonic_s()
        turn_s = max(self._next_s.get(destination.arn, 0.0), now_s)
        self._next_s[destination.arn] = turn_s + 1 / destination.most_per_s
        if turn_s > now_s:
            woken: Future[None] = self._loop.asyncio.create_future()
            self._clock.call_later(turn_s - now_s, lambda: _wake(woken))
            await woken

    def _send(self, delivery: Delivery, body: bytes, destination: ApiDestination, connection: Connection) -> None:
        if connection.authorized_s is None:
            raise NotDelivered(f"Connection {connection.name} is not authorized", "ConnectionDeauthorized")
        asked = request_for(delivery, body, destination, connection)
        if connection.type == OAUTH:
            asked = replace(asked, headers={**asked.headers, "Authorization": self._token(connection)})
        answer = ask(asked)
        status, said = answer.status, answer.body
        if 200 <= status < 300:
            return
        if status in (401, 407):
            with self._lock:
                self._tokens.pop(connection.arn, None)
        text = f"{destination.endpoint} answered {status}: {said[:512].decode('utf-8', 'replace')}"
        code = "Throttling" if status == 429 else f"HTTP{status}"
        raise NotDelivered(text, code) if status in AGAIN or status >= 500 else Undeliverable(text, code)

    def _token(self, connection: Connection) -> str:
        """As a header has it. NotDelivered."""
        now_s = self._clock.machine.monotonic_s()  # whoever gave it goes by no clock of ours
        with self._lock:
            known = self._tokens.get(connection.arn)
        if known is not None and known.ends_s > now_s:
            return known.text
        answer = ask(token_request(connection.parameters["OAuthParameters"], AGENT))
        try:
            text, lasts_s = token_of(answer)
        except ValueError as error:
            raise NotDelivered(f"{connection.name} got {error}", "ConnectionAuthorization") from error
        with self._lock:
            self._tokens[connection.arn] = Token(text, now_s + max((lasts_s or TOKEN_S) - SPARE_S, 0.0))
        return text


def _wake(woken: Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)


def request_for(delivery: Delivery, body: bytes, destination: ApiDestination, connection: Connection) -> WebRequest:
    """What the rule's target says, then the connection, whose word is the last."""
    target: Mapping[str, Any] = json.loads(delivery.options.get("HttpParameters", "{}"))
    more = connection.parameters.get("InvocationHttpParameters", {})
    url = destination.endpoint
    for value in target.get("PathParameterValues", ()):
        url = url.replace("*", quote(value, safe=""), 1)
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query)), **target.get("QueryStringParameters", {})}
    headers = {"Content-Type": TYPE, "User-Agent": AGENT, "Range": "bytes=0-1048575"}
    signed = authorization(connection.type, connection.parameters)
    headers |= {**target.get("HeaderParameters", {}), **pairs(more, "HeaderParameters"), **signed}
    return WebRequest(
        destination.method,
        parts._replace(query="", fragment="").geturl(),
        {**query, **pairs(more, "QueryStringParameters")},
        headers,
        b"" if destination.method in BODILESS else with_members(body, pairs(more, "BodyParameters")),
    )


def ask(asked: WebRequest) -> WebAnswer:
    """The beginning of the answer. NotDelivered, Undeliverable."""
    try:
        return send(asked, LIMIT_S, MOST_ANSWER_BYTES)
    except TimeoutError as error:
        raise NotDelivered(f"{asked.url} did not answer within {LIMIT_S:g} s", "TimeoutException") from error
    except (OSError, HTTPException) as error:
        raise NotDelivered(f"{asked.url} cannot be reached: {error}", "ConnectionFailure") from error
    except ValueError as error:
        raise Undeliverable(f"{asked.url} cannot be asked so: {error}", "InvalidParameter") from error
