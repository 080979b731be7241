"""Metrics that are put, all forms in which they are asked for, and what outlives the server."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from boto_rig import client_at
from botocore.compat import HTTPHeaders
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from metric_rig import WORKS, Watch, query, shared, watch
from own import OwnLam, own_emulator, served
from services_rig import ACCOUNT, sdk
from waiting import Eventually

__all__ = ["shared", "watch"]

QUERY_DATE = "%Y-%m-%dT%H:%M:%SZ"


def test_what_is_put_is_there_with_all_its_statistics(watch: Watch) -> None:
    place = [{"Name": "Place", "Value": "north"}]
    watch.client.put_metric_data(
        Namespace="Shop",
        MetricData=[
            {"MetricName": "Orders", "Dimensions": place, "Value": 10, "Unit": "Count"},
            {"MetricName": "Orders", "Dimensions": place, "Values": [20, 30], "Counts": [3, 1], "Unit": "Count"},
            {"MetricName": "Weight", "StatisticValues": {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 4}},
        ],
    )

    stats = ("SampleCount", "Sum", "Minimum", "Maximum", "Average", "p50", "p99")
    assert watch.ask("Orders", *stats, namespace="Shop", Place="north") == [5, 100, 10, 30, 20, 20, 30]
    assert watch.ask("Weight", "Sum", "p50", namespace="Shop") == [10, None]
    assert watch.ask("Orders", "Sum", namespace="Shop") is None  # of other dimensions
    assert len(watch.client.list_metrics(Namespace="Shop")["Metrics"]) == 2
    assert len(sdk_of_other_account(watch).list_metrics(Namespace="Shop")["Metrics"]) == 0


def sdk_of_other_account(watch: Watch) -> Any:
    return client_at(watch.client.meta.endpoint_url, "cloudwatch", "210987654321")


def test_many_values_are_put_packed(watch: Watch) -> None:
    """SDKs pack a body of more than 10 KB."""
    data = [{"MetricName": f"Metric{number}", "Value": number, "Unit": "Count"} for number in range(600)]
    watch.client.put_metric_data(Namespace="Many", MetricData=data)

    listed = [
        metric["MetricName"]
        for page in watch.client.get_paginator("list_metrics").paginate(Namespace="Many")
        for metric in page["Metrics"]
    ]
    assert sorted(listed) == sorted(f"Metric{number}" for number in range(600))


def test_metrics_of_other_services_are_asked_of_whom_they_are(lam: OwnLam, watch: Watch) -> None:
    """moto counts objects, once a day."""
    lam.create("beside", WORKS)
    lam.invoke("beside")
    watch.wait("Invocations", "Sum", 1, FunctionName="beside")
    s3 = sdk(lam, "s3")
    s3.create_bucket(Bucket="counted-objects")
    for number in range(3):
        s3.put_object(Bucket="counted-objects", Key=f"{number}", Body=b"x")
    of_bucket = {"StorageType": "AllStorageTypes", "BucketName": "counted-objects"}  # moto knows this order alone
    times = {"StartTime": datetime.now(UTC) - timedelta(days=3), "EndTime": datetime.now(UTC) + timedelta(days=3)}

    listed = watch.client.list_metrics()["Metrics"]
    assert {"AWS/Lambda", "AWS/S3"} <= {metric["Namespace"] for metric in listed}
    answer = watch.data(
        query("runs", "Invocations", period=86400, FunctionName="beside"),
        query("objects", "NumberOfObjects", "Average", 86400, "AWS/S3", **of_bucket),
        **times | {"EndTime": watch.times["EndTime"] + timedelta(days=1)},
    )["MetricDataResults"]
    assert [result["Id"] for result in answer] == ["runs", "objects"]
    assert answer[0]["Values"] == [1]
    assert set(answer[1]["Values"]) == {3}
    found = watch.client.get_metric_statistics(
        Namespace="AWS/S3",
        MetricName="NumberOfObjects",
        Dimensions=[{"Name": key, "Value": value} for key, value in of_bucket.items()],
        Period=86400,
        Statistics=["Average"],
        **times,
    )
    assert {point["Average"] for point in found["Datapoints"]} == {3}


def test_all_else_of_cloudwatch_is_served_as_before(watch: Watch) -> None:
    body = json.dumps({"widgets": []})
    watch.client.put_dashboard(DashboardName="mine", DashboardBody=body)

    assert watch.client.get_dashboard(DashboardName="mine")["DashboardBody"] == body
    assert watch.client.describe_alarms()["MetricAlarms"] == []


def form(watch: Watch, action: str, **fields: object) -> tuple[int, ElementTree.Element]:
    """As older SDKs ask."""
    address = urlsplit(watch.client.meta.endpoint_url)
    scope = f"{ACCOUNT}/20260101/us-east-1/monitoring/aws4_request"
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x",
    }
    connection = HTTPConnection(address.hostname or "", address.port, timeout=30)
    try:
        connection.request("POST", "/", urlencode({"Action": action, "Version": "2010-08-01"} | fields), headers)
        answer = connection.getresponse()
        text = answer.read().decode().replace(' xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"', "")
        return answer.status, ElementTree.fromstring(text)
    finally:
        connection.close()


def test_the_form_of_older_sdks_is_answered_in_xml(watch: Watch) -> None:
    times = {name: at.strftime(QUERY_DATE) for name, at in watch.times.items()}
    put = {
        "Namespace": "Old",
        "MetricData.member.1.MetricName": "Orders",
        "MetricData.member.1.Value": "4.5",
        "MetricData.member.1.Dimensions.member.1.Name": "Place",
        "MetricData.member.1.Dimensions.member.1.Value": "<&>",
    }
    of_place = {"Dimensions.member.1.Name": "Place", "Dimensions.member.1.Value": "<&>"}
    status, answer = form(watch, "PutMetricData", **put)
    assert (status, answer.tag) == (200, "PutMetricDataResponse")

    wanted = {"Namespace": "Old", "MetricName": "Orders", "Period": 60, **of_place, **times}
    some = {"Statistics.member.1": "Sum", "ExtendedStatistics.member.1": "p90"}
    status, answer = form(watch, "GetMetricStatistics", **wanted, **some)
    (point,) = answer.findall("GetMetricStatisticsResult/Datapoints/member")
    assert (status, point.findtext("Sum"), point.findtext("Unit")) == (200, "4.5", "None")
    assert point.findtext("ExtendedStatistics/entry/value") == "4.5"
    assert datetime.strptime(point.findtext("Timestamp") or "", QUERY_DATE).second == 0

    about = "MetricDataQueries.member.1.MetricStat"
    named = {
        f"{about}.Metric.{name}": value
        for name, value in {"Namespace": "Old", "MetricName": "Orders", **of_place}.items()
    }
    asked = {"MetricDataQueries.member.1.Id": "m1", f"{about}.Period": 60, f"{about}.Stat": "Sum", **named, **times}
    status, answer = form(watch, "GetMetricData", **asked)
    (result,) = answer.findall("GetMetricDataResult/MetricDataResults/member")
    assert (result.findtext("Id"), result.findtext("Values/member")) == ("m1", "4.5")

    status, answer = form(watch, "ListMetrics", Namespace="Old")
    assert answer.findtext("ListMetricsResult/Metrics/member/Dimensions/member/Value") == "<&>"
    status, answer = form(watch, "ListMetrics", RecentlyActive="PT4H")
    assert (status, answer.findtext("Error/Code")) == (400, "InvalidParameterValue")
    status, answer = form(watch, "DescribeAlarms")
    assert (status, answer.tag) == (200, "DescribeAlarmsResponse")


def test_sdks_that_speak_cbor_are_answered_in_it(watch: Watch) -> None:
    """As SDKs for Java do first."""
    data = [{"MetricName": "Orders", "Value": 2.5, "Timestamp": watch.now}]
    assert cbor(watch, "PutMetricData", Namespace="Packed", MetricData=data)[0] == 200
    wanted = {"Namespace": "Packed", "MetricName": "Orders", "Period": 3600, "Statistics": ["Sum"], **watch.times}

    status, answer = cbor(watch, "GetMetricStatistics", **wanted)
    assert (status, [point["Sum"] for point in answer["Datapoints"]]) == (200, [2.5])
    assert watch.times["StartTime"] <= answer["Datapoints"][0]["Timestamp"] <= watch.times["EndTime"]
    status, answer = cbor(
        watch, "GetMetricData", MetricDataQueries=[query("m1", "Orders", namespace="Packed")], **watch.times
    )
    assert (status, answer["MetricDataResults"][0]["Values"]) == (200, [2.5])
    status, answer = cbor(watch, "ListMetrics", Namespace="Packed")
    assert (status, [metric["MetricName"] for metric in answer["Metrics"]]) == (200, ["Orders"])
    status, answer = cbor(watch, "ListMetrics", RecentlyActive="PT4H")
    assert (status, answer["Error"]["Code"]) == (400, "InvalidParameterValue")


def cbor(watch: Watch, operation: str, **params: Any) -> tuple[int, Any]:
    model = watch.client.meta.service_model.operation_model(operation)
    asked = create_serializer("smithy-rpc-v2-cbor").serialize_to_request(params, model)
    scope = f"{ACCOUNT}/20260101/us-east-1/monitoring/aws4_request"
    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x"}
    address = urlsplit(watch.client.meta.endpoint_url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=30)
    try:
        connection.request("POST", asked["url_path"], asked["body"], dict(asked["headers"]) | signed)
        answer = connection.getresponse()
        said = {
            "status_code": answer.status,
            "headers": HTTPHeaders.from_pairs(answer.getheaders()),
            "body": answer.read(),
        }
    finally:
        connection.close()
    return answer.status, create_parser("smithy-rpc-v2-cbor").parse(said, model.output_shape)


def datum(**members: Any) -> dict[str, Any]:
    return {"Namespace": "Bad", "MetricData": [{"MetricName": "m", **members}]}


DATA: dict[str, Any] = {"StartTime": 0, "EndTime": 60}
STATISTICS: dict[str, Any] = {
    "Namespace": "N",
    "MetricName": "m",
    "StartTime": 0,
    "EndTime": 60,
    "Period": 60,
    "Statistics": ["Sum"],
}


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("PutMetricData", datum(Value=1) | {"Namespace": "AWS/Mine"}, "InvalidParameterValue"),
        ("PutMetricData", {"Namespace": "Bad", "MetricData": [{"Value": 1}]}, "MissingParameter"),
        ("PutMetricData", {"Namespace": "Bad"}, "MissingParameter"),
        ("PutMetricData", datum(), "MissingParameter"),
        ("PutMetricData", datum(Value="NaN"), "InvalidParameterValue"),
        ("PutMetricData", datum(Value="Infinity"), "InvalidParameterValue"),
        ("PutMetricData", datum(Value=1e200), "InvalidParameterValue"),
        ("PutMetricData", datum(Value=1, Values=[1]), "InvalidParameterValue"),
        ("PutMetricData", datum(Values=[1], Counts=[1, 2]), "InvalidParameterValue"),
        ("PutMetricData", datum(Values=[1] * 151), "InvalidParameterValue"),
        ("PutMetricData", datum(Value=1, Unit="Apples"), "InvalidParameterValue"),
        ("PutMetricData", datum(Value=1, Timestamp=0), "InvalidParameterValue"),
        ("PutMetricData", datum(Value=1, Timestamp="yesterday"), "SerializationException"),
        ("PutMetricData", datum(Value=1, Dimensions=[{"Name": "a"}]), "MissingParameter"),
        ("PutMetricData", datum(Value=1, Dimensions=[{"Name": "a", "Value": "b"}] * 31), "InvalidParameterValue"),
        ("PutMetricData", datum(StatisticValues={"Sum": 1}), "MissingParameter"),
        ("PutMetricData", {"Namespace": "Bad", "MetricData": {}}, "SerializationException"),
        ("GetMetricStatistics", STATISTICS | {"EndTime": 0}, "InvalidParameterValue"),
        ("GetMetricStatistics", STATISTICS | {"Statistics": []}, "InvalidParameterCombination"),
        ("GetMetricStatistics", STATISTICS | {"Statistics": ["p50"]}, "InvalidParameterValue"),
        ("GetMetricStatistics", STATISTICS | {"ExtendedStatistics": ["p101"]}, "InvalidParameterValue"),
        ("GetMetricStatistics", STATISTICS | {"Period": 61}, "InvalidParameterValue"),
        ("GetMetricStatistics", STATISTICS | {"Period": 0}, "InvalidParameterValue"),
        ("GetMetricStatistics", STATISTICS | {"EndTime": 90_000}, "InvalidParameterCombination"),
        ("GetMetricStatistics", {"Namespace": "N"}, "MissingParameter"),
        ("GetMetricData", DATA, "MissingParameter"),
        ("GetMetricData", DATA | {"MetricDataQueries": [{"Id": "M"}]}, "InvalidParameterValue"),
        ("GetMetricData", DATA | {"MetricDataQueries": [{"Id": "m"}]}, "ValidationError"),
        ("GetMetricData", DATA | {"MetricDataQueries": [query("m", "n")] * 2}, "ValidationError"),
        ("GetMetricData", DATA | {"MetricDataQueries": [query("m", "n", "Most")]}, "InvalidParameterValue"),
        ("GetMetricData", DATA | {"MetricDataQueries": [query("m", "n")], "NextToken": "?"}, "InvalidNextToken"),
        ("GetMetricData", DATA | {"MetricDataQueries": [query("m", "n")], "ScanBy": "x"}, "InvalidParameterValue"),
        ("GetMetricData", DATA | {"MetricDataQueries": [query("m", "n")], "MaxDatapoints": 0}, "InvalidParameterValue"),
        ("GetMetricData", DATA | {"MetricDataQueries": [{"Id": "e", "Expression": "1 +"}]}, "ValidationError"),
        ("GetMetricData", DATA | {"MetricDataQueries": [{"Id": "e", "Expression": "e"}]}, "ValidationError"),
        ("GetMetricData", DATA | {"MetricDataQueries": [{"Id": "e", "Expression": "x"}]}, "ValidationError"),
        ("GetMetricData", DATA | {"MetricDataQueries": [{"Id": "e", "Expression": "5"}]}, "ValidationError"),
        ("GetMetricData", DATA | {"MetricDataQueries": [{"Id": "e", "Expression": "(" * 500}]}, "ValidationError"),
        ("ListMetrics", {"RecentlyActive": "PT1H"}, "InvalidParameterValue"),
        ("ListMetrics", {"NextToken": "bm9uZQ=="}, "InvalidNextToken"),
        ("ListMetrics", {"Dimensions": "all"}, "SerializationException"),
    ],
)
def test_what_makes_no_sense_is_refused(watch: Watch, operation: str, params: Any, code: str) -> None:
    status, headers, body = ask(watch, operation, json.dumps(params).encode())

    assert (status, headers["x-amzn-query-error"]) == (400, f"{code};Sender"), body


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b"\x1f\x8b"])
def test_a_body_that_is_no_request_is_refused(watch: Watch, body: bytes) -> None:
    for operation in ("PutMetricData", "GetMetricData", "GetMetricStatistics"):
        for packed in ({}, {"Content-Encoding": "gzip"}):
            status, _, _ = ask(watch, operation, body, packed)
            assert status == 400


def ask(watch: Watch, operation: str, body: bytes, more: dict[str, str] | None = None) -> tuple[int, Any, bytes]:
    address = urlsplit(watch.client.meta.endpoint_url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=30)
    headers = {
        "X-Amz-Target": f"GraniteServiceVersion20100801.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
    }
    try:
        connection.request("POST", "/", body, headers | (more or {}))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_what_was_put_survives_sigkill_and_minutes_survive_a_restart(tmp_path: Path, eventually: Eventually) -> None:
    times: dict[str, Any] = {"Period": 86400, "Statistics": ["Sum"]}

    def total(lam: Any, namespace: str, name: str) -> float:
        now = datetime.now(UTC)
        limits = {"StartTime": now - timedelta(hours=1), "EndTime": now + timedelta(hours=1)}
        asked = {"Namespace": namespace, "MetricName": name, **times, **limits}
        return float(sum(point["Sum"] for point in sdk(lam, "cloudwatch").get_metric_statistics(**asked)["Datapoints"]))

    with served(tmp_path, "process", "--account", ACCOUNT) as lam:
        lam.client, lam.role = sdk(lam, "lambda"), f"arn:aws:iam::{ACCOUNT}:role/test"
        lam.create("kept", WORKS)
        lam.invoke("kept")
        eventually(lambda: total(lam, "AWS/Lambda", "Invocations") == 1, "the invocation")
    with served(tmp_path, "process", "--account", ACCOUNT) as lam:
        assert total(lam, "AWS/Lambda", "Invocations") == 1
        sdk(lam, "cloudwatch").put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Orders", "Value": 3}])
        lam.process.send_signal(signal.SIGKILL)
        lam.process.wait()
    with served(tmp_path, "process", "--account", ACCOUNT) as lam:
        assert total(lam, "Shop", "Orders") == 3


def test_a_reset_empties_them(tmp_path: Path, eventually: Eventually) -> None:
    with own_emulator(tmp_path, "process", stems=0, account=ACCOUNT) as lam:
        watch = Watch(lam, eventually)
        watch.client.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Orders", "Value": 3}])
        assert watch.client.list_metrics()["Metrics"] != []

        lam.emulator.reset()

        assert watch.client.list_metrics()["Metrics"] == []
