"""CloudWatch's metrics: of invocations, of what functions print, and what is put, all by boto3 on the server's port."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from boto_rig import client_at
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from own import OwnLam, own_emulator, served
from services_rig import ACCOUNT, sdk
from waiting import Eventually

WORKS = """
import time
def handler(event, context):
    time.sleep(event.get("sleep", 0))
    if event.get("fail"):
        raise ValueError("told to")
    for line in event.get("print", []):
        print(line)
"""
QUERY_DATE = "%Y-%m-%dT%H:%M:%SZ"


class Watch:
    """What CloudWatch says of one account, all of it within some days around now."""

    def __init__(self, lam: OwnLam, eventually: Eventually) -> None:
        self.client = sdk(lam, "cloudwatch")
        self._lam = lam
        self._eventually = eventually

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self._lam.clock.now_s(), UTC)

    @property
    def times(self) -> dict[str, datetime]:
        """Of the last hour or so, to a whole minute."""
        now = self.now.replace(second=0, microsecond=0)
        return {"StartTime": now - timedelta(hours=2), "EndTime": now + timedelta(minutes=2)}

    def ask(self, name: str, *stats: str, namespace: str = "AWS/Lambda", **dimensions: str) -> Any:
        """One statistic, or a list of them, of all there is; None where there is nothing."""
        simple = [stat for stat in stats if stat[0].isupper() and "(" not in stat]
        extended = [stat for stat in stats if stat not in simple]
        given = {key: value for key, value in (("Statistics", simple), ("ExtendedStatistics", extended)) if value}
        points = self.client.get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            Period=86400,
            **self.times,
            **given,
        )["Datapoints"]
        assert len(points) <= 1, points
        if not points:
            return None
        found = [points[0].get(stat, points[0].get("ExtendedStatistics", {}).get(stat)) for stat in stats]
        return found[0] if len(stats) == 1 else found

    def wait(self, name: str, stat: str, value: float, **dimensions: str) -> None:
        """An invocation is told before it is over and counted."""
        self._eventually(lambda: self.ask(name, stat, **dimensions) == value, f"{name} {stat} of {value}")

    def data(self, *queries: dict[str, Any], **params: Any) -> Any:
        return self.client.get_metric_data(MetricDataQueries=queries, **self.times | params)


def query(id: str, name: str, stat: str = "Sum", period: int = 60, namespace: str = "AWS/Lambda", **dims: str) -> Any:
    dimensions = [{"Name": key, "Value": value} for key, value in dims.items()]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
    return {"Id": id, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    """In the morning, whatever time it is: no test of these runs into another day, which has a point of its own."""
    with own_emulator(tmp_path_factory.mktemp("metrics"), "process", stems=0, account=ACCOUNT) as lam:
        lam.role = f"arn:aws:iam::{ACCOUNT}:role/test"
        lam.clock.advance((6 * 3600 - lam.clock.now_s()) % 86400)
        yield lam


@pytest.fixture
def watch(lam: OwnLam, eventually: Eventually) -> Watch:
    return Watch(lam, eventually)


def test_invocations_errors_and_durations_are_as_their_reports_say(lam: OwnLam, watch: Watch) -> None:
    lam.create("counted", WORKS)
    durations = [float(lam.invoke("counted", event).report["duration"] or 0) for event in ({}, {"sleep": 0.1}, {})]
    assert lam.invoke("counted", {"fail": True}).error == "Unhandled"

    watch.wait("Invocations", "Sum", 4, FunctionName="counted")
    assert watch.ask("Errors", "Sum", "SampleCount", FunctionName="counted") == [1, 4]
    assert watch.ask("Throttles", "Sum", FunctionName="counted") == 0
    longest, middle = watch.ask("Duration", "Maximum", "p50", FunctionName="counted")
    assert longest == pytest.approx(max(durations), abs=0.01)
    assert middle < 100 <= longest


def test_what_is_called_has_metrics_of_its_own(lam: OwnLam, watch: Watch) -> None:
    lam.create("named", WORKS)
    lam.client.publish_version(FunctionName="named")
    lam.wait_until_active("named")
    lam.client.create_alias(FunctionName="named", Name="live", FunctionVersion="1")
    for qualifier in (None, "$LATEST", "1", "live", "live"):
        lam.invoke("named", **({} if qualifier is None else {"Qualifier": qualifier}))

    watch.wait("Invocations", "Sum", 5, FunctionName="named")
    for resource, count in (("named", 1), ("named:$LATEST", 1), ("named:1", 1), ("named:live", 2)):
        assert watch.ask("Invocations", "Sum", FunctionName="named", Resource=resource) == count
    of_version = {"FunctionName": "named", "Resource": "named:live", "ExecutedVersion": "1"}
    assert watch.ask("Invocations", "Sum", **of_version) == 2


def test_who_is_throttled_is_neither_an_invocation_nor_an_error(lam: OwnLam, watch: Watch) -> None:
    lam.create("throttled", WORKS)
    lam.client.put_function_concurrency(FunctionName="throttled", ReservedConcurrentExecutions=0)
    for _ in range(2):
        with pytest.raises(ClientError, match="TooManyRequests"):
            lam.invoke("throttled")

    watch.wait("Throttles", "Sum", 2, FunctionName="throttled")
    assert watch.ask("Invocations", "Sum", FunctionName="throttled") is None
    assert watch.ask("Errors", "Sum", FunctionName="throttled") is None


def test_concurrency_is_the_most_that_ran_at_once(lam: OwnLam, watch: Watch, eventually: Eventually) -> None:
    lam.create("crowd", WORKS)
    lam.create("apart", WORKS)
    lam.client.put_function_concurrency(FunctionName="apart", ReservedConcurrentExecutions=5)
    with ThreadPoolExecutor(4) as threads:
        running = [threads.submit(lam.invoke, name, {"sleep": 1.5}) for name in ("crowd",) * 3 + ("apart",)]
        eventually(
            lambda: watch.ask("ConcurrentExecutions", "Maximum", FunctionName="crowd") == 3,
            "three at once, while they run",
        )
        for one in running:
            one.result()

    assert watch.ask("ConcurrentExecutions", "Maximum", FunctionName="apart") == 1
    everywhere, unreserved = (watch.ask(f"{kind}ConcurrentExecutions", "Maximum") for kind in ("", "Unreserved"))
    assert everywhere >= 4
    assert 3 <= unreserved < everywhere
    assert watch.ask("ClaimedAccountConcurrency", "Maximum") >= unreserved + 5


def test_provisioned_concurrency_is_used_and_spilled(lam: OwnLam, watch: Watch, eventually: Eventually) -> None:
    lam.create("ready", WORKS)
    lam.client.publish_version(FunctionName="ready")
    lam.wait_until_active("ready")
    lam.client.put_provisioned_concurrency_config(
        FunctionName="ready", Qualifier="1", ProvisionedConcurrentExecutions=1
    )
    of_ready = {"FunctionName": "ready", "Qualifier": "1"}
    eventually(lambda: lam.client.get_provisioned_concurrency_config(**of_ready)["Status"] == "READY", "it is ready")
    with ThreadPoolExecutor(2) as threads:
        for one in [threads.submit(lam.invoke, "ready", {"sleep": 0.5}, Qualifier="1") for _ in range(2)]:
            one.result()

    of_version = {"FunctionName": "ready", "Resource": "ready:1"}
    watch.wait("Invocations", "Sum", 2, **of_version)
    assert watch.ask("ProvisionedConcurrencyInvocations", "Sum", **of_version) == 1
    assert watch.ask("ProvisionedConcurrencySpilloverInvocations", "Sum", **of_version) == 1
    assert watch.ask("ProvisionedConcurrentExecutions", "Maximum", **of_version) == 1
    assert watch.ask("ProvisionedConcurrencyUtilization", "Maximum", **of_version) == 1


def test_asynchronous_events_their_age_and_what_is_dropped(lam: OwnLam, watch: Watch, eventually: Eventually) -> None:
    lam.create("later", WORKS)
    gone = f"arn:aws:sqs:us-east-1:{ACCOUNT}:no-such-queue"
    lam.client.update_function_configuration(FunctionName="later", DeadLetterConfig={"TargetArn": gone})
    lam.wait_until_active("later")
    lam.client.put_function_event_invoke_config(FunctionName="later", MaximumRetryAttempts=0)
    for event in ({}, {"fail": True}):
        lam.client.invoke(FunctionName="later", InvocationType="Event", Payload=json.dumps(event))

    watch.wait("Invocations", "Sum", 2, FunctionName="later")
    watch.wait("AsyncEventsDropped", "Sum", 1, FunctionName="later")
    assert watch.ask("AsyncEventsReceived", "Sum", FunctionName="later") == 2
    count, oldest = watch.ask("AsyncEventAge", "SampleCount", "Maximum", FunctionName="later")
    assert (count, 0 <= oldest < 60_000) == (2, True)
    eventually(lambda: (watch.ask("DeadLetterErrors", "Sum", FunctionName="later") or 0) >= 1, "a dead letter's error")


def test_results_that_cannot_be_delivered_are_counted(lam: OwnLam, watch: Watch, eventually: Eventually) -> None:
    lam.create("undelivered", WORKS)
    gone: Any = {"Destination": f"arn:aws:sqs:us-east-1:{ACCOUNT}:no-such-queue"}
    lam.client.put_function_event_invoke_config(FunctionName="undelivered", DestinationConfig={"OnSuccess": gone})
    lam.client.invoke(FunctionName="undelivered", InvocationType="Event", Payload="{}")

    asked = "DestinationDeliveryFailures", "Sum"
    eventually(lambda: (watch.ask(*asked, FunctionName="undelivered") or 0) >= 1, "a delivery that failed")


def test_chains_that_are_broken_are_counted(lam: OwnLam, watch: Watch) -> None:
    lam.create("circle", WORKS)
    trace = ""

    def go_on(request: Any, **_: Any) -> None:
        if trace:
            request.headers["X-Amzn-Trace-Id"] = trace

    lam.client.meta.events.register("before-send.lambda.Invoke", go_on)
    try:
        for _ in range(16):
            trace = lam.invoke("circle").headers["x-amzn-trace-id"]
        with pytest.raises(ClientError, match="RecursiveInvocation"):
            lam.invoke("circle")
    finally:
        lam.client.meta.events.unregister("before-send.lambda.Invoke", go_on)

    watch.wait("RecursiveInvocationsDropped", "Sum", 1, FunctionName="circle")
    watch.wait("Errors", "Sum", 0, FunctionName="circle")


def test_each_minute_has_a_point_and_they_come_in_either_order_and_in_pages(lam: OwnLam, watch: Watch) -> None:
    lam.create("minutes", WORKS)
    lam.clock.advance(65 - lam.clock.now_s() % 60)  # early in a minute, so that each burst is within one
    for times in (1, 2, 3):
        for _ in range(times):
            lam.invoke("minutes")
        watch.wait("Invocations", "Sum", times * (times + 1) // 2, FunctionName="minutes")
        lam.clock.advance(120)

    asked = query("m1", "Invocations", FunctionName="minutes")
    (newest_first,) = watch.data(asked)["MetricDataResults"]
    (oldest_first,) = watch.data(asked, ScanBy="TimestampAscending")["MetricDataResults"]
    assert newest_first["Values"] == [3, 2, 1]
    assert (oldest_first["Values"], oldest_first["Timestamps"]) == ([1, 2, 3], newest_first["Timestamps"][::-1])
    assert (newest_first["StatusCode"], newest_first["Label"]) == ("Complete", "Invocations")
    steps = zip(oldest_first["Timestamps"], oldest_first["Timestamps"][1:], strict=False)
    assert {after - before for before, after in steps} == {timedelta(minutes=2)}

    pages = list(
        watch.client.get_paginator("get_metric_data").paginate(
            MetricDataQueries=[asked, query("m2", "Errors", "SampleCount", FunctionName="minutes")],
            MaxDatapoints=4,
            **watch.times,
        )
    )
    found: dict[str, list[float]] = {"m1": [], "m2": []}
    for result in [result for page in pages for result in page["MetricDataResults"]]:
        found[result["Id"]] += result["Values"]
    assert len(pages) == 2
    assert found == {"m1": [3, 2, 1], "m2": [3, 2, 1]}


def test_each_invocation_is_counted_once_whoever_asks_meanwhile(lam: OwnLam, watch: Watch) -> None:
    lam.create("many", WORKS, Timeout=300)
    lam.clock.advance(60 - lam.clock.now_s() % 60 - 0.5)  # the minute ends meanwhile
    with ThreadPoolExecutor(5) as threads:
        running = [threads.submit(lam.invoke, "many", {"fail": number % 4 == 0}) for number in range(200)]
        while not all(one.done() for one in running):
            watch.ask("Duration", "p90", FunctionName="many")
    for one in running:
        one.result()

    watch.wait("Invocations", "Sum", 200, FunctionName="many")
    assert watch.ask("Errors", "Sum", "SampleCount", FunctionName="many") == [50, 200]
    assert watch.ask("Duration", "SampleCount", FunctionName="many", Resource="many") == 200


def test_longer_periods_hold_several_minutes(lam: OwnLam, watch: Watch) -> None:
    lam.create("hourly", WORKS)
    lam.clock.advance(3600 - lam.clock.now_s() % 3600 + 60)  # a minute into an hour
    for _ in range(3):
        lam.invoke("hourly")
        lam.clock.advance(120)
    watch.wait("Invocations", "Sum", 3, FunctionName="hourly")

    (result,) = watch.data(query("m1", "Invocations", period=3600, FunctionName="hourly"))["MetricDataResults"]
    assert result["Values"] == [3]
    assert result["Timestamps"][0].minute == 0


def test_math_is_done_over_the_points_of_other_queries(lam: OwnLam, watch: Watch) -> None:
    lam.create("math", WORKS)
    for fail in (True, False, False, False):
        lam.invoke("math", {"fail": fail})
    watch.wait("Invocations", "Sum", 4, FunctionName="math")

    runs = query("runs", "Invocations", period=3600, FunctionName="math") | {"ReturnData": False}
    errors = query("errors", "Errors", period=3600, FunctionName="math")
    rate = {"Id": "rate", "Expression": "100 * errors / runs", "Label": "per cent"}
    total = {"Id": "total", "Expression": "SUM(METRICS())"}
    answer = watch.data(runs, errors, rate, total)["MetricDataResults"]

    assert [(each["Id"], each["Label"], sum(each["Values"])) for each in answer] == [
        ("errors", "Errors", 1),
        ("rate", "per cent", 25),
        ("total", "total", 5),
    ]


def test_metrics_are_searched_for(lam: OwnLam, watch: Watch) -> None:
    for name in ("sought-one", "sought-two"):
        lam.create(name, WORKS)
        lam.invoke(name)
        watch.wait("Invocations", "Sum", 1, FunctionName=name)

    wanted = """SEARCH('{AWS/Lambda,FunctionName} MetricName="Invocations" sought', 'Sum', 3600)"""
    each = {"Id": "each", "Expression": wanted}
    total = {"Id": "total", "Expression": f"SUM({wanted})"}
    answer = watch.data(each, total)["MetricDataResults"]

    assert [(one["Id"], one["Label"], sum(one["Values"])) for one in answer] == [
        ("each", "sought-one", 1),
        ("each", "sought-two", 1),
        ("total", "total", 2),
    ]


def test_metrics_are_listed_by_what_is_asked_for(lam: OwnLam, watch: Watch) -> None:
    lam.create("listed", WORKS)
    lam.invoke("listed")
    watch.wait("Invocations", "Sum", 1, FunctionName="listed")
    of_function = [{"Name": "FunctionName", "Value": "listed"}]

    found = watch.client.list_metrics(Namespace="AWS/Lambda", Dimensions=of_function)["Metrics"]
    assert {"Invocations", "Errors", "Duration", "Throttles", "ConcurrentExecutions"} <= {
        metric["MetricName"] for metric in found
    }
    named = watch.client.list_metrics(MetricName="Duration", Dimensions=of_function)["Metrics"]
    assert [len(metric["Dimensions"]) for metric in named] == [1, 2]
    assert watch.client.list_metrics(Namespace="AWS/Nothing")["Metrics"] == []
    assert watch.client.list_metrics(Dimensions=[{"Name": "Resource", "Value": "other"}])["Metrics"] == []
    lam.clock.advance(4 * 3600)
    assert watch.client.list_metrics(Dimensions=of_function, RecentlyActive="PT3H")["Metrics"] == []
    assert len(watch.client.list_metrics(Dimensions=of_function)["Metrics"]) == len(found)


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


def embedded(at_s: float, **members: Any) -> dict[str, Any]:
    metrics = [{"Name": "Orders", "Unit": "Count"}, {"Name": "Price", "Unit": "None"}]
    directive = {"Namespace": "Printed", "Dimensions": [["Place"], []], "Metrics": metrics}
    described = {"Timestamp": int(at_s * 1000), "CloudWatchMetrics": [directive]}
    return {"_aws": described, "Place": "south", "Orders": 2, "Price": [1.5, 2.5], "said": "beside"} | members


@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_embedded_metrics_of_what_a_function_prints(lam: OwnLam, watch: Watch, log_format: str) -> None:
    name = f"prints-{log_format}"
    lam.create(name, WORKS, LoggingConfig={"LogFormat": log_format})
    good = embedded(lam.clock.now_s(), Place=log_format)
    lines = [json.dumps(good), "_aws", json.dumps({"_aws": 1}), json.dumps(embedded(0)), json.dumps(good)]
    lam.invoke(name, {"print": lines})
    watch.client.put_metric_data(
        Namespace="Printed",
        MetricData=[
            {
                "MetricName": "Orders",
                "Value": 5,
                "Unit": "Count",
                "Dimensions": [{"Name": "Place", "Value": log_format}],
            }
        ],
    )

    watch.wait("Orders", "Sum", 9, namespace="Printed", Place=log_format)
    stats = ("SampleCount", "Minimum", "Maximum", "p100")
    assert watch.ask("Orders", *stats, namespace="Printed", Place=log_format) == [3, 2, 5, 5]
    assert watch.ask("Price", "SampleCount", "Sum", namespace="Printed", Place=log_format) == [4, 8]
    assert len([event for event in lam.own_events(name) if "beside" in event]) == 3  # the log has them all the same


def test_neither_invocations_nor_metrics_start_another_process(tmp_path: Path, eventually: Eventually) -> None:
    with own_emulator(tmp_path, "process", stems=0, account=ACCOUNT) as lam:
        lam.role = f"arn:aws:iam::{ACCOUNT}:role/test"
        watch = Watch(lam, eventually)
        lam.create("alone", WORKS)
        lam.invoke("alone", {"print": [json.dumps(embedded(lam.clock.now_s()))]})
        watch.client.put_metric_data(Namespace="Printed", MetricData=[{"MetricName": "Orders", "Value": 1}])
        watch.wait("Invocations", "Sum", 1, FunctionName="alone")
        watch.wait("Orders", "SampleCount", 1, namespace="Printed", Place="south")
        watch.data(query("m1", "Invocations"), query("m2", "Orders", namespace="Printed"))
        assert watch.client.list_metrics()["Metrics"] != []

        assert lam.emulator.around.child.pid is None


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
