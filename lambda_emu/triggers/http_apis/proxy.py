"""HTTP_PROXY integrations: a request is passed on as it is, and its answer comes back piece by piece.

docs/contract/events.md#http-apis.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.pieces import PIECE_BYTES
from lambda_emu.gateway.request import Request
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.triggers.execute_api.refusals import REQUEST_ID, ApiFailure, ApiUnavailable
from lambda_emu.triggers.http_apis.api import Integration
from lambda_emu.triggers.http_apis.parameters import Mapped
from lambda_emu.triggers.http_event import HOP_BY_HOP, source_of

PASSED_ON = Workers("requests that HTTP APIs pass on", 16, 128)
FORWARDED = "forwarded"
MOST_HOPS = 8
"""An API that leads back to itself ends here: each hop adds its header."""
KIND = "HTTP_PROXY"
OURS = frozenset((b"host", b"content-length"))
"""Headers that are said anew, beside those of one hop."""

_VARIABLE = re.compile(r"\{([\w.:-]+)\+?\}", re.ASCII)
_STAGE = re.compile(r"\$\{stageVariables\.(\w+)\}")


class ProxyRequest(NamedTuple):
    """What is asked of whom."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes
    timeout_s: float


def proxy_request(
    integration: Integration, asked: Request, seen: Mapped, parameters: Mapping[str, str], variables: Mapping[str, str]
) -> ProxyRequest:
    """seen: what of the request goes there. parameters: what the variables of the route's path stand for.

    variables: of the stage. ApiFailure: no URL, or one that leads back here.
    """
    if sum(name == FORWARDED.encode() for name, _ in asked.head.headers) >= MOST_HOPS:
        raise ApiFailure(f"It was passed on {MOST_HOPS} times: the integration leads back to its own API.")
    url = _STAGE.sub(lambda found: variables.get(found[1], ""), integration.uri)
    url = _VARIABLE.sub(lambda found: quote(parameters.get(found[1], ""), safe="/-_.~"), url)
    if seen.path is not None:
        url = urlsplit(url)._replace(path=seen.path).geturl()
    query = seen.query.decode("latin-1")
    if query:
        url += f"{'&' if '?' in url else '?'}{query}"
    if urlsplit(url).scheme not in ("http", "https"):
        raise ApiFailure("The URI of the integration is no URL of HTTP.")
    headers = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in seen.head.headers
        if name not in HOP_BY_HOP and name not in OURS
    ]
    headers.append((FORWARDED, f"for={source_of(asked.head)};host={asked.header(b'host') or ''};proto=http"))
    method = asked.method if integration.method == "ANY" else integration.method
    return ProxyRequest(method, url, headers, asked.body, integration.timeout_s)


async def pass_on(
    passed: ProxyRequest, call: Call, loop: Loop, change: Callable[[Answer], Answer] | None, *, without: str | None
) -> None:
    """On the loop. change: what parameter mapping makes of the answer's head. without: how headers begin that go.

    ApiUnavailable: nobody answers in time.
    """
    asking = loop.work(PASSED_ON, _ask, passed)
    try:
        connection, answer = await asyncio.wait_for(asyncio.shield(asking), passed.timeout_s)
    except (OSError, HTTPException, TimeoutError, ValueError) as error:
        asking.add_done_callback(_let_go)
        why = f"within {passed.timeout_s:g} s" if isinstance(error, TimeoutError) else f"({error})"
        raise ApiUnavailable(f"The integration's URL does not answer {why}.") from error
    hop_by_hop = {name.decode() for name in HOP_BY_HOP} | {"content-length", "date"}
    headers = [
        (name, value)
        for name, value in answer.getheaders()
        if name.lower() not in hop_by_hop and not (without and name.lower().startswith(without))
    ]
    told = Answer(answer.status, headers)
    if change is not None:
        told = change(told)
    told.headers.append((REQUEST_ID, call.request.request_id))

    def close() -> None:
        answer.close()
        connection.close()

    call.flow(told.status, told.headers, answer.length, _pieces(answer), close)


def _ask(passed: ProxyRequest) -> tuple[HTTPConnection, HTTPResponse]:
    """On a worker."""
    parts = urlsplit(passed.url)
    make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = make(parts.hostname or "", parts.port, timeout=passed.timeout_s)
    try:
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        connection.putrequest(passed.method, path, skip_accept_encoding=True)
        for name, value in passed.headers:
            connection.putheader(name, value.encode("latin-1", "replace"))
        connection.putheader("content-length", str(len(passed.body)))
        connection.endheaders(passed.body)
        return connection, connection.getresponse()
    except BaseException:
        connection.close()
        raise


def _pieces(answer: HTTPResponse) -> Iterator[bytes]:
    while piece := answer.read1(PIECE_BYTES):
        yield piece


def _let_go(asking: asyncio.Future[tuple[HTTPConnection, HTTPResponse]]) -> None:
    """It answered when nobody waited any more."""
    if not asking.cancelled() and asking.exception() is None:
        connection, answer = asking.result()
        with closing(connection):
            answer.close()
