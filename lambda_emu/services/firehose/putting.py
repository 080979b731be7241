"""PutRecord and PutRecordBatch: what is taken, and what whoever put it is told of each record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lambda_emu.services.firehose.errors import FirehoseError, HasAnotherSource, RecordsTooLarge
from lambda_emu.services.firehose.request import FirehoseRequest
from lambda_emu.services.firehose.running import RunningStream
from lambda_emu.services.firehose.streams import DeliveryStreams

MOST_BYTES = 4 << 20
"""Of a batch, before base64."""


def put_record(request: FirehoseRequest, streams: DeliveryStreams) -> None:
    stream = _direct(request, streams)

    def told(refusals: Sequence[FirehoseError | None]) -> None:
        [error] = refusals
        request.told(error, None if error is not None else {"RecordId": _id(request), "Encrypted": _encrypted(stream)})

    streams.put(stream, [request.members["Record"]["Data"]], told)


def put_record_batch(request: FirehoseRequest, streams: DeliveryStreams) -> None:
    """A record that cannot be taken fails alone."""
    stream = _direct(request, streams)
    records = [one["Data"] for one in request.members["Records"]]
    if sum(map(len, records)) > MOST_BYTES:
        raise RecordsTooLarge(MOST_BYTES)

    def told(refusals: Sequence[FirehoseError | None]) -> None:
        results: list[dict[str, Any]] = [
            {"RecordId": _id(request)} if error is None else {"ErrorCode": error.code, "ErrorMessage": error.text}
            for error in refusals
        ]
        failed = sum(error is not None for error in refusals)
        request.answer({"FailedPutCount": failed, "Encrypted": _encrypted(stream), "RequestResponses": results})

    streams.put(stream, records, told)


def _direct(request: FirehoseRequest, streams: DeliveryStreams) -> RunningStream:
    """FirehoseError."""
    stream = request.stream(streams)
    if stream.record.source is not None:
        raise HasAnotherSource
    return stream


def _id(request: FirehoseRequest) -> str:
    """Of a record; nothing is found by it."""
    return request.clock.new_token() + request.clock.new_token()


def _encrypted(stream: RunningStream) -> bool:
    return bool(stream.record.encryption["Status"] == "ENABLED")
