"""What a mapping makes of a stream of Kinesis, whoever serves it: its records as functions and filters see them."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from msgspec.json import encode

from lambda_emu.arn import scope_in
from lambda_emu.destinations.delivery import timestamp
from lambda_emu.event_sources.poller import Record
from lambda_emu.event_sources.streams.mapping import StreamForm
from lambda_emu.event_sources.streams.reading import StreamPlace


class KinesisRecords:
    """Makes those of one source. docs/contract/events.md#events-of-pollers."""

    def __init__(self, arn: str, role: str) -> None:
        """arn: of the stream, or of a consumer of it. role: the ARN of the one that the function reads with."""
        self._arn = arn
        self._role = role
        self._region = scope_in(arn).region

    def make(self, shard: str, sequence: str, key: str, data: bytes, at_s: float) -> Record:
        event = {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": key,
                "sequenceNumber": sequence,
                "data": data,
                "approximateArrivalTimestamp": at_s,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard}:{sequence}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": self._role,
            "awsRegion": self._region,
            "eventSourceARN": self._arn,
        }
        return Record(sequence, encode(event), StreamPlace(int(sequence), key.encode(), at_s))


def stream_arn(arn: str) -> str:
    """Of the stream that a consumer reads, or of the stream itself."""
    return arn.partition("/consumer/")[0]


def _view(record: Record) -> tuple[Mapping[str, Any], str]:
    """What stands beside the data is seen as if it were the record's own. docs/contract/events.md#filters."""
    event = json.loads(record.json)
    return {**event, **event["kinesis"]}, b64decode(event["kinesis"]["data"]).decode(errors="replace")


FORM = StreamForm("KinesisBatchInfo", timestamp, _view, stream_arn)
