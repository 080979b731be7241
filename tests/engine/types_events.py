"""Types of where events come from, for test_sam_types.py."""

from __future__ import annotations

import json
from typing import Any

from types_rig import Account, Row, att, is_made, ref, sub

from lambda_emu.model.stack_resource import StackResource as One


def bus(account: Account, one: One) -> Any:
    found = account.events.describe_event_bus(Name=one.identifier)
    return found["Name"], found.get("Description")


def bus_policy(account: Account, _: One) -> Any:
    found = account.events.describe_event_bus(Name="default").get("Policy")
    statements = json.loads(found)["Statement"] if found else []
    return [(told["Sid"], told["Principal"]["AWS"].rpartition("::")[2]) for told in statements]


def rule(account: Account, one: One) -> Any:
    bus = one.attributes[" of"]
    found = account.events.describe_rule(Name=one.identifier, EventBusName=bus)
    assert found["Arn"] == one.attributes["Arn"]
    targets = account.events.list_targets_by_rule(Rule=one.identifier, EventBusName=bus)["Targets"]
    return json.loads(found["EventPattern"])["source"], [told["Id"] for told in targets]


def connection(account: Account, one: One) -> Any:
    found = account.events.describe_connection(Name=one.identifier)
    return found["Name"], found["AuthParameters"]["ApiKeyAuthParameters"]["ApiKeyName"]


def destination(account: Account, one: One) -> Any:
    found = account.events.describe_api_destination(Name=one.identifier)
    assert found["ApiDestinationArn"] == one.attributes["Arn"]
    return found["HttpMethod"], found["ConnectionArn"] == account.made()["Shop"].attributes["Arn"]


def archive(account: Account, one: One) -> Any:
    return account.events.describe_archive(ArchiveName=one.identifier)["RetentionDays"]


def group(account: Account, one: One) -> Any:
    return account.scheduler.get_schedule_group(Name=one.identifier)["Name"]


def schedule(account: Account, one: One) -> Any:
    found = account.scheduler.get_schedule(Name=one.identifier, GroupName=one.attributes[" of"])
    assert found["Arn"] == one.attributes["Arn"]
    return found["ScheduleExpression"], found["Name"]


def log_group(account: Account, one: One) -> Any:
    found = account.logs.describe_log_groups(logGroupNamePrefix=one.identifier)["logGroups"]
    return [(told["logGroupName"], told.get("retentionInDays")) for told in found]


def log_stream(account: Account, one: One) -> Any:
    found = account.logs.describe_log_streams(logGroupName=group_of(account), logStreamNamePrefix=one.identifier)
    return [told["logStreamName"] for told in found["logStreams"]]


def group_of(account: Account) -> str:
    return account.made()["Lines"].identifier if "Lines" in account.made() else "gone"


def log_filter(account: Account, one: One) -> Any:
    found = account.logs.describe_subscription_filters(logGroupName=group_of(account))["subscriptionFilters"]
    return [told["filterPattern"] for told in found if told["filterName"] == one.identifier]


def metric_filter(account: Account, one: One) -> Any:
    found = account.logs.describe_metric_filters(logGroupName=group_of(account))["metricFilters"]
    return [told["filterPattern"] for told in found if told["filterName"] == one.identifier]


def alarm(account: Account, one: One) -> Any:
    found = account.cloudwatch.describe_alarms(AlarmNames=[one.identifier])["MetricAlarms"]
    return [(told["AlarmName"], told["Threshold"], told["AlarmArn"] == one.attributes["Arn"]) for told in found]


def machine(account: Account, one: One) -> Any:
    found = account.stepfunctions.describe_state_machine(stateMachineArn=one.identifier)
    return found["name"], json.loads(found["definition"])["States"]["A"]["Result"]


def activity(account: Account, one: One) -> Any:
    return account.stepfunctions.describe_activity(activityArn=one.identifier)["name"]


def identity(account: Account, one: One) -> Any:
    return account.sesv2.get_email_identity(EmailIdentity=one.identifier)["VerifiedForSendingStatus"]


def passes(word: str) -> Any:
    return {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": word, "End": True}}}


def measured(name: str) -> Any:
    return [{"MetricName": name, "MetricNamespace": "shop", "MetricValue": "1"}]


KEYED = {"ApiKeyAuthParameters": {"ApiKeyName": "key", "ApiKeyValue": "v"}}
OTHERS = {"ApiKeyAuthParameters": {"ApiKeyName": "x-key", "ApiKeyValue": "v"}}
TIMED = {"Target": {"Arn": att("Queue"), "RoleArn": att("Role")}, "FlexibleTimeWindow": {"Mode": "OFF"}}
EVENTS = [
    Row("Queue", "AWS::SQS::Queue", {"QueueName": "events"}, is_made, ()),
    Row(
        "Bus",
        "AWS::Events::EventBus",
        {"Name": "shop", "Description": "old"},
        bus,
        (("shop", "old"), ("shop", "new"), ("store", "new")),
        {"Description": "new"},
        {"Name": "store"},
    ),
    Row(
        "BusPolicy",
        "AWS::Events::EventBusPolicy",
        {"StatementId": "one", "Action": "events:PutEvents", "Principal": "111111111111"},
        bus_policy,
        ([("one", "111111111111:root")], [("one", "222222222222:root")], [("two", "222222222222:root")]),
        {"Principal": "222222222222"},
        {"StatementId": "two"},
    ),
    Row(
        "Rule",
        "AWS::Events::Rule",
        {
            "Name": "sold",
            "EventBusName": ref("Bus"),
            "EventPattern": {"source": ["a"]},
            "Targets": [{"Id": "one", "Arn": att("Queue")}],
        },
        rule,
        ((["a"], ["one"]), (["b"], ["two"])),
        {"EventPattern": {"source": ["b"]}, "Targets": [{"Id": "two", "Arn": att("Queue")}]},
        {"Name": "bought"},
    ),
    Row(
        "Shop",
        "AWS::Events::Connection",
        {"Name": "shop", "AuthorizationType": "API_KEY", "AuthParameters": KEYED},
        connection,
        (("shop", "key"), ("shop", "x-key"), ("store", "x-key")),
        {"AuthParameters": OTHERS},
        {"Name": "store"},
    ),
    Row(
        "Orders",
        "AWS::Events::ApiDestination",
        {
            "Name": "orders",
            "ConnectionArn": att("Shop"),
            "InvocationEndpoint": "https://shop.example/orders",
            "HttpMethod": "POST",
        },
        destination,
        (("POST", True), ("PUT", True)),
        {"HttpMethod": "PUT"},
        {"Name": "returns"},
    ),
    Row(
        "Kept",
        "AWS::Events::Archive",
        {"ArchiveName": "kept", "SourceArn": sub("arn:aws:events:us-east-1:${AWS::AccountId}:event-bus/default")}
        | {"RetentionDays": 1},
        archive,
        (1, 2),
        {"RetentionDays": 2},
        {"ArchiveName": "held"},
    ),
    Row("Group", "AWS::Scheduler::ScheduleGroup", {"Name": "one"}, group, ("one", "one", "two"), {}, {"Name": "two"}),
    Row(
        "Timer",
        "AWS::Scheduler::Schedule",
        {"Name": "timer", "GroupName": ref("Group"), "ScheduleExpression": "rate(1 hour)", **TIMED},
        schedule,
        (("rate(1 hour)", "timer"), ("rate(2 hours)", "timer"), ("rate(2 hours)", "clock")),
        {"ScheduleExpression": "rate(2 hours)"},
        {"Name": "clock"},
    ),
    Row(
        "Lines",
        "AWS::Logs::LogGroup",
        {"LogGroupName": "lines", "RetentionInDays": 7},
        log_group,
        ([("lines", 7)], [("lines", 14)], [("texts", 14)]),
        {"RetentionInDays": "14"},
        {"LogGroupName": "texts"},
    ),
    Row(
        "Line",
        "AWS::Logs::LogStream",
        {"LogGroupName": ref("Lines"), "LogStreamName": "one"},
        log_stream,
        (["one"], ["one"], ["two"]),
        {},
        {"LogStreamName": "two"},
    ),
    Row(
        "Passed",
        "AWS::Logs::SubscriptionFilter",
        {
            "LogGroupName": ref("Lines"),
            "FilterPattern": "loud",
            "DestinationArn": att("Clicks"),
            "RoleArn": att("Role"),
        },
        log_filter,
        (["loud"], ["quiet"]),
        {"FilterPattern": "quiet"},
    ),
    Row(
        "Counted",
        "AWS::Logs::MetricFilter",
        {"LogGroupName": ref("Lines"), "FilterPattern": "loud", "MetricTransformations": measured("m")},
        metric_filter,
        (["loud"], ["quiet"]),
        {"FilterPattern": "quiet"},
        {"FilterName": "other"},
    ),
    Row(
        "Alarm",
        "AWS::CloudWatch::Alarm",
        {
            "AlarmName": "errors",
            "Namespace": "AWS/Lambda",
            "MetricName": "Errors",
            "Statistic": "Sum",
            "Period": "60",
            "EvaluationPeriods": 1,
            "Threshold": "1",
            "ComparisonOperator": "GreaterThanThreshold",
        },
        alarm,
        ([("errors", 1.0, True)], [("errors", 2.0, True)], [("faults", 2.0, True)]),
        {"Threshold": 2},
        {"AlarmName": "faults"},
    ),
    Row(
        "Machine",
        "AWS::StepFunctions::StateMachine",
        {"StateMachineName": "machine", "RoleArn": att("Role"), "Definition": passes("old")},
        machine,
        (("machine", "old"), ("machine", "new"), ("engine", "new")),
        {"Definition": passes("new")},
        {"StateMachineName": "engine"},
    ),
    Row(
        "MachineVersion",
        "AWS::StepFunctions::StateMachineVersion",
        {"StateMachineArn": ref("Machine"), "StateMachineRevisionId": att("Machine", "StateMachineRevisionId")},
        machine,
        (("machine", "old"), ("machine", "new"), ("engine", "new")),
    ),
    Row(
        "MachineAlias",
        "AWS::StepFunctions::StateMachineAlias",
        {"Name": "live", "RoutingConfiguration": [{"StateMachineVersionArn": ref("MachineVersion"), "Weight": 100}]},
        machine,
        (("machine", "old"), ("machine", "new"), ("engine", "new")),
    ),
    Row(
        "Activity",
        "AWS::StepFunctions::Activity",
        {"Name": "work"},
        activity,
        ("work", "work", "play"),
        {},
        {"Name": "play"},
    ),
    Row(
        "Sender",
        "AWS::SES::EmailIdentity",
        {"EmailIdentity": "shop@a.example"},
        identity,
        (True,),
        {},
        {"EmailIdentity": "shop@b.example"},
    ),
]
