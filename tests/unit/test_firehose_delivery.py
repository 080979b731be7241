"""Records are put, wait, and become objects: when, with what in them, and under which names."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from api_rig import refused, shown
from firehose_rig import BUCKET, Firehose, firehose, serving
from store_rig import files_end_at
from waiting import eventually

__all__ = ["firehose"]

SUFFIX = r"s-1-2027-01-15-08-00-00-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""Behind a prefix, at the time when a test begins."""


def key_of(firehose: Firehose) -> str:
    [name] = firehose.objects(1)
    return name.removeprefix("logs/")


def test_records_become_one_object_when_the_oldest_is_old_enough(firehose: Firehose) -> None:
    firehose.create(BufferingHints={"IntervalInSeconds": 60})
    firehose.put("a")
    firehose.clock.advance(30)
    firehose.put("b", "c")

    firehose.clock.advance(29)
    assert firehose.buckets.objects() == {}

    assert firehose.after(1, 1) == [b"abc"]


def test_or_when_there_are_enough_of_them(firehose: Firehose) -> None:
    firehose.create(BufferingHints={"SizeInMBs": 1})
    half = "x" * (1 << 19)
    firehose.put(half)
    assert firehose.buckets.objects() == {}

    firehose.put(half)

    assert [len(one) for one in firehose.objects(1).values()] == [1 << 20]


def test_without_an_interval_they_go_at_once(firehose: Firehose) -> None:
    firehose.create(BufferingHints={"IntervalInSeconds": 0})

    firehose.put("now")

    assert list(firehose.objects(1).values()) == [b"now"]


def test_an_idle_stream_has_no_timer(firehose: Firehose) -> None:
    firehose.create(BufferingHints={"IntervalInSeconds": 60})
    firehose.put("a")
    assert firehose.watched.timers

    firehose.after(60, 1)

    eventually(lambda: not firehose.watched.timers, "the last timer to fire")
    asked = firehose.buckets.asked
    firehose.clock.advance(86_400)
    assert (firehose.watched.timers, firehose.buckets.asked) == (set(), asked)


def test_a_record_has_a_megabyte_at_most_and_may_be_empty(firehose: Firehose) -> None:
    firehose.create(BufferingHints={"IntervalInSeconds": 0})
    firehose.put("")

    with refused("ValidationException"):
        firehose.put("x" * 1_024_001)
    firehose.put("x" * 1_024_000)

    assert sorted(map(len, firehose.objects(2).values())) == [0, 1_024_000]


def test_a_batch_is_taken_whole_and_tells_of_each_record(firehose: Firehose) -> None:
    firehose.create()
    records = [{"Data": bytes([one]) * 3} for one in range(256)]

    answer = shown(firehose.client.put_record_batch(DeliveryStreamName="s", Records=records))

    assert (answer["FailedPutCount"], answer["Encrypted"]) == (0, False)
    assert len({one["RecordId"] for one in answer["RequestResponses"]}) == 256
    assert firehose.after(300, 1) == [b"".join(one["Data"] for one in records)]


def test_a_batch_beyond_its_bounds_is_refused(firehose: Firehose) -> None:
    firehose.create()
    put = firehose.client.put_record_batch

    with refused("ValidationException"):
        put(DeliveryStreamName="s", Records=[{"Data": b""}] * 501)
    with refused("InvalidArgumentException"):
        put(DeliveryStreamName="s", Records=[{"Data": b"x" * 900_000}] * 5)
    assert firehose.after(300, 0) == []


def test_of_a_batch_the_records_fail_for_which_there_is_no_room(tmp_path: Path) -> None:
    with serving(tmp_path, most_waiting=10) as firehose:
        firehose.create()

        answer = firehose.client.put_record_batch(
            DeliveryStreamName="s", Records=[{"Data": b"x" * 6}, {"Data": b"y" * 6}]
        )

        first, second = answer["RequestResponses"]
        assert answer["FailedPutCount"] == 1
        assert first["RecordId"]
        assert second == {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}
        with refused("ServiceUnavailableException", "Slow down."):
            firehose.put("z" * 5)
        assert firehose.after(300, 1) == [b"xxxxxx"]
        eventually(lambda: firehose.waits() == 0, "room")
        firehose.put("z" * 5)


def test_what_a_full_disk_cannot_keep_is_refused(firehose: Firehose) -> None:
    firehose.create()
    with files_end_at(0), refused("ServiceUnavailableException", "Slow down."):
        firehose.put("lost")

    firehose.put("kept")

    assert firehose.after(300, 1) == [b"kept"]


@pytest.mark.parametrize(
    ("destination", "prefix"),
    [
        ({}, "2027/01/15/08/"),
        ({"Prefix": "app"}, "app2027/01/15/08/"),
        ({"Prefix": "app/"}, "app/2027/01/15/08/"),
        ({"Prefix": "y=!{timestamp:yyyy}/d=!{timestamp:dd'th'}/"}, "y=2027/d=15th/"),
        ({"Prefix": "!{firehose:random-string}/"}, "[0-9A-Za-z]{11}/2027/01/15/08/"),
        ({"CustomTimeZone": "Asia/Tokyo"}, "2027/01/15/17/"),
    ],
)
def test_an_object_has_awss_name(firehose: Firehose, destination: Any, prefix: str) -> None:
    firehose.create(ErrorOutputPrefix="!{firehose:error-output-type}/", **destination)
    firehose.put("x")
    firehose.clock.advance(300)

    suffix = SUFFIX.replace("15-08", "15-17") if destination.get("CustomTimeZone") else SUFFIX
    assert re.fullmatch(prefix + suffix, key_of(firehose))


def test_its_name_has_the_version_of_the_stream(firehose: Firehose) -> None:
    firehose.create()
    firehose.update(Prefix="new/")
    firehose.put("x")
    firehose.clock.advance(300)

    assert re.fullmatch("new/2027/01/15/08/" + SUFFIX.replace("s-1", "s-2"), key_of(firehose))


@pytest.mark.parametrize(("compression", "ending", "encoding"), [("GZIP", ".gz", "gzip"), ("ZIP", ".zip", "zip")])
def test_an_object_is_packed_as_it_is_wanted(firehose: Firehose, compression: str, ending: str, encoding: str) -> None:
    firehose.create(CompressionFormat=compression)
    firehose.put("a\n", "b\n")
    firehose.clock.advance(300)

    [(name, content)] = firehose.objects(1).items()
    assert name.endswith(ending)
    assert firehose.buckets.members[name]["ContentEncoding"] == encoding
    if compression == "GZIP":
        assert gzip.decompress(content) == b"a\nb\n"
    else:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            [entry] = archive.namelist()
            assert archive.read(entry) == b"a\nb\n"


def test_an_extension_takes_the_place_of_the_formats_own(firehose: Firehose) -> None:
    firehose.create(CompressionFormat="GZIP", FileExtension=".log.gz")
    firehose.put("x")
    firehose.clock.advance(300)

    assert re.fullmatch("2027/01/15/08/" + SUFFIX + r"\.log\.gz", key_of(firehose))


def test_a_line_ends_between_records_where_that_is_wanted(firehose: Firehose) -> None:
    parameters = [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}]
    processors = [{"Type": "AppendDelimiterToRecord", "Parameters": parameters}]
    firehose.create(ProcessingConfiguration={"Enabled": True, "Processors": processors})
    firehose.put("a", "b", "c")

    assert firehose.after(300, 1) == [b"a\nb\nc"]


def test_what_came_is_backed_up_by_hints_of_its_own(firehose: Firehose) -> None:
    backup = {"RoleARN": BUCKET["RoleARN"], "BucketARN": "arn:aws:s3:::backup", "Prefix": "raw/"}
    hints = {"BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 5}}
    firehose.create(S3BackupMode="Enabled", S3BackupConfiguration=backup | hints)
    firehose.put("x")

    assert firehose.after(60, 1) == [b"x"]
    firehose.clock.advance(240)
    assert sorted(name.split("/")[0] for name in firehose.objects(2)) == ["backup", "logs"]


def test_while_s3_is_away_nothing_is_lost(firehose: Firehose) -> None:
    firehose.create(BufferingHints={"IntervalInSeconds": 10})
    firehose.buckets.is_away = True
    firehose.put("a")
    firehose.clock.advance(10)
    eventually(lambda: firehose.buckets.asked, "an attempt")
    firehose.put("b")
    for _ in range(8):
        firehose.clock.advance(30)

    firehose.buckets.is_away = False
    firehose.clock.advance(30)

    firehose.clock.advance(30)
    assert sorted(firehose.objects(2).values()) == [b"a", b"b"]


def test_many_small_records_become_one_object_and_none_is_left(firehose: Firehose) -> None:
    firehose.create()
    for _ in range(50):
        firehose.client.put_record_batch(DeliveryStreamName="s", Records=[{"Data": b"x"}] * 500)

    assert [len(one) for one in firehose.after(300, 1)] == [25_000]
    eventually(lambda: firehose.waits() == 0, "the records to go")
    assert len(firehose.after(600, 1)) == 1


def test_an_update_is_an_occasion_to_try_again(firehose: Firehose) -> None:
    firehose.create(BufferingHints={"IntervalInSeconds": 10})
    firehose.buckets.is_away = True
    firehose.put("a")
    firehose.clock.advance(10)
    eventually(lambda: firehose.buckets.asked, "an attempt")
    firehose.buckets.is_away = False

    firehose.update(BucketARN="arn:aws:s3:::other")

    [name] = firehose.objects(1)
    assert name.startswith("other/")


def test_what_cannot_be_delivered_for_a_day_is_given_up(firehose: Firehose) -> None:
    firehose.create(BufferingHints={"IntervalInSeconds": 10})
    firehose.buckets.is_away = True
    firehose.put("old")
    firehose.clock.advance(86_000)
    eventually(lambda: firehose.buckets.asked, "an attempt")
    firehose.put("new")
    firehose.clock.advance(1_000)
    eventually(lambda: firehose.waits() == 3, "the old one to go")
    firehose.buckets.is_away = False

    assert firehose.after(60, 1) == [b"new"]


def test_what_waits_outlives_a_restart_and_its_time_goes_on(tmp_path: Path) -> None:
    with serving(tmp_path) as firehose:
        firehose.create(BufferingHints={"IntervalInSeconds": 900})
        firehose.put("a", "b")

    with serving(tmp_path) as firehose:
        assert firehose.describe()["VersionId"] == "1"
        firehose.put("c")

        assert firehose.after(900, 1) == [b"abc"]


def test_a_stream_that_is_deleted_leaves_no_record(firehose: Firehose) -> None:
    from lambda_emu.services.late import ask_store

    firehose.create()
    for _ in range(3):
        firehose.client.put_record_batch(DeliveryStreamName="s", Records=[{"Data": b"x"}] * 400)
    firehose.client.delete_delivery_stream(DeliveryStreamName="s")

    def left() -> int:
        count: int = ask_store(
            firehose.store, lambda connection: connection.execute("SELECT count(*) FROM firehose_records"), 10
        ).fetchone()[0]
        return count

    eventually(lambda: left() == 0, "the records to go")


JUNK = '{"DeliveryStreamName": "\ud800"}'
"""Once it is bytes, no UTF-8 within a text."""


@pytest.mark.parametrize("body", ["", "{", "[]", '"x"', "null", json.dumps({"DeliveryStreamName": 7}), "\ud800", JUNK])
@pytest.mark.parametrize("operation", ["PutRecord", "PutRecordBatch", "CreateDeliveryStream", "None", ""])
def test_whatever_comes_has_an_answer_of_firehose(firehose: Firehose, operation: str, body: str) -> None:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    headers = {"X-Amz-Target": f"Firehose_20150804.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    request = Request(f"http://127.0.0.1:{firehose.port}/", body.encode(errors="surrogatepass"), headers)
    with pytest.raises(HTTPError) as raised:
        urlopen(request, timeout=10)

    assert raised.value.code == 400
    assert json.loads(raised.value.read())["__type"] in (
        "SerializationException",
        "ValidationException",
        "UnknownOperationException",
    )
