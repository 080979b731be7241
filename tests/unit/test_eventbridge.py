"""EventBridge as boto3 sees it: buses, rules, targets, and what lasts of them."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import eventbridge_rig
import pytest
from eventbridge_rig import ANY, ARN, QUEUE, Events, events, refused, serving
from ground_rig import ACCOUNT, served_apart

__all__ = ["events"]  # a fixture


# -- buses ----------------------------------------------------------------------------------------


def test_buses_are_made_described_changed_listed_and_deleted(events: Events) -> None:
    client = events.client
    made = client.create_event_bus(Name="b", Description="one", Tags=[{"Key": "k", "Value": "v"}])
    assert made["EventBusArn"] == f"{ARN}event-bus/b"
    assert refused(client.create_event_bus, Name="b") == (
        "ResourceAlreadyExistsException",
        "Event bus b already exists.",
    )

    client.update_event_bus(Name="b", Description="two")
    shown = client.describe_event_bus(Name="b")
    assert (shown["Arn"], shown["Description"]) == (made["EventBusArn"], "two")
    assert client.describe_event_bus()["Name"] == "default"
    assert [bus["Name"] for bus in client.list_event_buses()["EventBuses"]] == ["b", "default"]
    assert [bus["Name"] for bus in client.list_event_buses(NamePrefix="d")["EventBuses"]] == ["default"]

    client.delete_event_bus(Name="b")
    client.delete_event_bus(Name="b")
    assert refused(client.describe_event_bus, Name="b") == (
        "ResourceNotFoundException",
        "Event bus b does not exist.",
    )
    assert refused(client.delete_event_bus, Name="default")[1] == "Cannot delete event bus default."


def test_a_policy_has_its_statements_in_order(events: Events) -> None:
    client = events.client
    client.put_permission(StatementId="a", Action="events:PutEvents", Principal="111111111111")
    client.put_permission(
        StatementId="b",
        Action="events:PutEvents",
        Principal="*",
        Condition={"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1"},
    )

    policy = json.loads(client.describe_event_bus()["Policy"])
    first, second = policy["Statement"]
    assert (policy["Version"], first) == (
        "2012-10-17",
        {
            "Sid": "a",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
            "Action": "events:PutEvents",
            "Resource": f"{ARN}event-bus/default",
        },
    )
    assert (second["Principal"], second["Condition"]) == ("*", {"StringEquals": {"aws:PrincipalOrgID": "o-1"}})

    assert refused(client.remove_permission, StatementId="c") == (
        "ResourceNotFoundException",
        "Statement with the provided id does not exist.",
    )
    client.remove_permission(RemoveAllPermissions=True)
    assert "Policy" not in client.describe_event_bus()
    assert refused(client.put_permission, EventBusName="no", Policy='{"Statement": []}')[1] == (
        "Event bus no does not exist."
    )
    assert refused(client.put_permission, Policy="[]")[0] == "ValidationException"


# -- rules and targets ----------------------------------------------------------------------------


def test_rules_are_described_and_listed_in_pages(events: Events) -> None:
    client = events.client
    client.create_event_bus(Name="b")
    for number in range(5):
        events.rule(f"r{number}", ANY, bus="b")
    events.rule("other", ANY, bus="b")

    first = client.list_rules(EventBusName="b", NamePrefix="r", Limit=3)
    second = client.list_rules(EventBusName="b", NamePrefix="r", Limit=3, NextToken=first["NextToken"])

    assert [rule["Name"] for rule in first["Rules"]] == ["r0", "r1", "r2"]
    assert [rule["Name"] for rule in second["Rules"]] == ["r3", "r4"]
    assert "NextToken" not in second
    described = client.describe_rule(Name="r0", EventBusName=f"{ARN}event-bus/b")
    del described["ResponseMetadata"]
    assert described == {
        "Name": "r0",
        "Arn": f"{ARN}rule/b/r0",
        "EventPattern": json.dumps(ANY),
        "State": "ENABLED",
        "EventBusName": "b",
        "CreatedBy": ACCOUNT,
    }
    assert client.put_rule(Name="d", EventPattern='{"source":["a"]}')["RuleArn"] == f"{ARN}rule/d"


def test_targets_are_put_listed_and_removed_before_their_rule_goes(events: Events) -> None:
    client = events.client
    events.rule("r", ANY, QUEUE, QUEUE + "2")
    events.rule("s", ANY, QUEUE)

    failed = client.put_targets(Rule="r", Targets=[{"Id": "bad", "Arn": "no-arn"}])["FailedEntries"]
    assert failed == [
        {
            "TargetId": "bad",
            "ErrorCode": "ValidationException",
            "ErrorMessage": "Parameter no-arn is not valid. Reason: Provided Arn is not in correct format.",
        }
    ]
    assert [one["Id"] for one in client.list_targets_by_rule(Rule="r")["Targets"]] == ["t0", "t1"]
    assert client.list_rule_names_by_target(TargetArn=QUEUE)["RuleNames"] == ["r", "s"]
    assert refused(client.delete_rule, Name="r") == (
        "ValidationException",
        "Rule can't be deleted since it has targets.",
    )

    gone = client.remove_targets(Rule="r", Ids=["t0", "t1", "no"])
    assert [one["TargetId"] for one in gone["FailedEntries"]] == ["no"]
    client.delete_rule(Name="r")
    client.delete_rule(Name="r")
    assert refused(client.describe_rule, Name="r") == (
        "ResourceNotFoundException",
        "Rule r does not exist on EventBus default.",
    )


def test_changes_of_one_rule_at_once_are_all_kept(events: Events) -> None:
    events.rule("r", ANY)

    def put(number: int) -> None:
        events.client.put_targets(Rule="r", Targets=[{"Id": str(number), "Arn": QUEUE}])

    with ThreadPoolExecutor(5) as threads:
        list(threads.map(put, range(5)))

    assert len(events.client.list_targets_by_rule(Rule="r")["Targets"]) == 5


@pytest.mark.parametrize(
    ("operation", "members", "code", "text"),
    [
        ("put_rule", {"Name": "r"}, "ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be"),
        (
            "put_rule",
            {"Name": "r", "EventPattern": '{"a": 1}'},
            "InvalidEventPatternException",
            'Event pattern is not valid. Reason: "a" must be an object or an array',
        ),
        (
            "put_rule",
            {"Name": "r", "EventPattern": '{"a": ["' + "x" * 4096 + '"]}'},
            "ValidationException",
            "1 validation error detected: Value",
        ),
        (
            "put_rule",
            {"Name": "a b", "EventPattern": "{}"},
            "ValidationException",
            "1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy "
            "regular expression pattern: [\\.\\-_A-Za-z0-9]+",
        ),
        (
            "put_rule",
            {"Name": "r", "ScheduleExpression": "now"},
            "ValidationException",
            "Parameter ScheduleExpression is not valid.",
        ),
        (
            "put_rule",
            {"Name": "r", "ScheduleExpression": "rate(1 minute)", "EventBusName": "b"},
            "ValidationException",
            "ScheduleExpression is supported only on the default event bus.",
        ),
        (
            "put_rule",
            {"Name": "r", "EventPattern": '{"a": [1]}', "EventBusName": "no"},
            "ResourceNotFoundException",
            "Event bus no does not exist.",
        ),
        (
            "put_targets",
            {"Rule": "no", "Targets": [{"Id": "1", "Arn": QUEUE}]},
            "ResourceNotFoundException",
            "Rule no does not exist on EventBus default.",
        ),
        (
            "put_targets",
            {"Rule": "no", "Targets": [{"Id": "!@#", "Arn": QUEUE}]},
            "ValidationException",
            "1 validation error detected: Value '!@#' at 'targets.1.member.id' failed to satisfy constraint",
        ),
        (
            "put_targets",
            {"Rule": "full", "Targets": [{"Id": str(number), "Arn": QUEUE} for number in range(6)]},
            "LimitExceededException",
            "The requested resource exceeds the maximum number allowed.",
        ),
        ("delete_event_bus", {"Name": "full"}, "ValidationException", "Event bus can't be deleted since it has rules."),
        ("list_rules", {"NextToken": "no token"}, "ValidationException", "Parameter NextToken is not valid."),
        ("list_tags_for_resource", {"ResourceARN": "arn:x"}, "ResourceNotFoundException", "Resource arn:x does not"),
        (
            "describe_endpoint",
            {"Name": "e"},
            "UnknownOperationException",
            "The operation DescribeEndpoint is not served",
        ),
    ],
)
def test_what_is_wrong_is_refused_in_the_words_of_aws(
    events: Events, operation: str, members: dict[str, Any], code: str, text: str
) -> None:
    events.client.create_event_bus(Name="b")
    events.client.create_event_bus(Name="full")
    events.rule("full", ANY, bus="full")
    events.rule("full", ANY)

    found_code, found_text = refused(getattr(events.client, operation), **members)

    assert (found_code, found_text[: len(text)]) == (code, text)


def test_rules_and_buses_have_tags(events: Events) -> None:
    client = events.client
    arn = client.put_rule(Name="r", EventPattern=json.dumps(ANY), Tags=[{"Key": "a", "Value": "1"}])["RuleArn"]
    bus = client.create_event_bus(Name="b")["EventBusArn"]

    for each in (arn, bus):
        client.tag_resource(ResourceARN=each, Tags=[{"Key": "b", "Value": "2"}])
        client.untag_resource(ResourceARN=each, TagKeys=["a"])
        assert client.list_tags_for_resource(ResourceARN=each)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_patterns_are_tried(events: Events) -> None:
    event = {
        "id": "1",
        "source": "app",
        "detail-type": "t",
        "account": "1",
        "time": "2026-01-01T00:00:00Z",
        "region": "x",
    }

    assert events.client.test_event_pattern(EventPattern=json.dumps(ANY), Event=json.dumps(event))["Result"] is True
    assert events.client.test_event_pattern(EventPattern='{"id": ["2"]}', Event=json.dumps(event))["Result"] is False
    assert refused(events.client.test_event_pattern, EventPattern="[]", Event="{}") == (
        "InvalidEventPatternException",
        "Event pattern is not valid. Reason: Filter is not an object",
    )
    assert (
        refused(events.client.test_event_pattern, EventPattern='{"id": ["2"]}', Event="{}")[0] == "ValidationException"
    )


# -- what lasts -----------------------------------------------------------------------------------


def test_everything_is_there_after_the_server_was_killed(tmp_path: Path) -> None:
    with served_apart(eventbridge_rig, "events", tmp_path) as (client, _):
        client.create_event_bus(Name="b", Description="d")
        client.put_rule(Name="r", EventPattern=json.dumps(ANY), EventBusName="b")
        client.put_targets(Rule="r", EventBusName="b", Targets=[{"Id": "1", "Arn": QUEUE, "InputPath": "$.detail"}])
        client.put_permission(EventBusName="b", StatementId="s", Action="events:PutEvents", Principal="*")
        client.put_rule(Name="gone", EventPattern=json.dumps(ANY))
        client.delete_rule(Name="gone")

    with serving(tmp_path) as events:
        events.put({"n": 1}, EventBusName="b")
        assert [(one.occasion.rule_arn, one.text()) for one in events.recorder.told] == [(f"{ARN}rule/b/r", '{"n":1}')]
        assert events.client.describe_event_bus(Name="b")["Description"] == "d"
        assert "Policy" in events.client.describe_event_bus(Name="b")
        assert events.client.list_rules()["Rules"] == []


def test_a_rule_with_an_expression_is_due_until_it_is_disabled_or_gone(events: Events, tmp_path: Path) -> None:
    client, begun_s = events.client, events.clock.now_s()

    client.put_rule(Name="s", ScheduleExpression="rate(5 minutes)")
    assert 299 <= due_s(tmp_path) - begun_s <= 301
    client.put_targets(Rule="s", Targets=[{"Id": "1", "Arn": QUEUE}])
    assert 299 <= due_s(tmp_path) - begun_s <= 301
    client.put_rule(Name="s", ScheduleExpression="cron(0 12 * * ? *)")
    assert due_s(tmp_path) % 86_400 == 12 * 3600
    client.disable_rule(Name="s")
    assert due_s(tmp_path) == 0
    client.enable_rule(Name="s")
    assert due_s(tmp_path) % 86_400 == 12 * 3600
    client.remove_targets(Rule="s", Ids=["1"])
    client.delete_rule(Name="s")
    assert due_s(tmp_path) == 0


def due_s(folder: Path) -> float:
    """When something is due first; 0: nothing is."""
    with sqlite3.connect(folder / "lambda-emu.db") as other:
        ((first,),) = other.execute("SELECT coalesce(min(next_s), 0) FROM timetable").fetchall()
    return float(first)


def test_a_large_event_is_looked_at_beside_the_loop_while_rules_change(events: Events) -> None:
    events.rule("r", {"detail": {"items": [{"numeric": [">", 19_998]}]}}, QUEUE)
    with ThreadPoolExecutor(4) as several:
        put = [several.submit(events.put, {"items": list(range(20_000))}) for _ in range(4)]
        for number in range(10):
            events.rule(f"r{number}", {"detail": {"items": [number]}, "source": ["none"]}, QUEUE)
        assert all("EventId" in one.result(60) for one in put)

    assert events.got() == [("r", "q")] * 4


def test_nothing_is_left_when_all_is_cleared(events: Events, tmp_path: Path) -> None:
    events.client.create_event_bus(Name="b")
    events.rule("r", ANY, QUEUE)
    events.loop.ask(events.buses.clear, 10)

    events.client.create_event_bus(Name="after")  # its commit follows that of what was cleared

    assert [bus["Name"] for bus in events.client.list_event_buses()["EventBuses"]] == ["after", "default"]
    events.put({})
    assert events.got() == []
    with sqlite3.connect(tmp_path / "lambda-emu.db") as other:
        kept = other.execute("SELECT key FROM records WHERE kind LIKE 'event %'").fetchall()
    assert kept == [("after",)]
