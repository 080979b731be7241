"""Logs Insights by boto3."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from cloudwatch_logs_rig import ARN, CloudWatchLogs, cwl
from waiting import eventually

__all__ = ["cwl"]


def start(cwl: CloudWatchLogs, query: str, **wanted: Any) -> str:
    now_s = int(cwl.clock.now_s())
    members = {"logGroupName": "orders", "startTime": now_s - 3600, "endTime": now_s + 3600, **wanted}
    id: str = cwl.client.start_query(queryString=query, **members)["queryId"]
    return id


def results(cwl: CloudWatchLogs, id: str) -> Any:
    def ended() -> Any:
        found = cwl.client.get_query_results(queryId=id)
        return found if found["status"] not in ("Scheduled", "Running") else None

    return eventually(ended, "the end of the query")


def rows(answer: Any) -> list[dict[str, str]]:
    return [{field["field"]: field["value"] for field in row} for row in answer["results"]]


def test_a_query_finds_events_of_a_group(cwl: CloudWatchLogs) -> None:
    cwl.create()
    cwl.push('{"level": "INFO", "ms": 5}', '{"level": "ERROR", "ms": 7}', '{"level": "ERROR", "ms": 8}')

    answer = results(cwl, start(cwl, "fields @timestamp, ms | filter level = 'ERROR' | sort ms asc"))

    assert answer["status"] == "Complete"
    assert [row["ms"] for row in rows(answer)] == ["7", "8"]
    assert answer["statistics"]["recordsMatched"] == 2
    assert answer["statistics"]["recordsScanned"] == 3
    record = cwl.client.get_log_record(logRecordPointer=rows(answer)[0]["@ptr"])["logRecord"]
    assert (record["level"], record["ms"], record["@logStream"]) == ("ERROR", "7", "s1")


def test_a_query_finds_events_of_several_groups_the_newest_first(cwl: CloudWatchLogs) -> None:
    for number, group in enumerate(("orders", "payments")):
        cwl.create(group)
        cwl.push("one", group=group, at_ms=cwl.now_ms + number)
        cwl.push("two", group=group, at_ms=cwl.now_ms + 10 - number)
    names = ["orders", f"{ARN}payments"]

    id = cwl.client.start_query(
        logGroupIdentifiers=names, queryString="fields @message", startTime=0, endTime=cwl.now_ms + 10_000
    )["queryId"]
    answer = results(cwl, id)

    assert [row["@message"] for row in rows(answer)] == ["two", "two", "one", "one"]


def test_a_time_and_a_limit_say_what_is_looked_at(cwl: CloudWatchLogs) -> None:
    cwl.create()
    cwl.push("old")
    cwl.clock.advance(7200)
    cwl.push("a", "b", "c")

    assert [row["@message"] for row in rows(results(cwl, start(cwl, "", limit=2)))] == ["c", "b"]
    assert len(rows(results(cwl, start(cwl, "")))) == 3


def test_the_fields_of_a_group_are_told(cwl: CloudWatchLogs) -> None:
    cwl.create()
    cwl.push('{"old": 1}')
    cwl.clock.advance(3600)
    cwl.push('{"a": {"b": 1}}', '{"a": {"b": 2}, "c": 3}')

    found = cwl.client.get_log_group_fields(logGroupName="orders")["logGroupFields"]

    told = {one["name"]: one["percent"] for one in found}
    assert (told["a.b"], told["c"], told["@message"]) == (100, 50, 100)
    assert "old" not in told


def test_queries_are_shown_the_newest_first(cwl: CloudWatchLogs) -> None:
    cwl.create()
    first, second = start(cwl, "limit 1"), start(cwl, "limit 2")
    for id in (first, second):
        results(cwl, id)

    shown = cwl.client.describe_queries(logGroupName="orders", status="Complete")["queries"]

    assert [one["queryId"] for one in shown] == [second, first]
    assert shown[0]["queryString"] == "limit 2"
    with pytest.raises(ClientError, match="InvalidParameterException"):
        cwl.client.stop_query(queryId=first)


def test_a_query_that_takes_long_is_stopped(cwl: CloudWatchLogs) -> None:
    cwl.create()
    for _ in range(10):
        cwl.push(*("a" * 1000 for _ in range(900)))
    slow = "parse @message /(?<all>(a?)*b?)$/ | filter ispresent(all) | stats count(*) by all"

    id = start(cwl, slow)
    eventually(lambda: cwl.client.get_query_results(queryId=id)["statistics"]["recordsScanned"], "its beginning")
    assert cwl.client.stop_query(queryId=id)["success"]

    assert results(cwl, id)["status"] == "Cancelled"


def test_what_is_no_query_is_refused_with_its_place(cwl: CloudWatchLogs) -> None:
    cwl.create()

    with pytest.raises(ClientError, match="MalformedQueryException") as refused:
        start(cwl, "fields a | unmask b")

    response = refused.value.response
    assert "unmask is no command that lambda-emu serves; these are: fields" in response["Error"]["Message"]
    location = response["queryCompileError"]["location"]
    assert (location["startCharOffset"], location["endCharOffset"]) == (11, 17)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"logGroupName": "none"}, "ResourceNotFoundException"),
        ({"startTime": 10, "endTime": 5}, "InvalidParameterException"),
        ({"logGroupNames": ["orders"]}, "InvalidParameterException"),
        ({"queryLanguage": "SQL"}, "InvalidParameterException"),
    ],
)
def test_what_no_query_can_be_is_refused(cwl: CloudWatchLogs, wanted: dict[str, Any], code: str) -> None:
    cwl.create()

    with pytest.raises(ClientError, match=code):
        start(cwl, "", **wanted)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        cwl.client.get_query_results(queryId="none")
    with pytest.raises(ClientError, match="InvalidParameterException"):
        cwl.client.get_log_record(logRecordPointer="none")
