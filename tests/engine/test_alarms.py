"""Alarms by boto3: they go off by the metrics that are here, and tell functions, topics and rules."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from xml.etree import ElementTree

import pytest
from boto_rig import client_at
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from own import OwnLam, served
from services_rig import ACCOUNT, Inbox, lam, sdk
from waiting import Eventually

__all__ = ["lam"]

ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
ARN = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:"
FUNCTIONS = "lambda.alarms.cloudwatch.amazonaws.com"
TELLS = """
import json
import os
import boto3

def handler(event, context):
    if event.get("fail"):
        raise ValueError("told to")
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(event))
"""
ERRORS = {
    "Namespace": "Shop",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}


@pytest.fixture
def heard(lam: OwnLam, name: str) -> Inbox:
    return Inbox(lam, name)


class Bell:
    """One alarm on a metric of its own, and the clock that has it looked at."""

    def __init__(self, lam: OwnLam, name: str, eventually: Eventually, **members: Any) -> None:
        self.cloudwatch = sdk(lam, "cloudwatch")
        self.name = name
        self._lam = lam
        self._eventually = eventually
        self.put(**members)

    def put(self, **members: Any) -> None:
        self.cloudwatch.put_metric_alarm(AlarmName=self.name, **ERRORS | {"MetricName": self.name} | members)

    def count(self, *values: float) -> None:
        """In this minute."""
        data = [{"MetricName": self.name, "Timestamp": self._lam.now_s(), "Value": value} for value in values]
        self.cloudwatch.put_metric_data(Namespace="Shop", MetricData=data)

    def pass_minutes(self, count: int = 1) -> None:
        for _ in range(count):
            self._lam.pass_time(60 - self._lam.now_s() % 60 + 1)

    @property
    def told(self) -> dict[str, Any]:
        (found,) = self.cloudwatch.describe_alarms(AlarmNames=[self.name])["MetricAlarms"]
        return dict(found)

    def wait_for(self, state: str) -> None:
        self._eventually(lambda: self.told["StateValue"] == state, f"{self.name} to be {state}")

    def history(self, kind: str = "StateUpdate") -> list[str]:
        """Summaries, the oldest first."""
        items = self.cloudwatch.describe_alarm_history(
            AlarmName=self.name, HistoryItemType=kind, ScanBy="TimestampAscending"
        )["AlarmHistoryItems"]
        return [item["HistorySummary"] for item in items]


def test_an_alarm_goes_off_by_what_a_metric_filter_of_a_log_finds(
    lam: OwnLam, name: str, eventually: Eventually
) -> None:
    logs, said = sdk(lam, "logs"), "def handler(event, context):\n    print(event)\n"
    lam.create(name, said, Role=ROLE)
    lam.invoke(name, "begin")
    logs.put_metric_filter(
        logGroupName=f"/aws/lambda/{name}",
        filterName="errors",
        filterPattern="ERROR",
        metricTransformations=[{"metricNamespace": "Shop", "metricName": name, "metricValue": "1"}],
    )
    bell = Bell(lam, name, eventually)

    lam.invoke(name, "an ERROR")

    eventually(lambda: bell.cloudwatch.list_metrics(MetricName=name)["Metrics"], "the metric")
    bell.pass_minutes()
    bell.wait_for("ALARM")


def test_an_alarm_goes_off_and_ends_by_what_was_put(lam: OwnLam, name: str, eventually: Eventually) -> None:
    bell = Bell(lam, name, eventually, TreatMissingData="notBreaching")
    assert (bell.told["StateValue"], bell.told["StateReason"]) == (
        "INSUFFICIENT_DATA", "Unchecked: Initial alarm creation"
    )  # fmt: skip

    bell.count(0)
    bell.pass_minutes()
    bell.wait_for("OK")
    bell.count(1, 1)
    bell.pass_minutes()
    bell.wait_for("ALARM")
    told = bell.told
    bell.pass_minutes(3)
    bell.wait_for("OK")

    assert told["StateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoints [2.0 (")
    data = json.loads(told["StateReasonData"])
    assert (data["statistic"], data["period"], data["threshold"], data["recentDatapoints"]) == ("Sum", 60, 1.0, [2.0])
    assert data["evaluatedDatapoints"][0]["sampleCount"] == 2.0
    assert bell.history() == [
        "Alarm updated from INSUFFICIENT_DATA to OK", "Alarm updated from OK to ALARM", "Alarm updated from ALARM to OK"
    ]  # fmt: skip
    assert bell.history("ConfigurationUpdate") == [f'Alarm "{name}" created']


@pytest.mark.parametrize(
    ("members", "minutes", "state"),
    [
        ({"Statistic": "Average", "Threshold": 2.0}, [[1, 3]], "ALARM"),
        ({"Statistic": "SampleCount", "Threshold": 3.0}, [[1, 3]], "OK"),
        ({"Statistic": None, "ExtendedStatistic": "p90", "Threshold": 9.0}, [list(range(11))], "ALARM"),
        ({"ComparisonOperator": "LessThanThreshold"}, [[0.5]], "ALARM"),
        ({"EvaluationPeriods": 3, "DatapointsToAlarm": 2}, [[1], [0], [1]], "ALARM"),
        ({"EvaluationPeriods": 3, "DatapointsToAlarm": 3}, [[1], [0], [1]], "OK"),
        ({"Period": 120, "Threshold": 2.0}, [[1], [1]], "ALARM"),
        ({"Unit": "Seconds", "TreatMissingData": "breaching"}, [[0]], "ALARM"),
    ],
)
def test_statistics_periods_and_units_are_asked_for(
    lam: OwnLam, name: str, eventually: Eventually, members: dict[str, Any], minutes: list[list[float]], state: str
) -> None:
    asked = {key: value for key, value in (ERRORS | {"MetricName": name} | members).items() if value is not None}
    bell = Bell(lam, name, eventually)
    bell.cloudwatch.delete_alarms(AlarmNames=[name])
    for values in minutes:
        bell.pass_minutes()
        bell.count(*values)
    bell.cloudwatch.put_metric_alarm(AlarmName=name, **asked)

    bell.pass_minutes()

    bell.wait_for(state)


def test_math_over_metrics_has_an_alarm(lam: OwnLam, name: str, eventually: Eventually) -> None:
    metric = {"Namespace": "Shop", "MetricName": name}
    queries = [
        {"Id": "rate", "Expression": "100 * bad / all", "Label": "Errors in %"},
        *(
            {
                "Id": id,
                "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat},
                "ReturnData": False,
            }
            for id, stat in (("bad", "Sum"), ("all", "SampleCount"))
        ),
    ]
    cloudwatch = sdk(lam, "cloudwatch")
    judged = {key: ERRORS[key] for key in ("EvaluationPeriods", "ComparisonOperator")}
    cloudwatch.put_metric_alarm(AlarmName=name, Metrics=queries, Threshold=50, **judged)
    bell = Bell(lam, f"{name}-other", eventually)
    bell.name = name

    bell.count(1, 1, 0)
    bell.pass_minutes()

    bell.wait_for("ALARM")
    assert [query["Id"] for query in bell.told["Metrics"]] == ["rate", "bad", "all"]
    assert "Period" not in bell.told


def test_errors_of_a_function_run_another_one(lam: OwnLam, name: str, heard: Inbox, eventually: Eventually) -> None:
    told = {"Variables": {"QUEUE": heard.url}}
    for function in (name, f"{name}-told"):
        lam.create(function, TELLS, Role=ROLE, Environment=told)
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}-told"
    members = {
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": name}],
        "AlarmActions": [arn],
        "AlarmDescription": "what nobody wants",
    }
    bell = Bell(lam, name, eventually, **members)
    lam.client.add_permission(
        FunctionName=f"{name}-told", StatementId="alarm", Action="lambda:InvokeFunction", Principal=FUNCTIONS,
        SourceArn=ARN + name, SourceAccount=ACCOUNT,
    )  # fmt: skip

    lam.invoke(name, {"fail": True})
    bell.pass_minutes()

    event = json.loads(heard.next()["Body"])
    assert list(event) == ["source", "alarmArn", "accountId", "time", "region", "alarmData"]
    assert (event["source"], event["alarmArn"], event["accountId"]) == ("aws.cloudwatch", ARN + name, ACCOUNT)
    data = event["alarmData"]
    assert data["alarmName"] == name
    assert (data["state"]["value"], data["previousState"]["value"]) == ("ALARM", "INSUFFICIENT_DATA")
    assert json.loads(data["state"]["reasonData"])["recentDatapoints"] == [1.0]
    assert data["configuration"]["description"] == "what nobody wants"
    (metric,) = data["configuration"]["metrics"]
    assert metric["metricStat"] == {
        "metric": {"namespace": "AWS/Lambda", "name": "Errors", "dimensions": {"FunctionName": name}},
        "period": 60,
        "stat": "Sum",
    }
    assert bell.history("Action") == [f"Successfully executed action {arn}"]
    bell.pass_minutes()
    assert heard.next(1) is None  # told once


def test_who_does_not_let_alarms_in_is_not_run(
    lam: OwnLam, name: str, heard: Inbox, caplog: pytest.LogCaptureFixture, eventually: Eventually
) -> None:
    lam.create(name, TELLS, Role=ROLE, Environment={"Variables": {"QUEUE": heard.url}})
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"
    bell = Bell(lam, name, eventually, AlarmActions=[arn])

    bell.cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="to see")

    told = f"the state ALARM of {name} is not delivered to {arn}: there is no such function, or its"
    eventually(lambda: f"{told} policy does not let {FUNCTIONS} run it" in caplog.text, "it to be told")
    assert heard.next(0) is None


def test_a_topic_has_the_message_that_aws_sends(lam: OwnLam, name: str, heard: Inbox, eventually: Eventually) -> None:
    sns = sdk(lam, "sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn)
    place = [{"Name": "Place", "Value": "north"}]
    bell = Bell(lam, name, eventually, AlarmActions=[topic], OKActions=[topic], Dimensions=place)

    bell.cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="to see")

    notification = json.loads(heard.next()["Body"])
    message = json.loads(notification["Message"])
    assert notification["Subject"] == f'ALARM: "{name}" in US East (N. Virginia)'
    for stamp in ("AlarmConfigurationUpdatedTimestamp", "StateChangeTime"):
        assert message.pop(stamp).endswith("+0000")
    assert message == {
        "AlarmName": name,
        "AlarmDescription": None,
        "AWSAccountId": ACCOUNT,
        "NewStateValue": "ALARM",
        "NewStateReason": "to see",
        "Region": "US East (N. Virginia)",
        "AlarmArn": ARN + name,
        "OldStateValue": "INSUFFICIENT_DATA",
        "OKActions": [topic],
        "AlarmActions": [topic],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": name,
            "Namespace": "Shop",
            "StatisticType": "Statistic",
            "Statistic": "SUM",
            "Unit": None,
            "Dimensions": [{"value": "north", "name": "Place"}],
            "Period": 60,
            "EvaluationPeriods": 1,
            "DatapointsToAlarm": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": 1.0,
            "TreatMissingData": "missing",
            "EvaluateLowSampleCountPercentile": "",
        },
    }


def test_a_rule_has_the_event_of_each_new_state(lam: OwnLam, name: str, heard: Inbox, eventually: Eventually) -> None:
    events = sdk(lam, "events")
    pattern = {"source": ["aws.cloudwatch"], "detail": {"alarmName": [name], "state": {"value": ["ALARM"]}}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": heard.arn}])
    bell = Bell(lam, name, eventually)

    for state in ("OK", "ALARM"):
        bell.cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="to see")

    event = json.loads(heard.next()["Body"])
    assert (event["detail-type"], event["resources"]) == ("CloudWatch Alarm State Change", [ARN + name])
    assert list(event["detail"]) == ["alarmName", "configuration", "state", "previousState"]
    assert event["detail"]["previousState"]["value"] == "OK"


def test_a_state_is_told_once_and_by_whom_it_is_wanted(
    lam: OwnLam, name: str, heard: Inbox, eventually: Eventually
) -> None:
    sns = sdk(lam, "sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn)
    bell = Bell(lam, name, eventually, AlarmActions=[topic, "arn:aws:automate:us-east-1:ec2:stop"])
    cloudwatch = bell.cloudwatch

    def states(*values: str) -> None:
        for value in values:
            cloudwatch.set_alarm_state(AlarmName=name, StateValue=value, StateReason="to see")

    states("ALARM", "ALARM", "OK")
    cloudwatch.disable_alarm_actions(AlarmNames=[name])
    states("ALARM", "OK")
    assert bell.told["ActionsEnabled"] is False
    cloudwatch.enable_alarm_actions(AlarmNames=[name])
    states("ALARM")

    told = [json.loads(json.loads(body)["Message"]) for body in heard.bodies(2)]
    assert {(one["OldStateValue"], one["NewStateValue"]) for one in told} == {
        ("INSUFFICIENT_DATA", "ALARM"), ("OK", "ALARM")
    }  # fmt: skip
    failed = "Failed to execute action arn:aws:automate:us-east-1:ec2:stop: lambda-emu runs no actions of automate"
    assert bell.history("Action") == [f"Successfully executed action {topic}", failed] * 2


def test_a_composite_alarm_follows_others(lam: OwnLam, name: str, heard: Inbox, eventually: Eventually) -> None:
    sns = sdk(lam, "sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn)
    bell = Bell(lam, name, eventually)
    cloudwatch = bell.cloudwatch
    Bell(lam, f"{name}-other", eventually)
    rule = f'ALARM("{name}") AND NOT ALARM({name}-other)'
    cloudwatch.put_composite_alarm(AlarmName=f"{name}-both", AlarmRule=rule, AlarmActions=[topic])

    def composite() -> str:
        found = cloudwatch.describe_alarms(AlarmNames=[f"{name}-both"], AlarmTypes=["CompositeAlarm"])
        return str(found["CompositeAlarms"][0]["StateValue"])

    assert composite() == "OK"
    bell.count(1)
    bell.pass_minutes()
    eventually(lambda: composite() == "ALARM", "the composite alarm")

    message = json.loads(json.loads(heard.next()["Body"])["Message"])
    assert (message["AlarmName"], message["AlarmRule"], message["OldStateValue"]) == (f"{name}-both", rule, "OK")
    assert message["NewStateReason"].startswith(f"{ARN}{name} transitioned to ALARM at ")
    (child,) = message["TriggeringChildren"]
    assert (child["Arn"], child["State"]["Value"]) == (ARN + name, "ALARM")
    children = cloudwatch.describe_alarms(ChildrenOfAlarmName=f"{name}-both")["MetricAlarms"]
    assert [one["AlarmName"] for one in children] == [name, f"{name}-other"]
    with pytest.raises(ClientError, match=f"Cannot delete {name} as there are composite alarm.s. depending on it"):
        cloudwatch.delete_alarms(AlarmNames=[name])
    with pytest.raises(ClientError, match=r"Could not save the composite alarm as alarms .nobody. in the alarm rule"):
        cloudwatch.put_composite_alarm(AlarmName=f"{name}-more", AlarmRule="ALARM(nobody)")
    cloudwatch.delete_alarms(AlarmNames=[name, f"{name}-other", f"{name}-both"])


def test_alarms_that_need_each_other_come_to_rest(lam: OwnLam, name: str) -> None:
    cloudwatch = sdk(lam, "cloudwatch")
    cloudwatch.put_composite_alarm(AlarmName=f"{name}-a", AlarmRule="FALSE")
    for one, other in (("b", "a"), ("a", "b")):
        cloudwatch.put_composite_alarm(AlarmName=f"{name}-{one}", AlarmRule=f"NOT ALARM({name}-{other})")

    cloudwatch.set_alarm_state(AlarmName=f"{name}-a", StateValue="ALARM", StateReason="to see")

    found = cloudwatch.describe_alarms(AlarmNamePrefix=name, AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert [one["StateValue"] for one in found] == ["ALARM", "OK"]


def test_each_minute_on_the_way_of_a_clock_that_is_moved_counts(lam: OwnLam, name: str, eventually: Eventually) -> None:
    bell = Bell(lam, name, eventually, TreatMissingData="notBreaching")
    bell.count(1)

    lam.pass_time(600)

    eventually(lambda: len(bell.history()) == 2, "it to go off and to end")
    assert bell.history() == ["Alarm updated from INSUFFICIENT_DATA to ALARM", "Alarm updated from ALARM to OK"]
    items = bell.cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    ended, began = (item["Timestamp"] for item in items)
    assert 100 < (ended - began).total_seconds() < 300


def test_older_sdks_and_those_that_speak_cbor_are_answered(lam: OwnLam, name: str) -> None:
    """The first as forms and XML, the second as SDKs for Java and Go do."""
    cloudwatch = sdk(lam, "cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName=name, **ERRORS | {"Dimensions": [{"Name": "Place", "Value": "<&>"}]})
    scope = f"{ACCOUNT}/20260101/us-east-1/monitoring/aws4_request"
    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x"}

    form = {"Action": "DescribeAlarms", "Version": "2010-08-01", "AlarmNames.member.1": name}
    with urlopen(Request(lam.url, urlencode(form).encode(), signed), timeout=30) as answer:
        (alarm,) = ElementTree.fromstring(answer.read()).iterfind(".//{*}MetricAlarms/{*}member")
    model = cloudwatch.meta.service_model.operation_model("DescribeAlarms")
    asked = create_serializer("smithy-rpc-v2-cbor").serialize_to_request({"AlarmNames": [name]}, model)
    request = Request(lam.url + asked["url_path"], asked["body"], {**asked["headers"], **signed})
    with urlopen(request, timeout=30) as answer:
        said = {"status_code": 200, "headers": HTTPHeaders.from_pairs(answer.getheaders()), "body": answer.read()}
    parsed = create_parser("smithy-rpc-v2-cbor").parse(said, model.output_shape)

    texts = {child.tag.rpartition("}")[2]: child.text for child in alarm}
    assert (texts["AlarmName"], texts["ActionsEnabled"], texts["Threshold"]) == (name, "true", "1.0")
    assert alarm.findtext("{*}Dimensions/{*}member/{*}Value") == "<&>"
    assert str(texts["StateUpdatedTimestamp"]).endswith("Z")
    assert (parsed["MetricAlarms"][0]["AlarmName"], parsed["MetricAlarms"][0]["Threshold"]) == (name, 1.0)


def test_alarms_are_listed_by_what_is_asked_for(lam: OwnLam, name: str) -> None:
    cloudwatch = sdk(lam, "cloudwatch")
    for place in range(3):
        members = ERRORS | {"MetricName": name, "Tags": [{"Key": "a", "Value": "b"}]}
        cloudwatch.put_metric_alarm(AlarmName=f"{name}-{place}", **members)
    cloudwatch.set_alarm_state(AlarmName=f"{name}-1", StateValue="ALARM", StateReason="to see")

    def names(**asked: Any) -> list[str]:
        pages = cloudwatch.get_paginator("describe_alarms").paginate(**asked, PaginationConfig={"PageSize": 2})
        return [one["AlarmName"].rpartition("-")[2] for page in pages for one in page["MetricAlarms"]]

    assert names(AlarmNamePrefix=name) == ["0", "1", "2"]
    assert names(AlarmNamePrefix=name, StateValue="ALARM") == ["1"]
    assert names(AlarmNames=[f"{name}-2", "none"]) == ["2"]
    of_metric = cloudwatch.describe_alarms_for_metric(Namespace="Shop", MetricName=name)["MetricAlarms"]
    assert len(of_metric) == 3
    pages = cloudwatch.get_paginator("describe_alarm_history").paginate(
        AlarmName=f"{name}-1", PaginationConfig={"PageSize": 1}
    )
    items = [item["HistoryItemType"] for page in pages for item in page["AlarmHistoryItems"]]
    assert items == ["StateUpdate", "ConfigurationUpdate"]
    arn = f"{ARN}{name}-0"
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "c", "Value": "d"}])
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "c", "Value": "d"}]
    assert client_at(lam.url, "cloudwatch", "210987654321").describe_alarms()["MetricAlarms"] == []
    cloudwatch.delete_alarms(AlarmNames=[f"{name}-{place}" for place in range(3)])
    assert names(AlarmNamePrefix=name) == []


def test_what_is_no_alarm_is_refused(lam: OwnLam, name: str) -> None:
    cloudwatch = sdk(lam, "cloudwatch")

    def put(**members: Any) -> Callable[[], object]:
        asked = {key: value for key, value in (ERRORS | members).items() if value is not None}
        return lambda: cloudwatch.put_metric_alarm(AlarmName=name, **asked)

    query = {"Id": "a", "Expression": "1 + 1"}
    mistakes: list[tuple[str, Callable[[], object]]] = [
        ("MissingParameter", put(Statistic=None)),
        ("MissingParameter", put(Period=None)),
        ("InvalidParameterValue", put(Period=90)),
        ("InvalidParameterValue", put(Statistic=None, ExtendedStatistic="q50")),
        ("ValidationError", put(DatapointsToAlarm=2)),
        ("ValidationError", put(EvaluationPeriods=1441)),
        ("ValidationError", put(TreatMissingData="often")),
        ("ValidationError", put(AlarmActions=["stop"])),
        ("InvalidParameterValue", put(AlarmActions=["arn:aws:sns:us-east-1:1:t"] * 6)),
        ("InvalidParameterValue", put(Metrics=[query])),
        ("ValidationError", put(ThresholdMetricId="a")),
        ("ValidationError", put(Dimensions=[{"Name": "n", "Value": "v" * 70_000}])),
        ("ValidationError", put(Tags=[{"Key": "k" * 129, "Value": "v"}])),
        ("ValidationError", lambda: cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule="ALARM(")),
        ("ResourceNotFound", lambda: cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="r")),
        ("ResourceNotFound", lambda: cloudwatch.tag_resource(ResourceARN=ARN + name, Tags=[])),
    ]
    for code, ask in mistakes:
        with pytest.raises(ClientError) as refused:
            ask()
        assert refused.value.response["Error"]["Code"].startswith(code), refused.value
    assert cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


def test_alarms_their_states_and_history_outlive_a_kill(tmp_path: Path) -> None:
    with served(tmp_path, "process") as lam:
        cloudwatch = sdk(lam, "cloudwatch")
        cloudwatch.put_metric_alarm(AlarmName="kept", **ERRORS)
        cloudwatch.set_alarm_state(AlarmName="kept", StateValue="ALARM", StateReason="to see")
        before = cloudwatch.describe_alarms()["MetricAlarms"], cloudwatch.describe_alarm_history()["AlarmHistoryItems"]
        lam.end(signal.SIGKILL)

    with served(tmp_path, "process") as lam:
        cloudwatch = sdk(lam, "cloudwatch")
        after = cloudwatch.describe_alarms()["MetricAlarms"], cloudwatch.describe_alarm_history()["AlarmHistoryItems"]
    assert before[0][0]["StateValue"] == "ALARM"
    assert after == before
