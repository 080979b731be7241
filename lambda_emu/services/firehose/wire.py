"""Firehose's JSON 1.1: members as botocore's model has them, records faster, and answers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.json import Decoder, decode, encode

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import HINT, Answer
from lambda_emu.gateway.request import Request
from lambda_emu.services.firehose.errors import FirehoseModelViolated, MalformedFirehoseRequest
from lambda_emu.services.shapes import Shapes, WrongType

Members = Mapping[str, Any]
TYPE = "application/x-amz-json-1.1"

_Name = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_.-]{1,64}$")]


class _Record(Struct):
    Data: Annotated[bytes, Meta(max_length=1_024_000)]


class _PutRecord(Struct):
    DeliveryStreamName: _Name
    Record: _Record


class _PutRecordBatch(Struct):
    DeliveryStreamName: _Name
    Records: Annotated[list[_Record], Meta(min_length=1, max_length=500)]


_DECODERS: Mapping[str, Decoder[Any]] = MappingProxyType(
    {"PutRecord": Decoder(_PutRecord), "PutRecordBatch": Decoder(_PutRecordBatch)}
)


def parse(operation: str, body: bytes, shapes: Shapes) -> Members:
    """FirehoseError. Records are read without the model, which says the same of them; it tells what is wrong."""
    decoder = _DECODERS.get(operation)
    if decoder is not None:
        try:
            return _members(decoder.decode(body))
        except (ValueError, RecursionError):
            pass
    try:
        given = decode(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise MalformedFirehoseRequest(str(error)) from error
    if not isinstance(given, dict):
        raise MalformedFirehoseRequest("The body is no object.")
    try:
        members = shapes.typed(operation, given)
    except WrongType as error:
        raise MalformedFirehoseRequest(str(error)) from error
    faults = shapes.faults(operation, members)
    if faults:
        raise FirehoseModelViolated(faults)
    return members


def _members(found: _PutRecord | _PutRecordBatch) -> Members:
    if isinstance(found, _PutRecord):
        return {"DeliveryStreamName": found.DeliveryStreamName, "Record": {"Data": found.Record.Data}}
    return {"DeliveryStreamName": found.DeliveryStreamName, "Records": [{"Data": one.Data} for one in found.Records]}


def render(result: Mapping[str, Any] | None, request: Request) -> Answer:
    headers = [("Content-Type", TYPE), ("x-amzn-RequestId", request.request_id)]
    return Answer(200, headers, b"{}" if result is None else encode(result))


def render_error(error: LambdaError, request: Request) -> Answer:
    """Errors of the gateway are told in the same form."""
    headers = [("Content-Type", TYPE), ("x-amzn-RequestId", request.request_id)]
    if error.hint is not None:
        headers.append((HINT, error.hint))
    text = {} if error.text is None else {"message": error.text}
    return Answer(error.status, headers, encode({"__type": error.code, **text}))
