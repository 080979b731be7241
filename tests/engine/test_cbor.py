"""Clients that speak Smithy's RPC v2 in CBOR, as the SDK for Java does to CloudWatch: by botocore's own codec."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.session import Session
from own import OwnLam, own_emulator

PROTOCOL = "smithy-rpc-v2-cbor"
MODEL = Session().get_service_model("cloudwatch")
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
SIGNED = (
    "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/monitoring/aws4_request, "
    "SignedHeaders=host, Signature=0"
)


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("cbor"), "process", stems=0) as lam:
        yield lam


def send(lam: OwnLam, operation: str, body: bytes, **headers: str) -> Any:
    """The answer as botocore reads it."""
    shape = MODEL.operation_model(operation) if operation in MODEL.operation_names else None
    url = f"{lam.emulator.url}/service/GraniteServiceVersion20100801/operation/{operation}"
    told = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor", "Authorization": SIGNED}
    try:
        with urlopen(Request(url, body, told | headers), timeout=60) as answer:
            status, heard, said = answer.status, dict(answer.headers), answer.read()
    except HTTPError as error:
        status, heard, said = error.code, dict(error.headers), error.read()
    heard = {name.lower(): value for name, value in heard.items()}
    assert (heard["content-type"], heard["smithy-protocol"]) == ("application/cbor", "rpc-v2-cbor")
    parser = create_parser(PROTOCOL)
    return parser.parse({"status_code": status, "headers": heard, "body": said}, shape and shape.output_shape)


def ask(lam: OwnLam, operation: str, **members: Any) -> Any:
    request = create_serializer(PROTOCOL).serialize_to_request(members, MODEL.operation_model(operation))
    return send(lam, operation, request["body"])


def test_metrics_are_put_and_got_in_cbor(lam: OwnLam) -> None:
    point = {"MetricName": "Photos", "Value": 2.5, "Timestamp": NOW, "Unit": "Count"}

    ask(lam, "PutMetricData", Namespace="Shop", MetricData=[point])
    found = ask(
        lam, "GetMetricStatistics", Namespace="Shop", MetricName="Photos", StartTime=NOW - timedelta(minutes=5),
        EndTime=NOW + timedelta(minutes=5), Period=60, Statistics=["Sum", "SampleCount"],
    )  # fmt: skip

    [got] = found["Datapoints"]
    assert (got["Sum"], got["SampleCount"], got["Timestamp"]) == (2.5, 1.0, NOW)


def test_what_the_other_process_serves_is_had_in_cbor_too(lam: OwnLam) -> None:
    ask(lam, "PutDashboard", DashboardName="one", DashboardBody='{"widgets": []}')

    found = ask(lam, "ListDashboards")

    assert [one["DashboardName"] for one in found["DashboardEntries"]] == ["one"]


def test_a_packed_body_is_unpacked(lam: OwnLam) -> None:
    members = {"Namespace": "Packed", "MetricData": [{"MetricName": "Photos", "Value": 1.0}]}
    request = create_serializer(PROTOCOL).serialize_to_request(members, MODEL.operation_model("PutMetricData"))

    said = send(lam, "PutMetricData", gzip.compress(request["body"]), **{"Content-Encoding": "gzip"})

    assert said["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert [one["MetricName"] for one in ask(lam, "ListMetrics", Namespace="Packed")["Metrics"]] == ["Photos"]


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("GetMetricStatistics", b"\xa0", ""),
        ("PutMetricData", b"\xff\xff", "SerializationException"),
        ("PutMetricData", b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", "SerializationException"),
        ("PutMetricData", b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", "SerializationException"),
        ("PutMetricData", b"\x81" * 100_000, "SerializationException"),
        ("PutMetricData", b"\x01", "SerializationException"),
        ("NoSuch", b"\xa0", "UnknownOperationException"),
    ],
    ids=["nothing", "no cbor", "a long list", "a long text", "a deep list", "a number", "no operation"],
)
def test_what_makes_no_sense_is_an_error_in_cbor(lam: OwnLam, operation: str, body: bytes, code: str) -> None:
    said = send(lam, operation, body)

    assert 400 <= said["ResponseMetadata"]["HTTPStatusCode"] < 500
    assert said["Error"]["Code"].endswith(code)
    assert said["Error"]["Message"]
