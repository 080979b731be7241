"""Records are posted to an HTTP endpoint; those that it never takes lie in S3. docs/contract/events.md#firehose."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from api_rig import refused
from firehose_rig import BUCKET, NOW_S, Firehose, firehose, ok, transform
from ground_rig import ACCOUNT, REGION
from server_rig import Exchange, body_of, http_server, send
from waiting import eventually

__all__ = ["firehose"]

NOW_MS = int(NOW_S * 1000)
AT_ONCE = {"BufferingHints": {"IntervalInSeconds": 0, "SizeInMBs": 1}}


@dataclass
class Endpoint:
    """What was posted, by headers and body. answers: a status and what is said, given the body."""

    answers: Callable[[dict[str, Any]], tuple[int, bytes]]
    url: str = ""
    got: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)

    def texts(self) -> list[bytes]:
        return [b64decode(one["data"]) for _, body in self.got for one in body["records"]]


def taken(body: dict[str, Any]) -> tuple[int, bytes]:
    return 200, json.dumps({"requestId": body["requestId"], "timestamp": body["timestamp"]}).encode()


@contextmanager
def endpoint(answers: Callable[[dict[str, Any]], tuple[int, bytes]] = taken) -> Iterator[Endpoint]:
    found = Endpoint(answers)

    def answer(exchange: Exchange) -> None:
        body = body_of(exchange)
        if exchange.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        told = json.loads(body)
        status, said = found.answers(told)
        found.got.append((dict(exchange.headers), told))
        send(exchange, said, status, Content_Type="application/json")

    with http_server(answer) as found.url:
        yield found


def create(firehose: Firehose, to: Endpoint, at: dict[str, Any] | None = None, **wanted: Any) -> None:
    """A stream `s` that posts at once."""
    configuration = {
        "EndpointConfiguration": {"Url": f"{to.url}/in?a=b", **(at or {})},
        "S3Configuration": BUCKET | {"BufferingHints": {"IntervalInSeconds": 0}},
        **AT_ONCE,
        **wanted,
    }
    firehose.client.create_delivery_stream(DeliveryStreamName="s", HttpEndpointDestinationConfiguration=configuration)


def described(firehose: Firehose) -> dict[str, Any]:
    return dict(firehose.describe()["Destinations"][0]["HttpEndpointDestinationDescription"])


def test_records_are_posted_as_aws_does(firehose: Firehose) -> None:
    attributes = [{"AttributeName": "team", "AttributeValue": "blue"}]
    with endpoint() as to:
        create(
            firehose,
            to,
            {"AccessKey": "secret"},
            RequestConfiguration={"ContentEncoding": "GZIP", "CommonAttributes": attributes},
        )
        firehose.put("x")
        eventually(lambda: to.got, "the request")
        eventually(lambda: firehose.waits() == 0, "its end")

    [(headers, body)] = to.got
    assert re.fullmatch("[0-9a-f-]{36}", body["requestId"])
    assert body == {"requestId": body["requestId"], "timestamp": NOW_MS, "records": [{"data": "eA=="}]}
    firehose_ = {name.lower(): value for name, value in headers.items() if name.lower().startswith("x-amz-firehose-")}
    assert firehose_ == {
        "x-amz-firehose-protocol-version": "1.0",
        "x-amz-firehose-request-id": body["requestId"],
        "x-amz-firehose-source-arn": f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/s",
        "x-amz-firehose-access-key": "secret",
        "x-amz-firehose-common-attributes": '{"commonAttributes":{"team":"blue"}}',
    }
    assert headers["Content-Type"] == "application/json"
    assert firehose.buckets.objects() == {}


@pytest.mark.parametrize("said", [(500, b"{}"), (200, b"fine"), (200, b'{"requestId": "other"}'), (302, b"")])
def test_what_is_not_taken_is_posted_again_by_the_same_id(firehose: Firehose, said: tuple[int, bytes]) -> None:
    answers = [said]
    with endpoint(lambda body: answers.pop() if answers else taken(body)) as to:
        create(firehose, to)
        firehose.put("a")
        eventually(lambda: len(to.got) == 1, "the first request")
        eventually(lambda: firehose.watched.timers, "its rest")
        firehose.put("b")
        firehose.clock.advance(1)
        eventually(lambda: firehose.waits() == 0, "both to be taken")

    first, second, third = (body for _, body in to.got)
    assert first["requestId"] == second["requestId"] != third["requestId"]
    assert to.texts() == [b"a", b"a", b"b"]
    assert firehose.buckets.objects() == {}


def test_what_is_never_taken_lies_in_s3_and_what_follows_is_posted(firehose: Firehose) -> None:
    with endpoint(lambda _: (503, b"busy")) as to:
        create(firehose, to, RetryOptions={"DurationInSeconds": 2})
        firehose.put("x")
        for rest_s in (1, 2):
            eventually(lambda: firehose.watched.timers, "its rest")
            firehose.clock.advance(rest_s)
        [(name, content)] = firehose.objects(1).items()
        to.answers = taken
        firehose.put("y")
        eventually(lambda: to.texts()[-1] == b"y", "what follows")

    assert name.startswith("logs/http-endpoint-failed/2027/01/15/08/s-1-")
    assert json.loads(content) == {
        "attemptsMade": 3,
        "arrivalTimestamp": NOW_MS,
        "errorCode": "HttpEndpoint.DestinationException",
        "errorMessage": "Received the following response from the endpoint destination. busy",
        "attemptEndingTimestamp": NOW_MS + 3_000,
        "rawData": "eA==",
    }


def test_what_is_too_large_for_it_is_not_posted_again(firehose: Firehose) -> None:
    with endpoint(lambda _: (413, b"")) as to:
        create(firehose, to)
        firehose.put("x")
        firehose.objects(1)

    assert len(to.got) == 1


def test_an_endpoint_that_is_not_there_is_tried_again(firehose: Firehose) -> None:
    with endpoint() as to:
        pass
    create(firehose, to, RetryOptions={"DurationInSeconds": 0})
    firehose.put("x")

    [content] = firehose.objects(1).values()
    assert json.loads(content)["errorCode"] == "HttpEndpoint.ConnectionFailed"


def test_a_function_transforms_before_and_all_is_backed_up(firehose: Firehose) -> None:
    firehose.function.does = ok
    with endpoint() as to:
        processing = transform(BufferIntervalInSeconds="0")
        create(firehose, to, ProcessingConfiguration=processing, S3BackupMode="AllData")
        firehose.put("x")
        eventually(lambda: to.texts() == [b"X"], "the request")

        assert list(firehose.objects(1).values()) == [b"x"]


def test_an_endpoint_is_shown_without_its_key_and_changed(firehose: Firehose) -> None:
    with endpoint() as to:
        create(firehose, to, {"AccessKey": "secret", "Name": "mine"})
        shown = described(firehose)
        firehose.client.update_destination(
            DeliveryStreamName="s",
            CurrentDeliveryStreamVersionId="1",
            DestinationId="destinationId-000000000001",
            HttpEndpointDestinationUpdate={"BufferingHints": {"SizeInMBs": 2, "IntervalInSeconds": 60}},
        )
        with refused("InvalidArgumentException"):
            firehose.update(Prefix="x/")

    assert shown["EndpointConfiguration"] == {"Url": f"{to.url}/in?a=b", "Name": "mine"}
    assert (shown["S3BackupMode"], shown["RetryOptions"]) == ("FailedDataOnly", {"DurationInSeconds": 300})
    assert shown["RequestConfiguration"] == {"ContentEncoding": "NONE", "CommonAttributes": []}
    assert shown["S3DestinationDescription"]["BucketARN"] == "arn:aws:s3:::logs"
    assert described(firehose)["BufferingHints"] == {"SizeInMBs": 2, "IntervalInSeconds": 60}


@pytest.mark.parametrize("url", ["ftp://x", "localhost"])
def test_what_is_no_url_of_http_is_refused(firehose: Firehose, url: str) -> None:
    with refused("InvalidArgumentException"):
        create(firehose, Endpoint(taken), {"Url": url})
