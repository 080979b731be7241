"""HTTP and HTTP_PROXY integrations: a URL that is asked. docs/contract/events.md#rest-apis."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlencode, urlsplit

from lambda_emu.http.loop import Loop
from lambda_emu.http.message import HOP_BY_HOP
from lambda_emu.triggers.execute_api.upstream import (
    FAILURES,
    FORWARDED,
    MOST_HOPS,
    PASSED_ON,
    UpstreamRequest,
    begin,
)
from lambda_emu.triggers.http_event import source_of
from lambda_emu.triggers.rest_apis.headers import NOT_PROXIED, headers_in, remapped
from lambda_emu.triggers.rest_apis.integrations.answered import Answered, Headers, IntegrationCall
from lambda_emu.triggers.rest_apis.refusals import IntegrationFailed, IntegrationTimedOut, Misconfigured

JSON = "application/json"
MOST_BYTES = 10 * 1024 * 1024
UNTOLD = ("content-encoding", "via")
"""Headers of an answer that HTTP_PROXY leaves out."""
NO_BODY = ("GET", "HEAD", "OPTIONS")


class Urls:
    """Asks them."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    async def ask(self, call: IntegrationCall) -> Answered:
        """By what was mapped alone. Misconfigured, IntegrationFailed, IntegrationTimedOut."""
        mapped = call.mapped
        headers = [(name, value) for name, values in mapped.headers.items() for value in values]
        return await self._asked(call, headers, mapped.query, mapped.body)

    async def pass_on(self, call: IntegrationCall) -> Answered:
        """The request as it came, with what was mapped."""
        asked, mapped = call.entered.request, call.mapped
        given = {name.lower() for name in mapped.headers} | {"x-amzn-trace-id", *NOT_PROXIED}
        headers = [one for one in headers_in(asked.head) if one[0].lower() not in given]
        headers += [(name, value) for name, values in mapped.headers.items() for value in values]
        query = asked.query.decode("latin-1")
        answered = await self._asked(call, headers, mapped.query, asked.body, query)
        return answered._replace(headers=[one for one in remapped(answered.headers) if one[0].lower() not in UNTOLD])

    async def _asked(
        self,
        call: IntegrationCall,
        headers: Headers,
        query: Mapping[str, Sequence[str]],
        body: bytes,
        raw_query: str = "",
    ) -> Answered:
        head = call.entered.request.head
        if sum(name == FORWARDED.encode() for name, _ in head.headers) >= MOST_HOPS:
            raise Misconfigured(f"It was passed on {MOST_HOPS} times: the integration leads back to its own API.")
        if urlsplit(call.uri).scheme not in ("http", "https"):
            raise Misconfigured("The URI of the integration is no URL of HTTP.")
        said = "&".join(part for part in (raw_query, urlencode(query, doseq=True)) if part)
        url = f"{call.uri}{('&' if '?' in call.uri else '?') if said else ''}{said}"
        kind = head.get(b"content-type")
        mine = [
            ("Accept", JSON),
            ("Content-Type", JSON if kind is None else kind.decode("latin-1")),
            ("User-Agent", f"AmazonAPIGateway_{call.entered.api.id}"),
            ("x-amzn-apigateway-api-id", call.entered.api.id),
            ("X-Amzn-Trace-Id", call.moment.trace),
        ]
        if call.method in NO_BODY:
            mine = [one for one in mine if one[0] != "Content-Type"]
        named = {name.lower() for name, _ in headers}
        headers = [*headers, *(one for one in mine if one[0].lower() not in named)]
        headers.append(("Forwarded", f"for={source_of(head)};host={call.entered.domain};proto=http"))
        method = call.method
        return await answer_of(
            UpstreamRequest(method, url, headers, b"" if method in NO_BODY else body, call.timeout_s), self._loop
        )


async def answer_of(asked: UpstreamRequest, loop: Loop) -> Answered:
    """All of it. IntegrationFailed, IntegrationTimedOut."""
    try:
        connection, answer = await begin(asked, loop)
        reading = loop.work(PASSED_ON, _read, connection, answer)
        body = await asyncio.wait_for(asyncio.shield(reading), asked.timeout_s)
    except TimeoutError as error:
        raise IntegrationTimedOut(f"The integration does not answer within {asked.timeout_s:g} s.") from error
    except FAILURES as error:
        raise IntegrationFailed(f"The integration does not answer ({error}).") from error
    hop_by_hop = {name.decode() for name in HOP_BY_HOP}
    headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in hop_by_hop]
    return Answered(str(answer.status), headers, body, str(answer.status))


def _read(connection: HTTPConnection, answer: HTTPResponse) -> bytes:
    """On a worker. ValueError: it is too large."""
    try:
        body = answer.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES} bytes")
        return body
    finally:
        answer.close()
        connection.close()
