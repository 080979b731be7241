"""EventBridge as boto3 sees it: what becomes of events."""

from __future__ import annotations

import json
import logging
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from eventbridge_rig import ANY, ARN, QUEUE, Events, client_of, events, refused
from ground_rig import ACCOUNT

__all__ = ["events"]  # a fixture


def test_an_event_reaches_the_targets_of_the_rules_that_want_it(events: Events) -> None:
    rule = events.rule("wants", {"source": ["app"], "detail": {"n": [1]}}, QUEUE, {"Id": "x", "Arn": QUEUE + "2"})
    events.rule("wants-not", {"source": ["app"], "detail": {"n": [2]}}, QUEUE)

    put = events.put(
        {"n": 1}, Resources=["arn:r"], Time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), TraceHeader="Root=1"
    )

    first, second = events.recorder.told
    assert json.loads(first.text()) == {
        "version": "0",
        "id": put["EventId"],
        "detail-type": "Changed",
        "source": "app",
        "account": ACCOUNT,
        "time": "2026-01-02T03:04:05Z",
        "region": "us-east-1",
        "resources": ["arn:r"],
        "detail": {"n": 1},
    }
    assert first.occasion.rule_arn == rule
    assert (first.occasion.event.trace, first.target["Id"], second.target["Id"]) == ("Root=1", "t0", "x")


def test_each_target_gets_what_its_input_says(events: Events) -> None:
    transformer = {
        "InputPathsMap": {"n": "$.detail.n"},
        "InputTemplate": '{"n": <n>, "rule": "<aws.events.rule-name>"}',
    }
    events.rule(
        "r",
        ANY,
        {"Id": "1", "Arn": QUEUE, "Input": '{"own": true}'},
        {"Id": "2", "Arn": QUEUE, "InputPath": "$.detail"},
        {"Id": "3", "Arn": QUEUE, "InputTransformer": transformer},
    )

    events.put({"n": 1.50})

    assert [one.text() for one in events.recorder.told] == ['{"own": true}', '{"n":1.5}', '{"n": 1.5, "rule": "r"}']


def test_what_is_answered_is_on_disk(events: Events, tmp_path: Path) -> None:
    events.rule("r", ANY, QUEUE)
    events.put({"n": 1})

    with sqlite3.connect(tmp_path / "lambda-emu.db") as other:
        ((target, text),) = other.execute("SELECT target, text FROM handed").fetchall()

    assert (target, json.loads(text)["detail"]) == (QUEUE, {"n": 1})


def test_events_that_cannot_be_kept_are_not_acknowledged(events: Events) -> None:
    events.rule("r", ANY, QUEUE)
    events.recorder.broken = True

    assert refused(events.put, detail={})[0] == "InternalException"
    assert events.got() == []

    events.recorder.broken = False
    events.put({})
    assert events.got() == [("r", "q")]


def test_entries_succeed_and_fail_one_by_one(events: Events) -> None:
    events.rule("r", ANY, QUEUE)
    good = {"Source": "app", "DetailType": "t", "Detail": "{}"}
    entries = [
        good,
        {**good, "Detail": "[]"},
        {**good, "Source": "aws.s3"},
        {"Source": "app"},
        {**good, "EventBusName": "no"},
    ]

    answer = events.client.put_events(Entries=entries)

    assert answer["FailedEntryCount"] == 3
    assert [one.get("ErrorCode", "sent") for one in answer["Entries"]] == [
        "sent",
        "MalformedDetail",
        "NotAuthorizedForSourceException",
        "InvalidArgument",
        "sent",  # to a bus that is not there: AWS takes it too
    ]
    assert events.got() == [("r", "q")]


def test_a_request_has_ten_entries_and_256_kb_at_most(events: Events) -> None:
    entry = {"Source": "app", "DetailType": "t", "Detail": "{}"}

    code, text = refused(events.client.put_events, Entries=[entry] * 11)
    assert code == "ValidationException"
    assert text.endswith("at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10")

    large = {**entry, "Detail": json.dumps({"x": "y" * 262_144})}
    assert refused(events.client.put_events, Entries=[large]) == (
        "ValidationException",
        "Total size of the entries in the request is over the limit.",
    )
    fits = {**entry, "Detail": json.dumps({"x": "y" * 262_000})}
    assert events.client.put_events(Entries=[fits])["FailedEntryCount"] == 0


def test_rules_that_are_disabled_want_nothing(events: Events) -> None:
    events.rule("r", ANY, QUEUE)
    events.client.disable_rule(Name="r")
    events.put({})
    assert events.got() == []

    events.client.enable_rule(Name="r")
    events.put({})
    assert events.got() == [("r", "q")]


def test_a_rule_that_is_put_again_has_its_new_pattern_and_its_old_targets(events: Events) -> None:
    events.rule("r", {"source": ["other"]}, QUEUE)
    events.rule("r", ANY)

    events.put({})

    assert events.got() == [("r", "q")]


def test_a_bus_gets_events_from_rules_of_another(events: Events) -> None:
    other = events.client.create_event_bus(Name="other")["EventBusArn"]
    events.rule("on", ANY, other)
    events.rule("there", ANY, QUEUE, bus="other")

    events.put({"n": 1})

    (got,) = events.recorder.told
    assert got.occasion.rule_arn == f"{ARN}rule/other/there"
    assert json.loads(got.text())["detail"] == {"n": 1}


def test_a_cycle_of_rules_ends_and_is_told_once(events: Events, caplog: pytest.LogCaptureFixture) -> None:
    for name, next_name in (("a", "b"), ("b", "a")):
        events.client.create_event_bus(Name=name)
        events.rule(
            "on",
            ANY,
            *({"Id": str(number), "Arn": f"{ARN}event-bus/{next_name}"} for number in range(4)),
            {"Id": "q", "Arn": QUEUE},
            bus=name,
        )

    with caplog.at_level(logging.WARNING):
        events.put({}, EventBusName="a")

    assert 16 <= len(events.got()) <= 256
    assert len([line for line in caplog.messages if "goes in a circle" in line]) == 1


def test_an_event_for_a_bus_that_went_is_a_dead_letter(events: Events) -> None:
    events.rule("on", ANY, {"Id": "1", "Arn": f"{ARN}event-bus/gone", "DeadLetterConfig": {"Arn": QUEUE}})

    events.put({})

    (got,) = events.recorder.told
    assert got.problem == f"Event bus {ARN}event-bus/gone does not exist."
    assert got.target["DeadLetterConfig"] == {"Arn": QUEUE}


def test_other_accounts_put_events_where_the_policy_lets_them(events: Events) -> None:
    other = client_of(events.port, "210987654321")
    bus = events.client.create_event_bus(Name="shared")["EventBusArn"]
    events.rule("r", ANY, QUEUE, bus="shared")
    entry = {"Source": "app", "DetailType": "t", "Detail": "{}", "EventBusName": bus}

    (result,) = other.put_events(Entries=[entry])["Entries"]
    assert result["ErrorCode"] == "AccessDeniedException"

    allowed = {"EventBusName": "shared", "Action": "events:PutEvents", "Principal": "210987654321"}
    events.client.put_permission(StatementId="s", **allowed)
    assert other.put_events(Entries=[entry])["FailedEntryCount"] == 0
    (got,) = events.recorder.told
    assert json.loads(got.text())["account"] == "210987654321"

    events.client.remove_permission(EventBusName="shared", StatementId="s")
    assert other.put_events(Entries=[entry])["FailedEntryCount"] == 1


def test_rules_on_the_bus_of_another_account_need_its_leave(events: Events) -> None:
    other = client_of(events.port, "210987654321")
    bus = f"{ARN}event-bus/default"
    rule = {"Name": "r", "EventPattern": json.dumps(ANY), "EventBusName": bus}

    assert refused(other.put_rule, **rule) == (
        "AccessDeniedException",
        f"User: arn:aws:iam::210987654321:root is not authorized to perform: events:PutRule on resource: {bus} because "
        "no resource-based policy allows the events:PutRule action",
    )
    assert refused(other.describe_event_bus, Name=bus)[0] == "AccessDeniedException"

    events.client.put_permission(StatementId="s", Action="events:PutRule", Principal="210987654321")
    assert other.put_rule(**rule)["RuleArn"] == f"{ARN}rule/r"
