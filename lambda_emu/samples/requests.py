"""Requests that samples are made of, whoever they would come to."""

from __future__ import annotations

from urllib.parse import urlsplit

from lambda_emu.gateway.request import Request
from lambda_emu.http.message import Head
from lambda_emu.samples.sample import BadMember, SampleRequest
from lambda_emu.samples.values import AGENT, PEER

MEMBERS = {
    "method": "POST",
    "path": "/orders",
    "query": "page=1",
    "headers": '{"content-type": "application/json"}',
    "body": '{"order": 1}',
}
"""Of samples that are requests."""


def request_of(asked: SampleRequest, host: str, **more: str) -> Request:
    """more: headers. BadMember."""
    path = asked["path"]
    if not path.startswith("/"):
        raise BadMember("--path must begin with a slash.")
    said = {"host": host, "user-agent": AGENT, "accept": "*/*", **more}
    said |= {name.lower(): str(value) for name, value in asked.object("headers").items()}
    headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in said.items()]
    query, target = asked["query"], urlsplit(path).path.encode()
    full = target + (b"?" + query.encode() if query else b"")
    head = Head(asked["method"].upper().encode(), full, headers, "1.1", True, PEER)
    made = Request(head, target, query.encode(), asked.clock.new_id())
    made.body = asked.members.get("body", "").encode()
    return made
