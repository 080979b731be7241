"""What the gateway is told of Firehose."""

from __future__ import annotations

from lambda_emu.http.executors import Workers
from lambda_emu.http.message import Head
from lambda_emu.services.own import OwnService

RECORDS = (b"Firehose_20150804.PutRecord", b"Firehose_20150804.PutRecordBatch")


class FirehoseService(OwnService):
    """most_bytes: of a batch of 4 MiB in base64, escaped as JSON may escape it."""

    name = "firehose"
    workers = Workers("requests to Firehose", 2, 64)
    most_bytes = 8 * 1024 * 1024

    def is_quick(self, head: Head) -> bool:
        return head.first.get(b"x-amz-target") in RECORDS
