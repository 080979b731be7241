"""An error in the form that whoever sent a request reads, by the request's own form, where no service knows better."""

from __future__ import annotations

import json

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer, error_answer
from lambda_emu.gateway.credential import credential_in, credential_of
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.router import FORM

CBOR = "application/cbor"
PROTOCOL = ("smithy-protocol", "rpc-v2-cbor")
AMZ_CBOR = "application/x-amz-cbor-1.1"
REST_XML = ("s3", "route53", "cloudfront")
XML = "text/xml"


def wire_error(error: LambdaError, request: Request) -> Answer:
    """JSON, CBOR, the query protocol's XML, S3's, or what REST services have."""
    kind = (request.header(b"content-type") or "").lower()
    ids = ("x-amzn-RequestId", request.request_id)
    if request.header(b"smithy-protocol") == PROTOCOL[1]:
        return Answer(error.status, [("Content-Type", CBOR), PROTOCOL, ids], cbor_map(_members(error)))
    if "cbor" in kind:
        return Answer(error.status, [("Content-Type", AMZ_CBOR), ids], cbor_map(_members(error)))
    if b"x-amz-target" in request.head.first:
        kind = kind if "json" in kind else "application/x-amz-json-1.0"
        return Answer(error.status, [("Content-Type", kind), ids], json.dumps(_members(error)).encode())
    signed_for = _signed_for(request)
    if signed_for == "s3":
        text = f"<Error>{said(error)}<RequestId>{request.request_id}</RequestId></Error>"
        return Answer(error.status, [("Content-Type", "application/xml")], text.encode())
    if kind.startswith(FORM.decode()) or b"Action=" in request.query or signed_for in REST_XML:
        text = f"<ErrorResponse><Error>{said(error)}</Error><RequestId>{request.request_id}</RequestId></ErrorResponse>"
        return Answer(error.status, [("Content-Type", XML), ids], text.encode())
    return error_answer(error, request.request_id)


def said(error: LambdaError) -> str:
    """As the forms in XML have it."""
    return f"<Code>{error.code}</Code><Message>{_escaped(error.text or '')}</Message>"


def _members(error: LambdaError) -> dict[str, str]:
    return {"__type": error.code, "message": error.text or ""}


def _signed_for(request: Request) -> str | None:
    found = credential_of(request.head.first.get(b"authorization")) or credential_in(request.query)
    return None if found is None else found.service


def _escaped(text: str) -> str:
    """By hand: the library for it takes 10 ms to be imported at each start."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cbor_map(members: dict[str, str]) -> bytes:
    """A map of fewer than 24 texts, RFC 8949."""
    return bytes([0xA0 | len(members)]) + b"".join(_cbor_text(text) for pair in members.items() for text in pair)


def _cbor_text(text: str) -> bytes:
    data = text.encode()
    return b"\x79" + len(data).to_bytes(2, "big") + data
