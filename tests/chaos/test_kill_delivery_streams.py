"""SIGKILL of the server, or of the services' process that has S3, while delivery streams deliver what a function makes.

None that was accepted is lost: not of records that are put, nor of those that come from a stream of Kinesis. Some may
come twice, as on AWS.
"""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from own import Served, served
from services_rig import sdk
from test_kill_streams import child_of
from waiting import eventually

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/firehose"
LIVES, RECORDS_AT_ONCE = 8, 20
CAPITALS = """
import base64
def handler(event, context):
    def one(record):
        text = base64.b64decode(record["data"]).decode().upper()
        return {"recordId": record["recordId"], "result": "Ok", "data": base64.b64encode(text.encode()).decode()}
    return {"records": [one(record) for record in event["records"]]}
"""


def begin(lam: Served) -> None:
    """A stream `put` whose records a function transforms, and `read`, which reads a stream of Kinesis."""
    lam.create("capitals", CAPITALS, Timeout=10)
    arn = lam.client.get_function(FunctionName="capitals")["Configuration"]["FunctionArn"]
    named = {"LambdaArn": arn, "BufferIntervalInSeconds": "1", "NumberOfRetries": "100"}
    parameters = [{"ParameterName": name, "ParameterValue": value} for name, value in named.items()]
    processing = {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]}
    sdk(lam, "s3", ACCOUNT).create_bucket(Bucket="logs")
    sdk(lam, "kinesis", ACCOUNT).create_stream(StreamName="k", ShardCount=2)
    firehose = sdk(lam, "firehose", ACCOUNT)
    bucket = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::logs", "BufferingHints": {"IntervalInSeconds": 0}}
    firehose.create_delivery_stream(
        DeliveryStreamName="put",
        ExtendedS3DestinationConfiguration={**bucket, "Prefix": "put/", "ProcessingConfiguration": processing},
    )
    firehose.create_delivery_stream(
        DeliveryStreamName="read",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={
            "KinesisStreamARN": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/k",
            "RoleARN": ROLE,
        },
        ExtendedS3DestinationConfiguration={**bucket, "Prefix": "read/"},
    )


def pour(lam: Served, life: int, accepted: dict[str, list[str]]) -> None:
    """Records upon records into both, until nobody answers."""
    firehose, kinesis = sdk(lam, "firehose", ACCOUNT), sdk(lam, "kinesis", ACCOUNT)
    number = 0
    while True:
        texts = [f"A{life}-{number + at} " for at in range(RECORDS_AT_ONCE)]
        number += RECORDS_AT_ONCE
        records = [{"Data": text.encode()} for text in texts]
        try:
            answer = firehose.put_record_batch(DeliveryStreamName="put", Records=records)
            assert answer["FailedPutCount"] == 0
            accepted["put"] += [text.strip() for text in texts]
            keyed = [{**one, "PartitionKey": str(at)} for at, one in enumerate(records)]
            assert kinesis.put_records(StreamName="k", Records=keyed)["FailedRecordCount"] == 0
            accepted["read"] += [text.strip() for text in texts]
        except (BotoCoreError, ClientError):
            return


def delivered(s3: Any, name: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="logs", Prefix=f"{name}/2")  # not what has failed
    keys = [one["Key"] for page in pages for one in page.get("Contents", [])]
    return [text for key in keys for text in s3.get_object(Bucket="logs", Key=key)["Body"].read().decode().split()]


@pytest.mark.slow
def test_every_record_that_was_accepted_lies_in_the_bucket(tmp_path: Path) -> None:
    accepted: dict[str, list[str]] = {"put": [], "read": []}
    for life in range(LIVES):
        with served(tmp_path, "process") as lam, ThreadPoolExecutor(1) as threads:
            if not life:
                begin(lam)
            sent = threads.submit(pour, lam, life, accepted)
            Event().wait(random.uniform(0.5, 3))
            if life % 2 and (child := child_of(lam)) is not None:
                os.kill(child, signal.SIGKILL)
                Event().wait(random.uniform(0, 1))
            lam.process.kill()
            sent.result()

    with served(tmp_path, "process") as lam:
        s3 = sdk(lam, "s3", ACCOUNT)
        for name, texts in accepted.items():
            eventually(lambda: set(texts) <= set(delivered(s3, name)), f"all of {name}", 240)  # noqa: B023
        again = {name: dict(Counter(Counter(delivered(s3, name)).values())) for name in accepted}
    counts = {name: len(texts) for name, texts in accepted.items()}
    print(f"{LIVES} kills, accepted {counts}, so many came so often: {again}")
    assert min(counts.values()) > 100
