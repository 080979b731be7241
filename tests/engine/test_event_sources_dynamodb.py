"""Streams of DynamoDB as event sources: what comes to the function, how often, and what is told of the rest.

docs/contract/events.md#polling, docs/events.md#streams.
"""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from own import OwnLam, own_emulator
from queue_rig import PRINTS, Invocations, Queues, queues, shared
from services_rig import create_table, sdk
from waiting import Eventually

from lambda_emu.clock import SteppingClock
from lambda_emu.event_sources.backoff import FIRST_S
from lambda_emu.store.schema import DATABASE

__all__ = ["queues", "shared"]

# Prints its event, and then does what the items' ids begin with.
DOES = (
    PRINTS
    + """
    ids = [record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]]
    if any(id.startswith("fail") for id in ids):
        raise ValueError("no")
    return {"batchItemFailures": [
        {"itemIdentifier": record["dynamodb"]["SequenceNumber"]}
        for record, id in zip(event["Records"], ids) if id.startswith("report")
    ]}
"""
)
SUMS = (
    PRINTS
    + """
    state = event["state"]
    state["sum"] = state.get("sum", 0) + sum(int(r["dynamodb"]["NewImage"]["n"]["N"]) for r in event["Records"])
    return {"state": state}
"""
)


class Tables:
    """DynamoDB of a running emulator, and what was made in it for one test."""

    def __init__(self, lam: OwnLam) -> None:
        self.lam = lam
        self.client = sdk(lam, "dynamodb", "test")
        self._uuids: list[str] = []

    def create(self, name: str) -> str:
        """The ARN of a table's stream."""
        return str(create_table(self.client, name)["LatestStreamArn"])

    def put(self, name: str, *ids: str, n: int = 0) -> None:
        for id in ids:
            self.client.put_item(TableName=name, Item={"id": {"S": id}, "n": {"N": str(n)}})

    def map(self, arn: str, function: str, **wanted: Any) -> str:
        wanted = {"StartingPosition": "TRIM_HORIZON", **wanted}
        made = self.lam.client.create_event_source_mapping(EventSourceArn=arn, FunctionName=function, **wanted)
        self._uuids.append(made["UUID"])
        return str(made["UUID"])

    def mapping(self, uuid: str) -> dict[str, Any]:
        return dict(self.lam.client.get_event_source_mapping(UUID=uuid))


@pytest.fixture
def lam(shared: OwnLam) -> Iterator[OwnLam]:
    yield shared
    for made in shared.client.list_event_source_mappings()["EventSourceMappings"]:
        if made["State"] in ("Enabled", "Disabled"):
            shared.client.delete_event_source_mapping(UUID=made["UUID"])


@pytest.fixture
def tables(lam: OwnLam) -> Tables:
    return Tables(lam)


def ids_of(records: Sequence[Any]) -> list[str]:
    return [record["dynamodb"]["Keys"]["id"]["S"] for record in records]


def batches(told: Invocations) -> list[list[str]]:
    return [ids_of(event["Records"]) for event in told.events()]


def test_each_change_comes_to_the_function_as_on_aws_and_in_order(
    lam: OwnLam, tables: Tables, eventually: Eventually
) -> None:
    name = lam.create("stream-shape", PRINTS)
    arn = tables.create("shape")
    tables.put("shape", "a", n=1)
    uuid = tables.map(arn, name)
    assert tables.mapping(uuid)["LastProcessingResult"] == "No records processed"

    tables.client.put_item(TableName="shape", Item={"id": {"S": "a"}, "raw": {"B": b"\x00\x01"}})
    tables.client.delete_item(TableName="shape", Key={"id": {"S": "a"}})

    told = Invocations(lam, name)
    eventually(lambda: len(told.records()) == 3, "three changes")
    first, second, third = told.records()
    assert [first["eventName"], second["eventName"], third["eventName"]] == ["INSERT", "MODIFY", "REMOVE"]
    change = first.pop("dynamodb")
    assert first == {
        "eventID": first["eventID"],
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "eventSourceARN": arn,
    }
    assert isinstance(change.pop("ApproximateCreationDateTime"), int)
    assert change.pop("SizeBytes") > 0
    assert change.pop("SequenceNumber").isdigit()
    images = {"Keys": {"id": {"S": "a"}}, "NewImage": {"id": {"S": "a"}, "n": {"N": "1"}}}
    assert change == {**images, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert second["dynamodb"]["NewImage"]["raw"] == {"B": "AAE="}
    eventually(lambda: tables.mapping(uuid)["LastProcessingResult"] == "OK", "the result to be told")


def test_what_came_before_a_mapping_from_latest_is_not_read(
    lam: OwnLam, tables: Tables, eventually: Eventually
) -> None:
    name = lam.create("stream-latest", PRINTS)
    arn = tables.create("latest")
    tables.put("latest", "before")
    tables.map(arn, name, StartingPosition="LATEST")
    tables.put("latest", "after")

    told = Invocations(lam, name)
    eventually(told.records, "the later one")
    assert ids_of(told.records()) == ["after"]


def test_a_batch_that_fails_comes_again_until_it_is_given_up_and_told(
    lam: OwnLam, tables: Tables, queues: Queues, clock: SteppingClock, eventually: Eventually
) -> None:
    name = lam.create("stream-fails", DOES)
    arn = tables.create("fails")
    url, queue_arn = queues.create("given-up")
    tables.put("fails", "fail-1", "x")
    uuid = tables.map(
        arn,
        name,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": queue_arn}},
    )

    told = Invocations(lam, name)
    message = eventually(passing(clock, lambda: received(queues, url)), "what is told of it")

    record = json.loads(message["Body"])
    assert batches(told) == [["fail-1", "x"]] * 2
    assert record["requestContext"] | {"requestId": ""} == {
        "requestId": "",
        "functionArn": f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 2,
    }
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    first, last = told.records()[:2]
    info = record["DDBStreamBatchInfo"]
    assert (info["startSequenceNumber"], info["endSequenceNumber"]) == (
        first["dynamodb"]["SequenceNumber"],
        last["dynamodb"]["SequenceNumber"],
    )
    assert (info["batchSize"], info["streamArn"]) == (2, arn)
    assert tables.mapping(uuid)["LastProcessingResult"] == "PROBLEM: Function call failed"
    tables.put("fails", "next")
    eventually(passing(clock, lambda: batches(told)[-1] == ["next"]), "the one behind it")


def test_what_is_told_names_the_function_that_a_mapping_was_given_later(
    lam: OwnLam, tables: Tables, queues: Queues, clock: SteppingClock, eventually: Eventually
) -> None:
    first, later = lam.create("stream-first", PRINTS), lam.create("stream-later", DOES)
    arn = tables.create("moved")
    url, queue_arn = queues.create("of-the-later")
    uuid = tables.map(arn, first, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": queue_arn}})
    tables.put("moved", "a")
    eventually(lambda: Invocations(lam, first).events(), "the first")
    eventually(lambda: tables.mapping(uuid)["State"] == "Enabled", "it to be changed no more")

    lam.client.update_event_source_mapping(UUID=uuid, FunctionName=later)
    tables.put("moved", "fail")

    message = eventually(passing(clock, lambda: received(queues, url)), "what is told of it")
    assert json.loads(message["Body"])["requestContext"]["functionArn"].endswith(f":{later}")


def test_a_record_that_fails_for_ever_is_tried_ever_more_seldom_and_holds_up_no_other_stream(
    lam: OwnLam, tables: Tables, eventually: Eventually
) -> None:
    poisoned, beside = lam.create("stream-poisoned", DOES), lam.create("stream-beside", PRINTS)
    arns = [tables.create(name) for name in ("poisoned", "beside")]
    tables.put("poisoned", "fail")
    begun_s = monotonic()
    for arn, name in zip(arns, (poisoned, beside), strict=True):
        tables.map(arn, name)

    tables.put("beside", *(f"item-{number}" for number in range(20)))
    eventually(lambda: len(Invocations(lam, beside).records()) == 20, "those of the other")
    eventually(lambda: len(Invocations(lam, poisoned).events()) >= 3, "three tries")
    tries = len(Invocations(lam, poisoned).events())

    assert tries <= 2 + math.log2((monotonic() - begun_s) / FIRST_S + 1)
    assert {tuple(batch) for batch in batches(Invocations(lam, poisoned))} == {("fail",)}


def test_a_bisected_batch_leaves_out_the_one_record_that_fails(
    lam: OwnLam, tables: Tables, clock: SteppingClock, eventually: Eventually
) -> None:
    name = lam.create("stream-bisect", DOES)
    arn = tables.create("bisect")
    tables.put("bisect", "a", "b", "fail", "c")
    tables.map(arn, name, BisectBatchOnFunctionError=True, MaximumRetryAttempts=0)

    told = Invocations(lam, name)
    eventually(passing(clock, lambda: batches(told)[-1:] == [["c"]]), "the last half")
    assert batches(told) == [["a", "b", "fail", "c"], ["a", "b"], ["fail", "c"], ["fail"], ["c"]]


def test_from_the_first_record_that_is_reported_all_come_again(
    lam: OwnLam, tables: Tables, clock: SteppingClock, eventually: Eventually
) -> None:
    name = lam.create("stream-report", DOES)
    arn = tables.create("report")
    rest = ["report-1", "b", "report-2"]
    tables.put("report", "a", *rest, "z")
    reporting = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
    tables.map(arn, name, BatchSize=4, MaximumRetryAttempts=1, **reporting)

    told = Invocations(lam, name)
    eventually(passing(clock, lambda: batches(told)[-1:] == [["z"]]), "the one behind it")
    assert batches(told) == [["a", *rest], rest, ["z"]]


def test_records_that_no_filter_wants_are_passed_over(lam: OwnLam, tables: Tables, eventually: Eventually) -> None:
    name = lam.create("stream-filter", PRINTS)
    arn = tables.create("filter")
    tables.put("filter", "a", n=1)
    tables.put("filter", "b", n=2)
    pattern = {"dynamodb": {"NewImage": {"n": {"N": ["2"]}}}, "eventName": ["INSERT"]}
    tables.map(arn, name, FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]})

    told = Invocations(lam, name)
    eventually(told.records, "the one that is wanted")
    tables.put("filter", "c", n=2)
    eventually(lambda: len(told.records()) == 2, "the next")
    assert ids_of(told.records()) == ["b", "c"]


def test_records_that_are_too_old_are_given_up_unread(
    lam: OwnLam, tables: Tables, queues: Queues, clock: SteppingClock, eventually: Eventually
) -> None:
    name = lam.create("stream-old", PRINTS)
    arn = tables.create("old")
    url, queue_arn = queues.create("too-old")
    tables.put("old", "old")
    clock.advance(120)
    tables.map(arn, name, MaximumRecordAgeInSeconds=60, DestinationConfig={"OnFailure": {"Destination": queue_arn}})

    record = json.loads(eventually(lambda: received(queues, url), "what is told of it")["Body"])
    assert record["requestContext"]["condition"] == "RecordAgeExceeded"
    assert "responseContext" not in record
    assert Invocations(lam, name).events() == []


def test_several_batches_of_a_shard_run_at_once_and_keep_the_order_of_each_item(
    lam: OwnLam, tables: Tables, eventually: Eventually
) -> None:
    name = lam.create("stream-lanes", PRINTS)
    arn = tables.create("lanes")
    for n in range(4):
        tables.put("lanes", *(f"item-{number}" for number in range(6)), n=n)
    tables.map(arn, name, ParallelizationFactor=4, BatchSize=2)

    told = Invocations(lam, name)
    eventually(lambda: len(told.records()) == 24, "all of them")
    found: dict[str, list[str]] = {}
    for record in told.records():
        found.setdefault(ids_of([record])[0], []).append(record["dynamodb"]["NewImage"]["n"]["N"])
    assert list(found.values()) == [["0", "1", "2", "3"]] * 6


def test_what_a_lane_had_settled_does_not_come_again_when_there_are_others(
    lam: OwnLam, tables: Tables, eventually: Eventually
) -> None:
    """While one of two has a record that fails, the other one has settled its own."""
    name = lam.create("stream-divided", DOES)
    arn = tables.create("divided")
    items = [f"item-{number}" for number in range(12)]
    tables.put("divided", "fail", *items)
    uuid = tables.map(arn, name, ParallelizationFactor=2, BatchSize=1, MaximumRetryAttempts=10_000)
    told = Invocations(lam, name)
    eventually(lambda: len(set(ids_of(told.records()))) > 3, "one lane to go ahead of the other")
    eventually(lambda: tables.mapping(uuid)["State"] == "Enabled", "it to be changed no more")
    came = len(set(ids_of(told.records())))

    lam.client.update_event_source_mapping(UUID=uuid, ParallelizationFactor=5)

    eventually(lambda: len(set(ids_of(told.records()))) > came + 2, "more of them, by the new lanes")
    found = Counter(ids_of(told.records()))
    assert {item: found[item] for item in items if found[item] > 1} == {}


def test_a_tumbling_window_carries_its_state_and_ends_with_a_last_invocation(
    lam: OwnLam, tables: Tables, clock: SteppingClock, eventually: Eventually
) -> None:
    name = lam.create("stream-window", SUMS)
    arn = tables.create("window")
    tables.put("window", "a", n=1)
    tables.put("window", "b", n=2)  # both before they are read: by our clock their window may be over already
    tables.map(arn, name, TumblingWindowInSeconds=900, BatchSize=1)

    told = Invocations(lam, name)
    eventually(lambda: len(told.records()) == 2, "both")
    clock.advance(900)
    eventually(lambda: told.events()[-1]["isFinalInvokeForWindow"], "the window's end")

    first, second, last = told.events()
    assert [event["state"] for event in (first, second, last)] == [{}, {"sum": 1}, {"sum": 3}]
    assert last["Records"] == []
    assert (last["shardId"], last["eventSourceARN"], last["isWindowTerminatedEarly"]) == (first["shardId"], arn, False)
    assert last["window"] == first["window"]


def test_what_changes_while_records_are_read_hangs_nobody(lam: OwnLam, tables: Tables, eventually: Eventually) -> None:
    name = lam.create("stream-busy", PRINTS)
    tables.map(tables.create("busy"), name, ParallelizationFactor=4)

    for number in range(150):
        tables.put("busy", f"item-{number}")

    told = Invocations(lam, name)
    eventually(lambda: len(told.records()) == 150, "all of them")


def test_how_old_records_are_is_counted(
    lam: OwnLam, tables: Tables, clock: SteppingClock, eventually: Eventually
) -> None:
    name = lam.create("stream-age", PRINTS)
    arn = tables.create("age")
    tables.put("age", "a")
    clock.advance(60)
    tables.map(arn, name)
    eventually(Invocations(lam, name).records, "the record")

    cloudwatch = sdk(lam, "cloudwatch", "test")
    asked = {
        "Namespace": "AWS/Lambda",
        "MetricName": "IteratorAge",
        "Dimensions": [{"Name": "FunctionName", "Value": name}],
        "Period": 3600,
        "Statistics": ["Maximum"],
        "StartTime": clock.now_s() - 3600,
        "EndTime": clock.now_s() + 3600,
    }
    points = eventually(lambda: cloudwatch.get_metric_statistics(**asked)["Datapoints"], "the metric")
    assert points[0]["Maximum"] >= 60_000


def test_what_time_to_live_removes_is_told_in_the_name_of_dynamodb(
    lam: OwnLam, tables: Tables, eventually: Eventually
) -> None:
    name = lam.create("stream-expiry", PRINTS)
    arn = tables.create("expiry")
    spent = {"Enabled": True, "AttributeName": "end"}
    tables.client.update_time_to_live(TableName="expiry", TimeToLiveSpecification=spent)
    tables.map(arn, name)
    tables.client.put_item(TableName="expiry", Item={"id": {"S": "a"}, "end": {"N": str(int(time.time()) - 60)}})

    told = Invocations(lam, name)
    eventually(lambda: len(told.records()) == 2, "the removal")
    removal = told.records()[1]
    assert removal["eventName"] == "REMOVE"
    assert removal["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def test_a_stream_that_is_not_there_is_refused(lam: OwnLam, tables: Tables) -> None:
    name = lam.create("stream-nowhere", PRINTS)
    arn = "arn:aws:dynamodb:us-east-1:000000000000:table/nowhere/stream/2026-01-01T00:00:00.000"

    with pytest.raises(lam.client.exceptions.InvalidParameterValueException, match=f"Stream not found: {arn}"):
        tables.map(arn, name)


def test_a_server_that_starts_again_goes_on_where_it_was(tmp_path: Path, eventually: Eventually) -> None:
    with own_emulator(tmp_path, "process") as lam:
        tables = Tables(lam)
        name = lam.create("again", PRINTS)
        arn = tables.create("again")
        tables.put("again", "a", "b")
        uuid = tables.map(arn, name)
        eventually(lambda: len(Invocations(lam, name).records()) == 2, "both")
        eventually(lambda: tables.mapping(uuid)["State"] == "Enabled", "it to be changed no more")
        lam.client.update_event_source_mapping(UUID=uuid, Enabled=False)
        eventually(lambda: tables.mapping(uuid)["State"] == "Disabled", "it to rest")
        tables.put("again", "c")

    with own_emulator(tmp_path, "process") as lam:
        lam.client.update_event_source_mapping(UUID=uuid, Enabled=True)
        told = Invocations(lam, name)
        eventually(lambda: "c" in ids_of(told.records()), "the one that waited")
        assert ids_of(told.records()) in (["a", "b", "c"], ["c"])


def test_how_far_a_mapping_had_come_is_forgotten_with_it(tmp_path: Path, eventually: Eventually) -> None:
    def kept() -> list[Any]:
        with closing(sqlite3.connect(f"file:{tmp_path / '.lambda-emu' / DATABASE}?mode=ro", uri=True)) as store:
            return store.execute("SELECT mapping FROM stream_positions").fetchall()

    with own_emulator(tmp_path, "process") as lam:
        tables = Tables(lam)
        name = lam.create("gone", PRINTS)
        arn = tables.create("gone")
        tables.put("gone", "a")
        uuid = tables.map(arn, name)
        eventually(lambda: kept() == [(uuid,)], "its position")
        eventually(lambda: tables.mapping(uuid)["State"] == "Enabled", "it to be changed no more")

        lam.client.delete_event_source_mapping(UUID=uuid)

        eventually(lambda: kept() == [], "that nothing is kept of it")


def passing(clock: SteppingClock, question: Callable[[], Any]) -> Callable[[], Any]:
    """While it is asked, time passes: what failed is tried again."""

    def ask() -> Any:
        clock.advance(1)
        return question()

    return ask


def received(queues: Queues, url: str) -> Any:
    found = queues.client.receive_message(QueueUrl=url).get("Messages", [])
    return found[0] if found else None
