"""Smithy's RPC v2 in CBOR, which some SDKs speak first, turned into the JSON that a service here reads, and back.

docs/services.md#cbor. botocore, which has the codec, is imported by the first such request.
"""

from __future__ import annotations

import json
import re
import zlib
from datetime import datetime
from functools import cache
from typing import Any

from msgspec import Struct

from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import RequestTooLarge
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling, Service
from lambda_emu.http.executors import Workers
from lambda_emu.http.message import Head
from lambda_emu.services.wire_errors import CBOR, PROTOCOL, cbor_map, wire_error

TRANSLATED = Workers("requests in CBOR", 2, 64)
MOST_BYTES = 4 * 1024 * 1024
MOST_UNPACKED = 16 * 1024 * 1024
JSON_TYPE = b"application/x-amz-json-1.0"
_PATH = rb"/service/([A-Za-z0-9_]{1,64})/operation/([A-Za-z0-9]{1,64})/?"
_REPLACED = (b"content-type", b"content-length", b"content-encoding", b"accept", PROTOCOL[0].encode())


class CborService:
    """A service that reads JSON, for those too who speak CBOR to it. name: as boto3 calls it."""

    def __init__(self, inner: Service, name: str) -> None:
        self.claims = inner.claims
        self.answers_pages = inner.answers_pages
        self._inner = inner
        self._name = name
        too_large = RequestTooLarge(MOST_BYTES, "requested")
        self._translated = Handling(self._serve, MOST_BYTES, too_large, lambda _: TRANSLATED)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        return self._translated if is_cbor(head) else self._inner.handling(head, path, length)

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        form = wire_error if is_cbor(request.head) else self._inner.error_answer
        return form(error, request)

    def _serve(self, request: Request, call: Call) -> Answer | None:
        try:
            asked, shape = self._translate(request)
        except LambdaError as error:
            return wire_error(error, request)
        call.translate = lambda answer: _as_cbor(answer, shape)
        handling = self._inner.handling(asked.head, asked.path, len(asked.body))
        return handling.serve(asked, call)

    def _translate(self, request: Request) -> tuple[Request, Any]:
        """The same in JSON, and the shape of its answer. CborUnreadable, UnknownCborOperation."""
        named = re.fullmatch(_PATH, request.path)
        model = _model(self._name)
        if named is None or named[2].decode() not in model.operation_names:
            raise UnknownCborOperation
        operation = model.operation_model(named[2].decode())
        members = _read(request.body, request.header(b"content-encoding") == "gzip")
        told = [pair for pair in request.head.headers if pair[0] not in _REPLACED]
        told += [(b"x-amz-target", b"%b.%b" % named.groups()), (b"content-type", JSON_TYPE)]
        old = request.head
        head = Head(b"POST", b"/", told, old.version, old.keep_alive, old.peer)
        asked = Request(head, b"/", b"", request.request_id)
        asked.body = json.dumps(members, default=_plain).encode()
        return asked, operation.output_shape


def is_cbor(head: Head) -> bool:
    return head.first.get(PROTOCOL[0].encode()) == PROTOCOL[1].encode()


class CborUnreadable(LambdaError):
    code, status, kind = "SerializationException", 400, None

    def __init__(self) -> None:
        super().__init__("The body is not CBOR")


class UnknownCborOperation(LambdaError):
    code, status, kind = "UnknownOperationException", 404, None

    def __init__(self) -> None:
        super().__init__("The requested operation is not recognized by the service.")


class _Codec(Struct, frozen=True):
    reader: Any
    writer: Any
    json_reader: Any


@cache
def _codec() -> _Codec:
    from botocore.parsers import JSONParser, RpcV2CBORParser
    from botocore.serialize import RpcV2CBORSerializer

    class Reader(RpcV2CBORParser):  # type: ignore[misc]
        """What is said to be there is not believed before it is."""

        def _read_from_stream(self, stream: Any, num_bytes: int) -> Any:
            if num_bytes > MOST_UNPACKED:
                raise ValueError(num_bytes)
            return super()._read_from_stream(stream, num_bytes)

    return _Codec(Reader(), RpcV2CBORSerializer(), JSONParser())


@cache
def _model(name: str) -> Any:
    from botocore.session import Session

    return Session().get_service_model(name)


def _read(body: bytes, is_packed: bool) -> Any:
    """CborUnreadable."""
    reader = _codec().reader
    try:
        if is_packed:
            unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
            body = unpacking.decompress(body, MOST_UNPACKED)
        found = reader.parse_data_item(reader.get_peekable_stream_from_bytes(body)) if body else {}
    except Exception as error:  # botocore's own, and whatever Python says of bytes that mean nothing
        raise CborUnreadable from error
    if not isinstance(found, dict):
        raise CborUnreadable
    return found


def _plain(value: object) -> object:
    """As JSON 1.0 has it."""
    return value.timestamp() if isinstance(value, datetime) else str(value)


def _as_cbor(answer: Answer, shape: Any) -> Answer:
    """On the loop, where such answers are small: metrics have a megabyte at most."""
    if ("Content-Type", CBOR) in answer.headers:  # an error of ours
        return answer
    if answer.status >= 300:
        return _error_as_cbor(answer)
    codec, out = _codec(), bytearray()
    said = {"status_code": answer.status, "headers": {}, "body": answer.body or b"{}"}
    members = {} if shape is None else codec.json_reader.parse(said, shape)
    members.pop("ResponseMetadata", None)
    if shape is None:
        out += b"\xa0"
    else:
        codec.writer._serialize_data_item(out, members, shape)
    return Answer(answer.status, _headers(answer), bytes(out))


def _error_as_cbor(answer: Answer) -> Answer:
    try:
        said = json.loads(answer.body)
    except ValueError:
        said = {}
    code = said.get("__type") or dict(answer.headers).get("x-amzn-ErrorType") or "InternalFailure"
    text = said.get("message") or said.get("Message") or ""
    return Answer(answer.status, _headers(answer), cbor_map({"__type": str(code), "message": str(text)}))


def _headers(answer: Answer) -> list[tuple[str, str]]:
    kept = [(name, value) for name, value in answer.headers if name.lower() not in ("content-type", "content-length")]
    return [*kept, ("Content-Type", CBOR), PROTOCOL]
