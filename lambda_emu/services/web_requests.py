"""Requests to anybody, with what a connection of EventBridge adds: for API destinations and tasks of state machines."""

from __future__ import annotations

import json
import ssl
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from msgspec import Struct

BODILESS = ("GET", "HEAD", "OPTIONS")
OAUTH = "OAUTH_CLIENT_CREDENTIALS"

Pairs = Mapping[str, str]


class WebRequest(Struct, frozen=True):
    """url: without its query."""

    method: str
    url: str
    query: Pairs
    headers: Pairs
    body: bytes

    @property
    def target(self) -> str:
        """Path and query, as they are sent."""
        path = quote(urlsplit(self.url).path or "/", safe="/%:@!$&'()*+,;=-._~")
        return path + (f"?{urlencode(self.query)}" if self.query else "")


class WebAnswer(Struct, frozen=True):
    status: int
    reason: str
    headers: Sequence[tuple[str, str]]
    body: bytes


def send(asked: WebRequest, limit_s: float, most_bytes: int) -> WebAnswer:
    """The answer, of its body the beginning. OSError, HTTPException; ValueError: it cannot be asked so."""
    parts = urlsplit(asked.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it is no URL to ask")
    with closing(
        HTTPSConnection(parts.hostname, parts.port, timeout=limit_s, context=ssl.create_default_context())
        if parts.scheme == "https"
        else HTTPConnection(parts.hostname, parts.port, timeout=limit_s)
    ) as connection:
        connection.request(asked.method, asked.target, asked.body or None, dict(asked.headers))
        answer = connection.getresponse()
        return WebAnswer(answer.status, answer.reason, answer.getheaders(), answer.read(most_bytes))


def authorization(type: str, parameters: Mapping[str, Any]) -> Pairs:
    """The header by which a connection says who asks, but of OAuth, where a token has to be asked for."""
    if type == "BASIC":
        basic = parameters["BasicAuthParameters"]
        return {"Authorization": "Basic " + b64encode(f"{basic['Username']}:{basic['Password']}".encode()).decode()}
    if type == "API_KEY":
        key = parameters["ApiKeyAuthParameters"]
        return {key["ApiKeyName"]: key["ApiKeyValue"]}
    return {}


def token_request(parameters: Mapping[str, Any], agent: str) -> WebRequest:
    """OAuth's client credentials, in a form or, with GET, in the query. parameters: those of OAuth."""
    client, more = parameters["ClientParameters"], parameters.get("OAuthHttpParameters", {})
    said = {
        "grant_type": "client_credentials",
        "client_id": client["ClientID"],
        "client_secret": client["ClientSecret"],
        **pairs(more, "BodyParameters"),
    }
    parts = urlsplit(parameters["AuthorizationEndpoint"])
    is_get = parameters["HttpMethod"] == "GET"
    query = {**dict(parse_qsl(parts.query)), **pairs(more, "QueryStringParameters"), **(said if is_get else {})}
    form = {} if is_get else {"Content-Type": "application/x-www-form-urlencoded"}
    headers = {"User-Agent": agent, **form, **pairs(more, "HeaderParameters")}
    body = b"" if is_get else urlencode(said).encode()
    return WebRequest(parameters["HttpMethod"], parts._replace(query="").geturl(), query, headers, body)


def token_of(answer: WebAnswer) -> tuple[str, float | None]:
    """As a header has it, and how long it holds, in seconds, if it says so. ValueError: there is none."""
    try:
        said = json.loads(answer.body) if 200 <= answer.status < 300 else {}
        lasts = said.get("expires_in")
        return f"Bearer {said['access_token']}", None if lasts is None else float(lasts)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"no token: {answer.status}") from error


def pairs(parameters: Mapping[str, Any], name: str) -> dict[str, str]:
    return {one["Key"]: one.get("Value", "") for one in parameters.get(name, ()) if one.get("Key")}


def with_members(body: bytes, members: Pairs) -> bytes:
    """Of an object; anything else has none."""
    if not members:
        return body
    try:
        found = json.loads(body)
    except ValueError:
        return body
    return json.dumps({**found, **members}).encode() if isinstance(found, dict) else body
