"""Both forms on the wire: JSON 1.1 and CBOR 1.1. In either X-Amz-Target says the operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.json import decode as decode_json
from msgspec.json import encode as encode_json

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer, hint_headers
from lambda_emu.gateway.request import Request
from lambda_emu.services.kinesis import cbor


class WireForm(Struct, frozen=True):
    """content_type: of requests and of answers. encode_page: of an answer with Records, which may be many: others have
    their turn meanwhile.
    """

    content_type: str
    encode: Callable[[Mapping[str, Any]], bytes]
    encode_page: Callable[[Mapping[str, Any]], bytes]
    decode: Callable[[bytes], Any]

    def render(self, result: Mapping[str, Any] | None, request_id: str) -> Answer:
        return Answer(200, self._headers(request_id), self.encode(result) if result is not None else b"")

    def render_page(self, result: Mapping[str, Any], request_id: str) -> Answer:
        """On a worker."""
        return Answer(200, self._headers(request_id), self.encode_page(result))

    def render_error(self, error: LambdaError, request_id: str) -> Answer:
        """Errors of the gateway are told in the same form."""
        body = {"__type": error.code} if error.text is None else {"__type": error.code, "message": error.text}
        headers = self._headers(request_id)
        headers += hint_headers(error)
        return Answer(error.status, headers, self.encode(body))

    def _headers(self, request_id: str) -> list[tuple[str, str]]:
        return [("Content-Type", self.content_type), ("x-amzn-RequestId", request_id), ("x-amz-id-2", request_id)]


def form_of(request: Request) -> WireForm:
    return CBOR if request.head.first.get(b"content-type", b"").startswith(b"application/x-amz-cbor") else JSON


def _encode_page(result: Mapping[str, Any]) -> bytes:
    """Record by record: nobody else runs while one call encodes all."""
    rest = encode_json({name: value for name, value in result.items() if name != "Records"})
    return b'{"Records":[' + b",".join([encode_json(one) for one in result["Records"]]) + b"]," + rest[1:]


JSON = WireForm("application/x-amz-json-1.1", encode_json, _encode_page, decode_json)
CBOR = WireForm("application/x-amz-cbor-1.1", cbor.encode, cbor.encode, cbor.decode)
