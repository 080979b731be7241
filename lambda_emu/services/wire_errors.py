"""An error in the form that whoever sent a request reads, by the request's own form, where no service knows better."""

from __future__ import annotations

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer, error_answer
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.router import FORM
from lambda_emu.services.callers import signed_with
from lambda_emu.services.json_wire import JSON, json_error
from lambda_emu.services.s3_ids import s3_ids
from lambda_emu.services.xml import XML, element
from lambda_emu.signatures.refusals import BadSignature

CBOR = "application/cbor"
PROTOCOL = ("smithy-protocol", "rpc-v2-cbor")
AMZ_CBOR = "application/x-amz-cbor-1.1"
REST_XML = ("s3", "route53", "cloudfront")


def wire_error(error: LambdaError, request: Request) -> Answer:
    """JSON, CBOR, the query protocol's XML, S3's, or what REST services have."""
    kind = (request.header(b"content-type") or "").lower()
    ids = ("x-amzn-RequestId", request.request_id)
    if request.header(b"smithy-protocol") == PROTOCOL[1]:
        return Answer(error.status, [("Content-Type", CBOR), PROTOCOL, ids], cbor_map(_members(error)))
    if "cbor" in kind:
        return Answer(error.status, [("Content-Type", AMZ_CBOR), ids], cbor_map(_members(error)))
    if b"x-amz-target" in request.head.first:
        return json_error(error, request, kind if "json" in kind else JSON)
    signed_for = _signed_for(request)
    if signed_for == "s3":
        return s3_error(error, request)
    if kind.startswith(FORM.decode()) or b"Action=" in request.query or signed_for in REST_XML:
        return query_error(error, request)
    return rest_json_error(error, request)


def query_error(error: LambdaError, request: Request) -> Answer:
    """AWS's query protocol."""
    text = f"<ErrorResponse><Error>{_said(error)}</Error><RequestId>{request.request_id}</RequestId></ErrorResponse>"
    headers = [("Content-Type", XML), ("x-amzn-RequestId", request.request_id)]
    return Answer(error.status, headers, text.encode())


def s3_error(error: LambdaError, request: Request) -> Answer:
    members = error.members if isinstance(error, BadSignature) else {}
    more = "".join(element(name, value) for name, value in members.items())
    ids = s3_ids(request.request_id)
    more += element("RequestId", ids["x-amz-request-id"]) + element("HostId", ids["x-amz-id-2"])
    headers = [("Content-Type", "application/xml"), *ids.items()]
    return Answer(error.status, headers, f"<Error>{_said(error)}{more}</Error>".encode())


def rest_json_error(error: LambdaError, request: Request) -> Answer:
    """As Lambda's own."""
    return error_answer(error, request.request_id)


def _said(error: LambdaError) -> str:
    return element("Code", error.code) + element("Message", error.text or "")


def _members(error: LambdaError) -> dict[str, str]:
    return {"__type": error.code, "message": error.text or ""}


def _signed_for(request: Request) -> str | None:
    found = signed_with(request)
    return None if found is None else found.service


def cbor_map(members: dict[str, str]) -> bytes:
    """A map of fewer than 24 texts, RFC 8949."""
    return bytes([0xA0 | len(members)]) + b"".join(_cbor_text(text) for pair in members.items() for text in pair)


def _cbor_text(text: str) -> bytes:
    data = text.encode()
    return b"\x79" + len(data).to_bytes(2, "big") + data
