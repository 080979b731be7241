"""Members of requests to Firehose: as botocore's model has them, records faster."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.json import Decoder

from lambda_emu.services.shapes import Members, Shapes

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
    """Records are read without the model, which tells what is wrong with them. WrongType, ModelViolated."""
    decoder = _DECODERS.get(operation)
    if decoder is not None:
        try:
            return _members(decoder.decode(body))
        except (ValueError, RecursionError):
            pass
    return shapes.read(operation, body)


def _members(found: _PutRecord | _PutRecordBatch) -> Members:
    if isinstance(found, _PutRecord):
        return {"DeliveryStreamName": found.DeliveryStreamName, "Record": {"Data": found.Record.Data}}
    return {"DeliveryStreamName": found.DeliveryStreamName, "Records": [{"Data": one.Data} for one in found.Records]}
