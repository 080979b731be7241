"""HTTP_PROXY integrations: a request is passed on as it is, and its answer comes back piece by piece.

docs/contract/events.md#http-apis.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPResponse
from urllib.parse import quote, urlsplit

from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.pieces import PIECE_BYTES
from lambda_emu.gateway.request import Request
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import HOP_BY_HOP
from lambda_emu.triggers.execute_api.refusals import REQUEST_ID, ApiFailure, ApiUnavailable
from lambda_emu.triggers.execute_api.upstream import FAILURES, FORWARDED, MOST_HOPS, OURS, UpstreamRequest, begin
from lambda_emu.triggers.http_apis.api import Integration
from lambda_emu.triggers.http_apis.parameters import Mapped
from lambda_emu.triggers.http_event import source_of

KIND = "HTTP_PROXY"
_VARIABLE = re.compile(r"\{([\w.:-]+)\+?\}", re.ASCII)
_STAGE = re.compile(r"\$\{stageVariables\.(\w+)\}")


def proxy_request(
    integration: Integration, asked: Request, seen: Mapped, parameters: Mapping[str, str], variables: Mapping[str, str]
) -> UpstreamRequest:
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
    return UpstreamRequest(method, url, headers, asked.body, integration.timeout_s)


async def pass_on(
    passed: UpstreamRequest, call: Call, loop: Loop, change: Callable[[Answer], Answer] | None, *, without: str | None
) -> None:
    """On the loop. change: what parameter mapping makes of the answer's head. without: how headers begin that go.

    ApiUnavailable: nobody answers in time.
    """
    try:
        connection, answer = await begin(passed, loop)
    except FAILURES as error:
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


def _pieces(answer: HTTPResponse) -> Iterator[bytes]:
    while piece := answer.read1(PIECE_BYTES):
        yield piece
