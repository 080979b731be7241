"""How a request is served: read, given to its operation, answered as JSON 1.1. Every operation by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.json import Decoder, encode

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import HINT, Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.services.callers import caller_of
from lambda_emu.services.firehose import control, putting
from lambda_emu.services.firehose.errors import UnknownFirehoseOperation
from lambda_emu.services.firehose.request import FirehoseRequest
from lambda_emu.services.firehose.streams import DeliveryStreams
from lambda_emu.services.members import Members, read_members

TARGET = b"Firehose_20150804."
TYPE = "application/x-amz-json-1.1"

Operation = Callable[[FirehoseRequest, DeliveryStreams], None]
OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "CreateDeliveryStream": control.create_delivery_stream,
        "DeleteDeliveryStream": control.delete_delivery_stream,
        "DescribeDeliveryStream": control.describe_delivery_stream,
        "ListDeliveryStreams": control.list_delivery_streams,
        "ListTagsForDeliveryStream": control.list_tags_for_delivery_stream,
        "PutRecord": putting.put_record,
        "PutRecordBatch": putting.put_record_batch,
        "StartDeliveryStreamEncryption": control.start_delivery_stream_encryption,
        "StopDeliveryStreamEncryption": control.stop_delivery_stream_encryption,
        "TagDeliveryStream": control.tag_delivery_stream,
        "UntagDeliveryStream": control.untag_delivery_stream,
        "UpdateDestination": control.update_destination,
    }
)


class FirehoseServer:
    """Serves requests, on the loop or, where reading one takes long, on a worker."""

    def __init__(self, streams: DeliveryStreams, clock: Clock, scope: Scope) -> None:
        """scope: of callers who sign nothing."""
        self._streams = streams
        self._clock = clock
        self._scope = scope

    def serve(self, request: Request, call: Call) -> Answer | None:
        try:
            name = request.head.first.get(b"x-amz-target", b"")[len(TARGET) :].decode("latin-1")
            if name not in OPERATIONS:
                raise UnknownFirehoseOperation
            members = _read(name, request.body)
        except LambdaError as error:
            return render_error(error, request)

        def told(error: LambdaError | None, result: Mapping[str, Any] | None) -> None:
            call.answer(render(result, request) if error is None else render_error(error, request))

        asked = FirehoseRequest(members, caller_of(request, self._scope), self._clock, told)
        call.detach(self._begin, OPERATIONS[name], asked)
        return None

    def _begin(self, operation: Operation, asked: FirehoseRequest) -> None:
        """On the loop."""
        try:
            operation(asked, self._streams)
        except LambdaError as error:
            asked.told(error, None)


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


# -- records are read without botocore's model, which says the same; it tells what is wrong ------------------

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


def _read(operation: str, body: bytes) -> Members:
    """UnreadableRequest, ModelViolated."""
    decoder = _DECODERS.get(operation)
    if decoder is not None:
        try:
            found = decoder.decode(body)
        except (ValueError, RecursionError):
            return read_members("firehose", operation, body)
        if isinstance(found, _PutRecord):
            return {"DeliveryStreamName": found.DeliveryStreamName, "Record": {"Data": found.Record.Data}}
        records = [{"Data": one.Data} for one in found.Records]
        return {"DeliveryStreamName": found.DeliveryStreamName, "Records": records}
    return read_members("firehose", operation, body)
