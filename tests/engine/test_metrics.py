"""CloudWatch's metrics of invocations, and of what functions print, by boto3 on the server's port."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from metric_rig import WORKS, Watch, query, shared, watch
from own import OwnLam, own_emulator
from services_rig import ACCOUNT
from waiting import Eventually

__all__ = ["shared", "watch"]


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
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(lam.invoke, "ready", {"sleep": 1}, Qualifier="1")
        eventually(lambda: [one.state for one in lam.environments("ready")] == ["BUSY"], "it to run")
        lam.invoke("ready", Qualifier="1")
        running.result()

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
        watch = Watch(lam, eventually)
        lam.create("alone", WORKS)
        lam.invoke("alone", {"print": [json.dumps(embedded(lam.clock.now_s()))]})
        watch.client.put_metric_data(Namespace="Printed", MetricData=[{"MetricName": "Orders", "Value": 1}])
        watch.wait("Invocations", "Sum", 1, FunctionName="alone")
        watch.wait("Orders", "SampleCount", 1, namespace="Printed", Place="south")
        watch.data(query("m1", "Invocations"), query("m2", "Orders", namespace="Printed"))
        assert watch.client.list_metrics()["Metrics"] != []

        assert lam.emulator.around.child.pid is None
