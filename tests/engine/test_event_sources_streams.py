"""Streams as event sources, whoever serves them: what comes to the function, how often, and what is told of the rest.

docs/contract/events.md#polling, docs/events.md#streams.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from own import OwnLam, own_emulator
from queue_rig import PRINTS, Invocations, Queues, queues, shared
from services_rig import sdk
from stream_rig import DOES, FORGETS, STREAMS, SUMS, Streams, kinesis_elsewhere, passing, received, streams_of
from waiting import Eventually

from lambda_emu.event_sources.backoff import FIRST_S
from lambda_emu.store.schema import DATABASE

__all__ = ["queues", "shared"]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OwnLam, OwnLam]]:
    with kinesis_elsewhere(tmp_path_factory.mktemp("both")) as both:
        yield both


@pytest.fixture(params=["dynamodb", "kinesis", "kinesis elsewhere"])
def streams(request: pytest.FixtureRequest) -> Iterator[Streams]:
    if request.param == "kinesis elsewhere":
        ours, theirs = request.getfixturevalue("both")
        with streams_of("kinesis", ours, theirs) as streams:
            yield streams
    else:
        with streams_of(request.param, request.getfixturevalue("shared")) as streams:
            yield streams


@pytest.fixture
def lam(streams: Streams) -> OwnLam:
    return streams.lam


def test_what_came_before_a_mapping_from_latest_is_not_read(
    lam: OwnLam, streams: Streams, eventually: Eventually
) -> None:
    name = streams.function("latest", PRINTS)
    arn = streams.create("latest")
    streams.put("latest", "before")
    streams.map(arn, name, StartingPosition="LATEST")
    streams.put("latest", "after")

    told = Invocations(lam, name)
    eventually(told.records, "the later one")
    assert streams.ids(told.records()) == ["after"]


def test_a_batch_that_fails_comes_again_until_it_is_given_up_and_told(
    lam: OwnLam, streams: Streams, queues: Queues, eventually: Eventually
) -> None:
    name = streams.function("fails", DOES)
    arn = streams.create("fails")
    url, queue_arn = queues.create("given-up")
    streams.put("fails", "fail-1", "x")
    uuid = streams.map(
        arn,
        name,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": queue_arn}},
    )

    told = Invocations(lam, name)
    message = eventually(passing(lam, lambda: received(queues, url)), "what is told of it")

    record = json.loads(message["Body"])
    assert streams.batches(told) == [["fail-1", "x"]] * 2
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
    first, last = (streams.read(one)[2] for one in told.records()[:2])
    info = record[streams.info]
    assert info.pop("shardId").startswith("shardId-")
    for which in ("First", "Last"):
        assert re.fullmatch(streams.arrival, info.pop(f"approximateArrivalOf{which}Record"))
    assert info == {"startSequenceNumber": first, "endSequenceNumber": last, "batchSize": 2, "streamArn": arn}
    assert streams.mapping(uuid)["LastProcessingResult"] == "PROBLEM: Function call failed"
    streams.put("fails", "next")
    eventually(passing(lam, lambda: streams.batches(told)[-1] == ["next"]), "the one behind it")


def test_what_is_told_names_the_function_that_a_mapping_was_given_later(
    lam: OwnLam, streams: Streams, queues: Queues, eventually: Eventually
) -> None:
    first, later = streams.function("first", PRINTS), streams.function("later", DOES)
    arn = streams.create("moved")
    url, queue_arn = queues.create("of-the-later")
    uuid = streams.map(arn, first, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": queue_arn}})
    streams.put("moved", "a")
    eventually(lambda: Invocations(lam, first).events(), "the first")
    eventually(lambda: streams.mapping(uuid)["State"] == "Enabled", "it to be changed no more")

    lam.client.update_event_source_mapping(UUID=uuid, FunctionName=later)
    streams.put("moved", "fail")

    message = eventually(passing(lam, lambda: received(queues, url)), "what is told of it")
    assert json.loads(message["Body"])["requestContext"]["functionArn"].endswith(f":{later}")


def test_a_record_that_fails_for_ever_is_tried_ever_more_seldom_and_holds_up_no_other_stream(
    lam: OwnLam, streams: Streams, eventually: Eventually
) -> None:
    poisoned, beside = streams.function("poisoned", DOES), streams.function("beside", PRINTS)
    arns = [streams.create(name) for name in ("poisoned", "beside")]
    streams.put("poisoned", "fail")
    begun_s = monotonic()
    for arn, name in zip(arns, (poisoned, beside), strict=True):
        streams.map(arn, name)

    streams.put("beside", *(f"item-{number}" for number in range(20)))
    eventually(lambda: len(Invocations(lam, beside).records()) == 20, "those of the other")
    eventually(lambda: len(Invocations(lam, poisoned).events()) >= 3, "three tries")
    tries = len(Invocations(lam, poisoned).events())

    assert tries <= 2 + math.log2((monotonic() - begun_s) / FIRST_S + 1)
    assert {tuple(batch) for batch in streams.batches(Invocations(lam, poisoned))} == {("fail",)}


def test_a_bisected_batch_leaves_out_the_one_record_that_fails(
    lam: OwnLam, streams: Streams, eventually: Eventually
) -> None:
    name = streams.function("bisect", DOES)
    arn = streams.create("bisect")
    streams.put("bisect", "a", "b", "fail", "c")
    streams.map(arn, name, BisectBatchOnFunctionError=True, MaximumRetryAttempts=0)

    told = Invocations(lam, name)
    eventually(passing(lam, lambda: streams.batches(told)[-1:] == [["c"]]), "the last half")
    assert streams.batches(told) == [["a", "b", "fail", "c"], ["a", "b"], ["fail", "c"], ["fail"], ["c"]]


def test_from_the_first_record_that_is_reported_all_come_again(
    lam: OwnLam, streams: Streams, eventually: Eventually
) -> None:
    name = streams.function("report", DOES)
    arn = streams.create("report")
    rest = ["report-1", "b", "report-2"]
    streams.put("report", "a", *rest, "z")
    reporting = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
    streams.map(arn, name, BatchSize=4, MaximumRetryAttempts=1, **reporting)

    told = Invocations(lam, name)
    eventually(passing(lam, lambda: streams.batches(told)[-1:] == [["z"]]), "the one behind it")
    assert streams.batches(told) == [["a", *rest], rest, ["z"]]


def test_records_that_no_filter_wants_are_passed_over(lam: OwnLam, streams: Streams, eventually: Eventually) -> None:
    name = streams.function("filter", PRINTS)
    arn = streams.create("filter")
    streams.put("filter", "a", n=1)
    streams.put("filter", "b", n=2)
    streams.map(arn, name, FilterCriteria={"Filters": [{"Pattern": json.dumps(streams.pattern(2))}]})

    told = Invocations(lam, name)
    eventually(told.records, "the one that is wanted")
    streams.put("filter", "c", n=2)
    eventually(lambda: len(told.records()) == 2, "the next")
    assert streams.ids(told.records()) == ["b", "c"]


def test_records_that_are_too_old_are_given_up_unread(
    lam: OwnLam, streams: Streams, queues: Queues, eventually: Eventually
) -> None:
    name = streams.function("old", PRINTS)
    arn = streams.create("old")
    url, queue_arn = queues.create("too-old")
    streams.put("old", "old")
    lam.pass_time(120)
    streams.map(arn, name, MaximumRecordAgeInSeconds=60, DestinationConfig={"OnFailure": {"Destination": queue_arn}})

    record = json.loads(eventually(lambda: received(queues, url), "what is told of it")["Body"])
    assert record["requestContext"]["condition"] == "RecordAgeExceeded"
    assert "responseContext" not in record
    assert Invocations(lam, name).events() == []


def test_several_batches_of_a_shard_run_at_once_and_keep_the_order_of_each_item(
    lam: OwnLam, streams: Streams, eventually: Eventually
) -> None:
    name = streams.function("lanes", PRINTS)
    arn = streams.create("lanes")
    for n in range(4):
        streams.put("lanes", *(f"item-{number}" for number in range(6)), n=n)
    streams.map(arn, name, ParallelizationFactor=4, BatchSize=2)

    told = Invocations(lam, name)
    eventually(lambda: len(told.records()) == 24, "all of them")
    found: dict[str, list[int]] = {}
    for record in told.records():
        id, n, _ = streams.read(record)
        found.setdefault(id, []).append(n)
    assert list(found.values()) == [[0, 1, 2, 3]] * 6


def test_what_a_lane_had_settled_does_not_come_again_when_there_are_others(
    lam: OwnLam, streams: Streams, eventually: Eventually
) -> None:
    """While one of two has a record that fails, the other one has settled its own."""
    name = streams.function("divided", DOES)
    arn = streams.create("divided")
    items = [f"item-{number}" for number in range(12)]
    streams.put("divided", "fail", *items)
    uuid = streams.map(arn, name, ParallelizationFactor=2, BatchSize=1, MaximumRetryAttempts=10_000)
    told = Invocations(lam, name)
    eventually(lambda: len(set(streams.ids(told.records()))) > 3, "one lane to go ahead of the other")
    eventually(lambda: streams.mapping(uuid)["State"] == "Enabled", "it to be changed no more")
    came = len(set(streams.ids(told.records())))

    lam.client.update_event_source_mapping(UUID=uuid, ParallelizationFactor=5)

    eventually(lambda: len(set(streams.ids(told.records()))) > came + 2, "more of them, by the new lanes")
    found = Counter(streams.ids(told.records()))
    assert {item: found[item] for item in items if found[item] > 1} == {}


def test_a_tumbling_window_carries_its_state_and_ends_with_a_last_invocation(
    lam: OwnLam, streams: Streams, eventually: Eventually
) -> None:
    name = streams.function("window", SUMS)
    arn = streams.create("window")
    streams.pass_time(901 - streams.served.now_s() % 900)  # early in a window, so that both are in the same one
    streams.put("window", "a", n=1)
    streams.put("window", "b", n=2)  # both before they are read: by our clock their window may be over already
    streams.map(arn, name, TumblingWindowInSeconds=900, BatchSize=1)

    told = Invocations(lam, name)
    eventually(lambda: len(told.records()) == 2, "both")
    lam.pass_time(900)
    eventually(lambda: told.events()[-1]["isFinalInvokeForWindow"], "the window's end")

    first, second, last = told.events()
    assert [event["state"] for event in (first, second, last)] == [{}, {"sum": 1}, {"sum": 3}]
    assert last["Records"] == []
    assert (last["shardId"], last["eventSourceARN"], last["isWindowTerminatedEarly"]) == (first["shardId"], arn, False)
    assert last["window"] == first["window"]


def test_an_answer_without_the_state_of_a_window_is_a_failure(
    lam: OwnLam, streams: Streams, eventually: Eventually
) -> None:
    """But for the last one's, which nothing follows."""
    name = streams.function("forgets", FORGETS)
    arn = streams.create("forgets")
    streams.put("forgets", "a")
    streams.map(arn, name, TumblingWindowInSeconds=900)
    told = Invocations(lam, name)
    eventually(lambda: len(told.events()) >= 2, "the same again")

    streams.pass_time(900)
    eventually(lambda: told.events()[-1]["isFinalInvokeForWindow"], "the window's end")
    streams.put("forgets", "b")

    eventually(lambda: streams.ids(told.records())[-1] == "b", "the one behind it")
    events = told.events()[:4]  # by our clock its window may be over already
    assert [streams.ids(event["Records"]) for event in events] == [["a"], ["a"], [], ["b"]]
    assert [event["state"] for event in events] == [{}, {}, {"n": 1}, {}]


def test_what_comes_while_records_are_read_hangs_nobody(lam: OwnLam, streams: Streams, eventually: Eventually) -> None:
    name = streams.function("busy", PRINTS)
    streams.map(streams.create("busy"), name, ParallelizationFactor=4)

    for number in range(150):
        streams.put("busy", f"item-{number}")

    told = Invocations(lam, name)
    eventually(lambda: len(told.records()) == 150, "all of them")


def test_how_old_records_are_is_counted(lam: OwnLam, streams: Streams, eventually: Eventually) -> None:
    name = streams.function("age", PRINTS)
    arn = streams.create("age")
    streams.put("age", "a")
    lam.pass_time(60)
    streams.map(arn, name)
    eventually(Invocations(lam, name).records, "the record")

    cloudwatch = sdk(lam, "cloudwatch", "test")
    asked = {
        "Namespace": "AWS/Lambda",
        "MetricName": "IteratorAge",
        "Dimensions": [{"Name": "FunctionName", "Value": name}],
        "Period": 3600,
        "Statistics": ["Maximum"],
        "StartTime": lam.now_s() - 3600,
        "EndTime": lam.now_s() + 3600,
    }
    points = eventually(lambda: cloudwatch.get_metric_statistics(**asked)["Datapoints"], "the metric")
    assert points[0]["Maximum"] >= 60_000


def test_a_stream_that_is_not_there_is_refused(lam: OwnLam, streams: Streams) -> None:
    name = streams.function("nowhere", PRINTS)
    arn = streams.absent

    with pytest.raises(lam.client.exceptions.InvalidParameterValueException, match=f"Stream not found: {arn}"):
        streams.map(arn, name)


KEPT_HERE = pytest.mark.parametrize("kind", ["dynamodb", "kinesis"])


@KEPT_HERE
def test_a_server_that_starts_again_goes_on_where_it_was(tmp_path: Path, kind: str, eventually: Eventually) -> None:
    with own_emulator(tmp_path, "process") as lam:
        streams = STREAMS[kind](lam)
        name = streams.function("again", PRINTS)
        arn = streams.create("again")
        streams.put("again", "a", "b")
        uuid = streams.map(arn, name)
        eventually(lambda: len(Invocations(lam, name).records()) == 2, "both")
        eventually(lambda: streams.mapping(uuid)["State"] == "Enabled", "it to be changed no more")
        lam.client.update_event_source_mapping(UUID=uuid, Enabled=False)
        eventually(lambda: streams.mapping(uuid)["State"] == "Disabled", "it to rest")
        streams.put("again", "c")

    with own_emulator(tmp_path, "process") as lam:
        lam.client.update_event_source_mapping(UUID=uuid, Enabled=True)
        told = Invocations(lam, name)
        eventually(lambda: "c" in streams.ids(told.records()), "the one that waited")
        assert streams.ids(told.records()) in (["a", "b", "c"], ["c"])


@KEPT_HERE
def test_how_far_a_mapping_had_come_is_forgotten_with_it(tmp_path: Path, kind: str, eventually: Eventually) -> None:
    def kept() -> list[Any]:
        with closing(sqlite3.connect(f"file:{tmp_path / '.lambda-emu' / DATABASE}?mode=ro", uri=True)) as store:
            return store.execute("SELECT mapping FROM stream_positions").fetchall()

    with own_emulator(tmp_path, "process") as lam:
        streams = STREAMS[kind](lam)
        name = streams.function("gone", PRINTS)
        arn = streams.create("gone")
        streams.put("gone", "a")
        uuid = streams.map(arn, name)
        eventually(lambda: kept() == [(uuid,)], "its position")
        eventually(lambda: streams.mapping(uuid)["State"] == "Enabled", "it to be changed no more")

        lam.client.delete_event_source_mapping(UUID=uuid)

        eventually(lambda: kept() == [], "that nothing is kept of it")
