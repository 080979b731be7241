"""PutRecord and PutRecordBatch: what is taken, and what whoever put it is told of each record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lambda_emu.services.firehose.errors import FirehoseError
from lambda_emu.services.firehose.request import FirehoseRequest
from lambda_emu.services.firehose.running import RunningStream
from lambda_emu.services.firehose.streams import DeliveryStreams


def put_record(request: FirehoseRequest, streams: DeliveryStreams) -> None:
    data = request.members["Record"]["Data"]
    stream = streams.find_direct(request.scope, request.name, [data])

    def told(refusals: Sequence[FirehoseError | None]) -> None:
        [error] = refusals
        request.told(error, None if error is not None else {"RecordId": _id(request), "Encrypted": _encrypted(stream)})

    streams.put(stream, [data], told)


def put_record_batch(request: FirehoseRequest, streams: DeliveryStreams) -> None:
    """A record that cannot be taken fails alone."""
    records = [one["Data"] for one in request.members["Records"]]
    stream = streams.find_direct(request.scope, request.name, records)

    def told(refusals: Sequence[FirehoseError | None]) -> None:
        results: list[dict[str, Any]] = [
            {"RecordId": _id(request)} if error is None else {"ErrorCode": error.code, "ErrorMessage": error.text}
            for error in refusals
        ]
        failed = sum(error is not None for error in refusals)
        request.answer({"FailedPutCount": failed, "Encrypted": _encrypted(stream), "RequestResponses": results})

    streams.put(stream, records, told)


def _id(request: FirehoseRequest) -> str:
    """Of a record; nothing is found by it."""
    return request.clock.new_token() + request.clock.new_token()


def _encrypted(stream: RunningStream) -> bool:
    return bool(stream.record.encryption["Status"] == "ENABLED")
