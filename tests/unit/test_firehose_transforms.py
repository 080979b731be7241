"""A function transforms records before they are delivered: what it is given, and what becomes of what it answers.

docs/contract/events.md#firehose.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
from firehose_rig import BUCKET, FUNCTION, NOW_S, Firehose, answered, firehose, ok, serving, transform
from ground_rig import ACCOUNT, REGION
from waiting import eventually

from lambda_emu.services.firehose.judging import Answer

__all__ = ["firehose"]

NOW_MS = int(NOW_S * 1000)
AT_ONCE: dict[str, Any] = {"BufferingHints": {"IntervalInSeconds": 0}}


def created(firehose: Firehose, **parameters: str) -> None:
    """A stream whose function gets each record at once, and whose objects are made at once."""
    firehose.create(ProcessingConfiguration=transform(BufferIntervalInSeconds="0", **parameters), **AT_ONCE)


def errors(firehose: Firehose, count: int = 1) -> list[dict[str, Any]]:
    """The lines of error objects, once there are so many objects."""
    return [json.loads(line) for content in firehose.objects(count).values() for line in content.splitlines()]


def test_a_function_is_given_records_as_on_aws_and_what_it_returns_is_delivered(firehose: Firehose) -> None:
    firehose.function.does = ok
    firehose.create(ProcessingConfiguration=transform(), **AT_ONCE)
    firehose.put("a", "b")
    firehose.clock.advance(59)
    assert firehose.function.events == []

    assert firehose.after(1, 1) == [b"AB"]

    [event] = firehose.function.events
    assert re.fullmatch("[0-9a-f-]{36}", event.pop("invocationId"))
    ids = [one.pop("recordId") for one in event["records"]]
    assert all(re.fullmatch("[0-9]{62}", id) for id in ids)
    assert len(set(ids)) == 2
    assert event == {
        "deliveryStreamArn": f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/s",
        "region": REGION,
        "records": [
            {"approximateArrivalTimestamp": NOW_MS, "data": "YQ=="},
            {"approximateArrivalTimestamp": NOW_MS, "data": "Yg=="},
        ],
    }


def test_a_function_is_asked_when_there_are_enough_records(firehose: Firehose) -> None:
    firehose.function.does = ok
    firehose.create(ProcessingConfiguration=transform(BufferSizeInMBs="0.2"), **AT_ONCE)

    firehose.put("x" * (1 << 18))

    assert [len(one) for one in firehose.objects(1).values()] == [1 << 18]


def test_dropped_records_leave_nothing_and_failed_ones_a_line(firehose: Firehose) -> None:
    def judge(event: dict[str, Any]) -> Answer:
        first, second, third = event["records"]
        return answered(
            [
                {"recordId": second["recordId"], "result": "Dropped", "data": ""},
                {"recordId": third["recordId"], "result": "ProcessingFailed", "data": third["data"]},
                {"recordId": first["recordId"], "result": "Ok", "data": "T0s="},
            ]
        )

    firehose.function.does = judge
    firehose.create(ProcessingConfiguration=transform(), **AT_ONCE)
    firehose.put("one", "two", "three")
    firehose.clock.advance(60)

    objects = firehose.objects(2)
    [failed] = [name for name in objects if "processing-failed" in name]
    assert re.fullmatch("logs/processing-failed/2027/01/15/08/s-1-2027-01-15-08-00-00-[0-9a-f-]{36}", failed)
    assert objects.pop(failed).decode() == (
        f'{{"rawData":"dGhyZWU=","errorCode":"Lambda.ProcessingFailedStatus",'
        f'"errorMessage":"ProcessingFailed status set for record","attemptsMade":1,"arrivalTimestamp":{NOW_MS},'
        f'"attemptEndingTimestamp":{NOW_MS + 60_000},"lambdaARN":"{FUNCTION}"}}\n'
    )
    assert list(objects.values()) == [b"OK"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"null", "Lambda.MissingRecordId"),
        (b"[]", "Lambda.MissingRecordId"),
        (b"{", "Lambda.MissingRecordId"),
        (b'{"records": [{"recordId": "\xff"}]}', "Lambda.MissingRecordId"),
        (b'{"records": 7}', "Lambda.MissingRecordId"),
        (b'{"records": []}', "Lambda.MissingRecordId"),
        (b'{"records": [{"recordId": "other", "result": "Ok", "data": ""}]}', "Lambda.MissingRecordId"),
    ],
)
def test_a_record_that_is_not_returned_is_an_error_and_not_asked_for_again(
    firehose: Firehose, answer: bytes, code: str
) -> None:
    firehose.function.does = lambda _: Answer(answer)
    created(firehose)
    firehose.put("x")

    [line] = errors(firehose)
    assert (line["errorCode"], line["attemptsMade"], b64decode(line["rawData"])) == (code, 1, b"x")
    assert len(firehose.function.events) == 1


@pytest.mark.parametrize(
    ("returned", "code"),
    [
        ([{"result": "Ok", "data": ""}] * 2, "Lambda.DuplicatedRecordId"),
        ([{"result": "Fine", "data": ""}], "Lambda.FunctionError"),
        ([{"result": "Ok"}], "Lambda.FunctionError"),
        ([{"result": "Ok", "data": "no base64"}], "Lambda.FunctionError"),
        ([{"result": "Ok", "data": 7}], "Lambda.FunctionError"),
        ([{}], "Lambda.FunctionError"),
    ],
)
def test_a_record_that_is_returned_badly_is_an_error_and_leaves_the_others(
    firehose: Firehose, returned: list[dict[str, Any]], code: str
) -> None:
    def judge(event: dict[str, Any]) -> Answer:
        good, bad = event["records"]
        return answered(
            [
                {"recordId": good["recordId"], "result": "Ok", "data": good["data"]},
                *({"recordId": bad["recordId"], **one} for one in returned),
            ]
        )

    firehose.function.does = judge
    firehose.create(ProcessingConfiguration=transform(), **AT_ONCE)
    firehose.put("good", "bad")
    firehose.clock.advance(60)

    delivered = sorted(firehose.objects(2).values(), key=len)
    assert delivered[0] == b"good"
    line = json.loads(delivered[1])
    assert (line["errorCode"], b64decode(line["rawData"])) == (code, b"bad")


@pytest.mark.parametrize("answer", [b"null", b"{", b'{"records": "\xff"}', b'{"records": [{"recordId": "\xff"}]}'])
def test_an_answer_that_is_none_is_an_error_of_each_record(firehose: Firehose, answer: bytes) -> None:
    firehose.function.does = lambda _: Answer(answer)
    firehose.create(ProcessingConfiguration=transform(), **AT_ONCE)
    firehose.put("a")
    firehose.clock.advance(60)

    (line,) = firehose.objects(1).values()
    assert b64decode(json.loads(line)["rawData"]) == b"a"


def test_a_function_that_fails_is_asked_again_with_the_same_records_and_another_id(firehose: Firehose) -> None:
    answers = [Answer(has_failed=True), Answer(refusal=("TooManyRequestsException", "Rate Exceeded."))]
    firehose.function.does = lambda event: answers.pop() if answers else ok(event)
    firehose.create(ProcessingConfiguration=transform(), **AT_ONCE)
    firehose.put("a")
    firehose.clock.advance(60)
    eventually(lambda: len(firehose.function.events) == 1, "the first attempt")
    firehose.put("b")
    firehose.clock.advance(1)
    eventually(lambda: len(firehose.function.events) == 2, "the second attempt")

    assert firehose.after(2, 1) == [b"A"]

    first, second, third = firehose.function.events
    assert first["records"] == second["records"] == third["records"]
    assert len({one["invocationId"] for one in firehose.function.events}) == 3


@pytest.mark.parametrize(
    ("answer", "retries", "code"),
    [
        (Answer(has_failed=True), None, "Lambda.FunctionError"),
        (Answer(has_failed=True), "0", "Lambda.FunctionError"),
        (Answer(has_timed_out=True), "1", "Lambda.FunctionTimedOut"),
        (Answer(refusal=("ResourceNotFoundException", "no")), "1", "Lambda.ResourceNotFound"),
        (Answer(refusal=("ServiceException", "no")), "1", "Lambda.Service"),
    ],
)
def test_after_its_retries_all_records_are_errors(
    firehose: Firehose, answer: Answer, retries: str | None, code: str
) -> None:
    attempts = 4 if retries is None else int(retries) + 1
    firehose.function.does = lambda _: answer
    created(firehose, **({} if retries is None else {"NumberOfRetries": retries}))
    firehose.put("x")
    for rest_s in (1, 2, 4)[: attempts - 1]:
        eventually(lambda: firehose.watched.timers, "its rest")
        firehose.clock.advance(rest_s)

    [line] = errors(firehose)
    assert (line["errorCode"], line["attemptsMade"]) == (code, attempts)
    assert len(firehose.function.events) == attempts


def test_errors_lie_under_their_prefix(firehose: Firehose) -> None:
    firehose.function.does = lambda _: Answer(b"null")
    firehose.create(
        Prefix="good/!{timestamp:yyyy}/",
        ErrorOutputPrefix="bad/!{firehose:error-output-type}/!{timestamp:MM}/",
        ProcessingConfiguration=transform(BufferIntervalInSeconds="0"),
        **AT_ONCE,
    )
    firehose.put("x")

    [name] = firehose.objects(1)
    assert name.startswith("logs/bad/processing-failed/01/s-1-")


def test_a_backup_has_records_as_they_came(firehose: Firehose) -> None:
    firehose.function.does = lambda event: answered(
        {"recordId": one["recordId"], "result": "Dropped", "data": ""} for one in event["records"]
    )
    backup = BUCKET | {"Prefix": "raw/", "BufferingHints": {"IntervalInSeconds": 60}}
    firehose.create(
        ProcessingConfiguration=transform(), S3BackupMode="Enabled", S3BackupConfiguration=backup, **AT_ONCE
    )
    firehose.put("a", "b")

    assert firehose.after(60, 1) == [b"ab"]
    eventually(lambda: firehose.function.events, "the function")


def test_objects_are_partitioned_by_keys_that_the_function_gives(firehose: Firehose) -> None:
    def judge(event: dict[str, Any]) -> Answer:
        return answered(
            {
                "recordId": one["recordId"],
                "result": "Ok",
                "data": one["data"],
                "metadata": {"partitionKeys": {"who": b64decode(one["data"])[:1].decode()}} if one["data"] else None,
            }
            for one in event["records"]
        )

    firehose.function.does = judge
    firehose.create(
        Prefix="who=!{partitionKeyFromLambda:who}/!{timestamp:yyyy}/",
        ErrorOutputPrefix="e/!{firehose:error-output-type}/",
        BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 60},
        DynamicPartitioningConfiguration={"Enabled": True},
        ProcessingConfiguration=transform(BufferIntervalInSeconds="0"),
    )
    firehose.put("a1", "b1", "a2", "")
    eventually(lambda: firehose.waits() > 100, "the error, which came last")
    firehose.clock.advance(60)

    objects = firehose.objects(3)
    by_folder = {name.split("/")[1]: content for name, content in objects.items()}
    assert by_folder.keys() == {"who=a", "who=b", "e"}
    assert (by_folder["who=a"], by_folder["who=b"]) == (b"a1a2", b"b1")


def test_what_waits_for_a_function_goes_on_as_it_is_when_processing_is_switched_off(firehose: Firehose) -> None:
    firehose.create(ProcessingConfiguration=transform(), **AT_ONCE)
    firehose.put("x")

    firehose.update(ProcessingConfiguration={"Enabled": False})

    assert list(firehose.objects(1).values()) == [b"x"]
    assert firehose.function.events == []


def test_what_was_transformed_is_not_transformed_again_after_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path) as firehose:
        firehose.function.does = ok
        firehose.create(ProcessingConfiguration=transform(BufferIntervalInSeconds="0"))
        firehose.put("a")
        eventually(lambda: firehose.watched.timers, "the transformed record to wait")
        assert len(firehose.function.events) == 1

    with serving(tmp_path) as firehose:
        assert firehose.after(300, 1) == [b"A"]
        assert firehose.function.events == []


def test_many_small_records_fit_what_a_function_may_be_given(firehose: Firehose) -> None:
    sizes: list[int] = []

    def count(event: dict[str, Any]) -> Answer:
        sizes.append(len(json.dumps(event, separators=(",", ":"))))
        return answered({"recordId": one["recordId"], "result": "Dropped"} for one in event["records"])

    firehose.function.does = count
    firehose.create(ProcessingConfiguration=transform(), **AT_ONCE)
    for _ in range(75):
        firehose.client.put_record_batch(DeliveryStreamName="s", Records=[{"Data": b"x"}] * 500)
    firehose.clock.advance(60)

    eventually(lambda: firehose.waits() == 0, "all of them to be dropped")
    assert len(sizes) >= 2
    assert max(sizes) < 6_000_000


def test_large_records_fit_what_a_function_may_be_given(firehose: Firehose) -> None:
    firehose.function.does = ok
    firehose.create(ProcessingConfiguration=transform(BufferSizeInMBs="3"), **AT_ONCE)
    for _ in range(6):
        firehose.client.put_record(DeliveryStreamName="s", Record={"Data": b"x" * 1_000_000})

    firehose.clock.advance(60)
    eventually(lambda: sum(len(one) for one in firehose.buckets.objects().values()) == 6_000_000, "all of them")

    assert max(len(b64encode(json.dumps(one).encode())) * 3 // 4 for one in firehose.function.events) < 6 << 20
