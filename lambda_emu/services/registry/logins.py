"""Who logs in to the registry: GetAuthorizationToken gives out what `docker login` sends with each request.

A password says whose it is and until when, and ends with what only this server can make of that: nothing is kept of it.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable

from lambda_emu.arn import Scope
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.request import Request
from lambda_emu.model.caller import Caller, root_of
from lambda_emu.model.credentials import MOST_TOKEN, Issuer, read_token
from lambda_emu.services.callers import caller_of
from lambda_emu.services.json_wire import json_answer
from lambda_emu.services.registry.errors import TokenExpired

USER = "AWS"
HOLDS_S = 12 * 3600


class Logins:
    """now_s: epoch seconds. new_token: hex digits that nobody can guess."""

    def __init__(self, issuer: Issuer, now_s: Callable[[], float], new_token: Callable[[], str]) -> None:
        self._issuer = issuer
        self._now_s = now_s
        self._new_token = new_token

    def password(self, caller: Caller) -> tuple[str, int]:
        """With the second, since the epoch, at which it ends."""
        until_s = int(self._now_s()) + HOLDS_S
        said = f"{until_s}.{self._issuer.of_caller(caller, self._new_token()).token}"
        return f"{said}.{self._issuer.secret_of(said)}", until_s

    def caller(self, request: Request) -> Caller | None:
        """None: nobody says who he is, or what he says is not of ours. TokenExpired."""
        kind, _, told = (request.header(b"authorization") or "").partition(" ")
        if kind.lower() != "basic" or len(told) > 2 * MOST_TOKEN:
            return None
        try:
            user, _, password = b64decode(told, validate=True).decode().partition(":")
        except ValueError:
            return None
        said, _, secret = password.rpartition(".")
        until, _, token = said.partition(".")
        if user != USER or not hmac.compare_digest(secret.encode(), self._issuer.secret_of(said).encode()):
            return None
        session = read_token(token)
        if session is None or not until.isdigit():
            return None
        if int(until) < self._now_s():
            raise TokenExpired
        return session.caller()


def token_answer(asked: Request, logins: Logins, url: str, scope: Scope) -> Answer:
    """Of GetAuthorizationToken. url: of the registry. scope: of callers who name none."""
    scope = caller_of(asked, scope)
    caller: Caller | None = asked.caller
    if caller is None or not caller.account:
        caller = root_of(scope.account, "")
    password, until_s = logins.password(caller)
    token = b64encode(f"{USER}:{password}".encode()).decode()
    told = {"authorizationToken": token, "expiresAt": until_s, "proxyEndpoint": url}
    return json_answer({"authorizationData": [told]}, asked)
