"""CloudWatch Logs by boto3: groups, streams, and the events in them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Semaphore
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import cloudwatch_logs_rig
import pytest
from api_rig import signed
from boto_rig import client_at
from botocore.exceptions import ClientError
from cloudwatch_logs_rig import ARN, CloudWatchLogs, cwl, names, serving
from ground_rig import ACCOUNT, REGION, served_apart

from lambda_emu.clock import Clock
from lambda_emu.services.logs import event_operations

__all__ = ["cwl"]

DAY_S = 24 * 3600
GROUP = "orders"


def refusal(call: Any, **members: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**members)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_group_is_made_shown_and_deleted(cwl: CloudWatchLogs) -> None:
    cwl.client.create_log_group(logGroupName=GROUP, tags={"a": "1"})

    (group,) = cwl.client.describe_log_groups()["logGroups"]
    assert group == {
        "logGroupName": GROUP,
        "creationTime": cwl.now_ms,
        "metricFilterCount": 0,
        "arn": f"{ARN}{GROUP}:*",
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
        "logGroupArn": f"{ARN}{GROUP}",
        "deletionProtectionEnabled": False,
    }
    assert names(cwl.client.list_log_groups()["logGroups"]) == [GROUP]
    cwl.client.delete_log_group(logGroupName=GROUP)
    assert cwl.client.describe_log_groups()["logGroups"] == []


def test_groups_are_found_by_the_names_of_them(cwl: CloudWatchLogs) -> None:
    for name in ("/app/one", "/app/two", "/other"):
        cwl.client.create_log_group(logGroupName=name)
    cwl.print("line\n", "hello")

    def found(**wanted: Any) -> list[str]:
        return names(cwl.client.describe_log_groups(**wanted)["logGroups"])

    assert found() == ["/app/one", "/app/two", "/aws/lambda/hello", "/other"]
    assert found(logGroupNamePrefix="/app") == ["/app/one", "/app/two"]
    assert found(logGroupNamePattern="t") == ["/app/two", "/other"]
    assert found(limit=2) == ["/app/one", "/app/two"]
    assert found(logGroupIdentifiers=["/other", f"{ARN}/app/one"]) == ["/app/one", "/other"]
    listed = cwl.client.list_log_groups(logGroupNamePattern="^/app|hello")["logGroups"]
    assert names(listed) == ["/app/one", "/app/two", "/aws/lambda/hello"]
    pages = cwl.client.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 1})
    assert [names(page["logGroups"]) for page in pages] == [[name] for name in found()]


def test_accounts_and_regions_have_groups_of_their_own(cwl: CloudWatchLogs) -> None:
    cwl.create()

    other = client_at(cwl.url, "logs", "111111111111", REGION)
    assert other.describe_log_groups()["logGroups"] == []
    assert client_at(cwl.url, "logs", ACCOUNT, "eu-west-1").describe_log_groups()["logGroups"] == []
    other.create_log_group(logGroupName=GROUP)
    assert other.filter_log_events(logGroupName=GROUP)["events"] == []


def test_the_log_of_a_function_is_a_group(cwl: CloudWatchLogs) -> None:
    cwl.print("one\ntwo\n")

    (stream,) = cwl.client.describe_log_streams(logGroupName="/aws/lambda/hello")["logStreams"]
    assert stream["logStreamName"] == "2024/01/31/[$LATEST]1"
    assert stream["firstEventTimestamp"] == stream["lastEventTimestamp"] == cwl.now_ms
    events = cwl.client.get_log_events(logGroupName="/aws/lambda/hello", logStreamName=stream["logStreamName"])
    assert [event["message"] for event in events["events"]] == ["one\n", "two\n"]
    cwl.client.put_retention_policy(logGroupName="/aws/lambda/hello", retentionInDays=1)
    cwl.client.delete_log_group(logGroupName="/aws/lambda/hello")
    assert cwl.client.describe_log_groups()["logGroups"] == []


def test_streams_are_shown_by_name_or_time(cwl: CloudWatchLogs) -> None:
    cwl.create(GROUP, "a1", "a2", "b")
    for number, stream in enumerate(("b", "a2", "a1")):
        cwl.push("m", stream=stream, at_ms=cwl.now_ms + number)

    def found(**wanted: Any) -> list[str]:
        return names(cwl.client.describe_log_streams(logGroupName=GROUP, **wanted)["logStreams"], "logStreamName")

    assert found() == ["a1", "a2", "b"]
    assert found(logStreamNamePrefix="a") == ["a1", "a2"]
    assert found(orderBy="LastEventTime", descending=True) == ["a1", "a2", "b"]
    assert found(orderBy="LastEventTime") == ["b", "a2", "a1"]
    pages = cwl.client.get_paginator("describe_log_streams").paginate(
        logGroupName=GROUP, descending=True, PaginationConfig={"PageSize": 2}
    )
    assert [names(page["logStreams"], "logStreamName") for page in pages] == [["b", "a2"], ["a1"]]
    cwl.client.delete_log_stream(logGroupName=GROUP, logStreamName="a1")
    assert found() == ["a2", "b"]
    assert cwl.find() == ["m", "m"]


def test_events_are_read_forward_and_backward_by_tokens(cwl: CloudWatchLogs) -> None:
    cwl.create()
    cwl.push(*(f"m{number}" for number in range(10)))
    stream = {"logGroupName": GROUP, "logStreamName": "s1", "limit": 4}

    def read(**wanted: Any) -> tuple[list[str], str, str]:
        got = cwl.client.get_log_events(**stream, **wanted)
        return [event["message"] for event in got["events"]], got["nextForwardToken"], got["nextBackwardToken"]

    last, forward, backward = read()
    assert last == ["m6", "m7", "m8", "m9"]
    assert read(nextToken=forward) == ([], forward, backward.replace(backward[2:-2], forward[2:-2]))
    before, forward, backward = read(nextToken=backward)
    assert before == ["m2", "m3", "m4", "m5"]
    assert read(nextToken=forward)[0] == last
    assert read(nextToken=backward)[0] == ["m0", "m1"]
    first, forward, _ = read(startFromHead=True)
    assert first == ["m0", "m1", "m2", "m3"]
    second, forward, _ = read(startFromHead=True, nextToken=forward)
    assert second == ["m4", "m5", "m6", "m7"]
    third, forward, _ = read(startFromHead=True, nextToken=forward)
    assert third == ["m8", "m9"]
    cwl.push("later", at_ms=cwl.now_ms + 100)
    assert read(nextToken=forward)[0] == ["later"]


def test_events_of_a_time_are_read(cwl: CloudWatchLogs) -> None:
    cwl.create()
    begun_ms = cwl.now_ms
    cwl.push("m0", "m1", "m2", "m3")

    got = cwl.client.get_log_events(
        logGroupName=GROUP, logStreamName="s1", startTime=begun_ms + 1, endTime=begun_ms + 3, startFromHead=True
    )
    assert [event["message"] for event in got["events"]] == ["m1", "m2"]
    assert cwl.find(startTime=begun_ms + 1, endTime=begun_ms + 3) == ["m1", "m2", "m3"]


def test_events_of_all_streams_come_in_the_order_of_time(cwl: CloudWatchLogs) -> None:
    cwl.create(GROUP, "a", "b", "c")
    begun_ms = cwl.now_ms
    for number, stream in enumerate("cbacba"):
        cwl.push(f"{number} {stream}", stream=stream, at_ms=begun_ms + number)

    assert cwl.find() == ["0 c", "1 b", "2 a", "3 c", "4 b", "5 a"]
    assert cwl.find(logStreamNames=["a", "b"]) == ["1 b", "2 a", "4 b", "5 a"]
    assert cwl.find(logStreamNamePrefix="c") == ["0 c", "3 c"]
    assert cwl.find("a", PaginationConfig={"PageSize": 1}) == ["2 a", "5 a"]
    assert cwl.find("?a ?b", PaginationConfig={"MaxItems": 3}) == ["1 b", "2 a", "4 b"]
    ids = [event["eventId"] for event in cwl.client.filter_log_events(logGroupName=GROUP)["events"]]
    assert ids == sorted(set(ids))
    assert len(ids) == 6


def test_a_large_log_is_looked_through_in_pieces_that_are_bounded(cwl: CloudWatchLogs) -> None:
    cwl.create()
    begun_ms = cwl.now_ms
    for number in range(24):
        cwl.push("x" * 1_000_000, at_ms=begun_ms + number)
    cwl.push("needle", at_ms=begun_ms + 100)

    first = cwl.client.filter_log_events(logGroupName=GROUP, filterPattern="needle")
    assert first["events"] == []
    assert cwl.find("needle") == ["needle"]
    whole = cwl.client.filter_log_events(logGroupName=GROUP)
    assert len(whole["events"]) <= 2
    assert len(cwl.find()) == 25


def test_what_takes_long_to_look_through_is_answered_in_pieces(
    cwl: CloudWatchLogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However little may be looked at: here the time is over at once."""
    monkeypatch.setattr(event_operations, "SCAN_S", -1.0)
    cwl.create()
    cwl.push("hay", "hay", "needle")

    pages = list(cwl.client.get_paginator("filter_log_events").paginate(logGroupName=GROUP, filterPattern="needle"))

    assert [[event["message"] for event in page["events"]] for page in pages] == [[], [], ["needle"]]


def test_what_comes_too_late_or_too_early_is_left_out_and_told(cwl: CloudWatchLogs) -> None:
    cwl.create()
    now_ms = cwl.now_ms

    def put(*times: int) -> Any:
        events = [{"timestamp": at_ms, "message": "m"} for at_ms in times]
        return cwl.client.put_log_events(logGroupName=GROUP, logStreamName="s1", logEvents=events)

    old_ms, new_ms = now_ms - 14 * DAY_S * 1000 - 1, now_ms + 2 * 3600 * 1000 + 1
    assert put(old_ms, old_ms, old_ms + 1)["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 2}
    assert put(now_ms, new_ms - 1, new_ms)["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 2}
    assert "rejectedLogEventsInfo" not in put(now_ms)
    cwl.client.put_retention_policy(logGroupName=GROUP, retentionInDays=3)
    expired = put(now_ms - 3 * DAY_S * 1000 - 1, now_ms - 3 * DAY_S * 1000)
    assert expired["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    assert len(cwl.find()) == 4


def test_what_no_stream_takes_is_refused(cwl: CloudWatchLogs) -> None:
    cwl.create()
    now_ms = cwl.now_ms

    def put(*events: tuple[int, str], **stream: str) -> tuple[str, str]:
        told = {"logGroupName": GROUP, "logStreamName": "s1", **stream}
        events_ = [{"timestamp": at_ms, "message": message} for at_ms, message in events]
        return refusal(cwl.client.put_log_events, **told, logEvents=events_)

    invalid, missing = "InvalidParameterException", "ResourceNotFoundException"
    order = "Log events in a single PutLogEvents request must be in chronological order."
    assert put((now_ms, "a"), (now_ms - 1, "b")) == (invalid, order)
    span = "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
    assert put((now_ms - DAY_S * 1000 - 1, "a"), (now_ms, "b")) == (invalid, span)
    large = "Upload too large: 1048577 bytes exceeds limit of 1048576"
    assert put((now_ms, "x" * 1_000_000), (now_ms, "x" * 48_525)) == (invalid, large)
    assert put((now_ms, "a"), logGroupName="other") == (missing, "The specified log group does not exist.")
    assert put((now_ms, "a"), logStreamName="other") == (missing, "The specified log stream does not exist.")
    code, text = put((now_ms, "a"), logStreamName="a:b")
    assert code == invalid
    assert text.startswith("1 validation error detected: Value 'a:b' at 'logStreamName' failed to satisfy constraint:")
    assert cwl.find() == []


def test_a_batch_of_ten_thousand_events_is_taken(cwl: CloudWatchLogs) -> None:
    cwl.create()
    now_ms = cwl.now_ms
    events = [{"timestamp": now_ms + number // 7, "message": f"{number}"} for number in range(10_000)]
    cwl.client.put_log_events(logGroupName=GROUP, logStreamName="s1", logEvents=events)

    assert cwl.find() == [f"{number}" for number in range(10_000)]


def test_a_group_keeps_events_as_long_as_it_is_told_to(cwl: CloudWatchLogs) -> None:
    cwl.create()
    cwl.push("old")
    cwl.clock.advance(2 * DAY_S)
    cwl.push("new")

    cwl.client.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    assert cwl.find() == ["new"]
    cwl.client.delete_retention_policy(logGroupName=GROUP)
    assert cwl.find() == ["new"]
    cwl.client.put_retention_policy(logGroupName=GROUP, retentionInDays=3)
    cwl.clock.advance(4 * DAY_S)
    assert cwl.find() == []
    assert cwl.client.describe_log_groups()["logGroups"][0]["retentionInDays"] == 3
    cwl.client.delete_retention_policy(logGroupName=GROUP)
    assert cwl.find() == []


def test_tags_are_kept_with_a_group(cwl: CloudWatchLogs) -> None:
    cwl.create()
    resource = {"resourceArn": f"{ARN}{GROUP}"}

    cwl.client.tag_resource(**resource, tags={"a": "1", "b": "2"})
    cwl.client.untag_resource(**resource, tagKeys=["a"])
    cwl.client.tag_log_group(logGroupName=GROUP, tags={"c": "3"})

    assert cwl.client.list_tags_for_resource(**resource)["tags"] == {"b": "2", "c": "3"}
    cwl.client.untag_log_group(logGroupName=GROUP, tags=["b"])
    assert cwl.client.list_tags_log_group(logGroupName=GROUP)["tags"] == {"c": "3"}
    code, _ = refusal(cwl.client.tag_resource, **resource, tags={f"t{n}": "" for n in range(50)})
    assert code == "TooManyTagsException"


def test_policies_and_keys_are_kept(cwl: CloudWatchLogs) -> None:
    cwl.create()
    policy = {"policyName": "events", "policyDocument": '{"Statement": []}'}

    cwl.client.put_resource_policy(**policy)
    [found] = cwl.client.describe_resource_policies()["resourcePolicies"]
    assert found == {**policy, "lastUpdatedTime": cwl.now_ms}
    cwl.client.delete_resource_policy(policyName="events")
    assert refusal(cwl.client.delete_resource_policy, policyName="events")[0] == "ResourceNotFoundException"
    code, _ = refusal(cwl.client.put_resource_policy, policyName="events", policyDocument="no")
    assert code == "InvalidParameterException"
    key = "arn:aws:kms:us-east-1:123456789012:key/k"
    cwl.client.associate_kms_key(logGroupName=GROUP, kmsKeyId=key)
    assert cwl.client.describe_log_groups()["logGroups"][0]["kmsKeyId"] == key
    cwl.client.disassociate_kms_key(logGroupName=GROUP)
    assert "kmsKeyId" not in cwl.client.describe_log_groups()["logGroups"][0]


def test_a_group_that_is_protected_is_not_deleted(cwl: CloudWatchLogs) -> None:
    cwl.create()
    cwl.client.put_log_group_deletion_protection(logGroupIdentifier=GROUP, deletionProtectionEnabled=True)

    assert refusal(cwl.client.delete_log_group, logGroupName=GROUP)[0] == "ValidationException"
    cwl.client.put_log_group_deletion_protection(logGroupIdentifier=GROUP, deletionProtectionEnabled=False)
    cwl.client.delete_log_group(logGroupName=GROUP)


@pytest.mark.parametrize(
    ("operation", "members", "code"),
    [
        ("create_log_group", {"logGroupName": GROUP}, "ResourceAlreadyExistsException"),
        ("create_log_group", {"logGroupName": "aws/x"}, "InvalidParameterException"),
        ("create_log_group", {"logGroupName": "a b"}, "InvalidParameterException"),
        ("create_log_stream", {"logGroupName": GROUP, "logStreamName": "s1"}, "ResourceAlreadyExistsException"),
        ("create_log_stream", {"logGroupName": "none", "logStreamName": "s1"}, "ResourceNotFoundException"),
        ("delete_log_stream", {"logGroupName": GROUP, "logStreamName": "s2"}, "ResourceNotFoundException"),
        ("delete_log_group", {"logGroupName": "none"}, "ResourceNotFoundException"),
        ("put_retention_policy", {"logGroupName": GROUP, "retentionInDays": 2}, "InvalidParameterException"),
        ("put_retention_policy", {"logGroupName": "none", "retentionInDays": 1}, "ResourceNotFoundException"),
        ("get_log_events", {"logGroupName": GROUP, "logStreamName": "s2"}, "ResourceNotFoundException"),
        (
            "get_log_events",
            {"logGroupName": GROUP, "logStreamName": "s1", "nextToken": "f/1/s"},
            "InvalidParameterException",
        ),
        ("filter_log_events", {"logGroupName": "none"}, "ResourceNotFoundException"),
        ("filter_log_events", {"logGroupName": GROUP, "logStreamNames": ["s2"]}, "ResourceNotFoundException"),
        ("filter_log_events", {"logGroupName": GROUP, "nextToken": "x"}, "InvalidParameterException"),
        ("filter_log_events", {"logGroupName": GROUP, "filterPattern": "{ $."}, "InvalidParameterException"),
        ("filter_log_events", {}, "InvalidParameterException"),
        ("filter_log_events", {"logGroupIdentifier": "a:b"}, "InvalidParameterException"),
        ("describe_log_groups", {"limit": 51}, "InvalidParameterException"),
        ("describe_log_groups", {"nextToken": "!"}, "InvalidParameterException"),
        ("list_log_groups", {"logGroupNamePattern": "a"}, "InvalidParameterException"),
        (
            "describe_log_streams",
            {"logGroupName": GROUP, "orderBy": "LastEventTime", "logStreamNamePrefix": "s"},
            "InvalidParameterException",
        ),
        ("tag_resource", {"resourceArn": "arn:aws:sqs:us-east-1:1:q", "tags": {"a": "1"}}, "ResourceNotFoundException"),
        ("list_tags_log_group", {"logGroupName": "none"}, "ResourceNotFoundException"),
        ("create_export_task", {"logGroupName": GROUP, "fromTime": 0, "to": 1, "destination": "b"}, None),
    ],
)
def test_refusals_have_codes_of_the_service(
    cwl: CloudWatchLogs, operation: str, members: dict[str, Any], code: str | None
) -> None:
    cwl.create()
    quiet = client_at(cwl.url, "logs", ACCOUNT, REGION, parameter_validation=False)

    assert refusal(getattr(quiet, operation), **members)[0] == (code or "UnknownOperationException")


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"logGroupName": "\xff"}', b"[" * 100_000])
def test_a_body_that_is_no_request_is_the_clients_fault(cwl: CloudWatchLogs, body: bytes) -> None:
    headers = {
        "X-Amz-Target": "Logs_20140328.CreateLogGroup",
        "Authorization": signed(ACCOUNT).replace("/lambda/", "/logs/"),
    }

    with pytest.raises(HTTPError, match="400"):
        urlopen(Request(f"{cwl.url}/", body, headers), timeout=30)


def test_who_pushes_waits_for_no_search(cwl: CloudWatchLogs, monkeypatch: pytest.MonkeyPatch) -> None:
    cwl.create()
    cwl.push("one")
    assert cwl.room.opened is not None
    begun, goes_on = Semaphore(0), Event()
    reader = cwl.room.opened.groups.reader
    events = reader.events

    def held(*arguments: Any, **more: Any) -> Any:
        begun.release()
        assert goes_on.wait(60)
        return events(*arguments, **more)

    monkeypatch.setattr(reader, "events", held)
    with ThreadPoolExecutor(8) as threads:
        searches = [threads.submit(cwl.client.filter_log_events, logGroupName=GROUP) for _ in range(8)]
        begun.acquire()
        cwl.push("two")
        goes_on.set()
        assert all(search.result()["events"] for search in searches)


def test_events_that_were_answered_outlive_a_kill(tmp_path: Path) -> None:
    with served_apart(cloudwatch_logs_rig, "logs", tmp_path) as (client, _):
        client.create_log_group(logGroupName=GROUP)
        client.create_log_stream(logGroupName=GROUP, logStreamName="s1")
        for number in range(20):
            event = {"timestamp": int(Clock.now_s() * 1000), "message": f"{number}"}
            client.put_log_events(logGroupName=GROUP, logStreamName="s1", logEvents=[event])

    with serving(tmp_path) as again:
        assert again.find() == [f"{number}" for number in range(20)]
        assert names(again.client.describe_log_groups()["logGroups"]) == [GROUP]
