"""A disk without room: whoever wants to keep something is told, what runs goes on, and nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from lam import ROLE, zipped
from own import OwnLam, own_emulator
from services_rig import create_table, sdk
from waiting import eventually

DISK_MB = 32
SIGNED = "AWS4-HMAC-SHA256 Credential=123456789012/20260101/us-east-1/s3/aws4_request"
PRINTER = """
import time
def handler(event, context):
    print("ran", event["n"])
    time.sleep(event.get("sleep", 0))
    return event["n"]
"""


class Disk:
    """A small file system of its own, which can be filled to the last byte."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while file.write(b"x" * size) == size:
                        pass
                except OSError:
                    continue

    def leave(self, kb: int) -> None:
        """Make so much room."""
        os.truncate(self._ballast, self._ballast.stat().st_size - kb * 1024)

    def empty(self) -> None:
        self._ballast.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Mounting needs root, or a namespace of one's own; there is no other honest full disk."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0 and os.geteuid() != 0 and not os.environ.get("CI"):
        pytest.skip(f"nothing may be mounted here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def emulator_on(disk: Disk, tmp_path: Path, **settings: Any) -> Iterator[OwnLam]:
    with own_emulator(tmp_path, "process", data_dir=disk.folder / "data", **settings) as lam:
        lam.create("printer", PRINTER, wait=False, Timeout=60)
        lam.clock.advance(settings.get("activation_delay_s", 0))
        lam.wait_until_active("printer")
        lam.invoke("printer", {"n": 0})
        yield lam


def send(lam: OwnLam, event: Any) -> None:
    assert lam.invoke("printer", event, InvocationType="Event", LogType="None").status == 202


def unsettled(lam: OwnLam) -> int:
    return len(lam.emulator.store.queue.find_unsettled())


def attempts(lam: OwnLam) -> int:
    return sum(event.attempts for event in lam.emulator.store.queue.find_unsettled())


def invocations(lam: OwnLam) -> int:
    """Of all environments together."""
    return sum(one.invocations for one in lam.environments("printer"))


def no_room(call: Any, **parameters: Any) -> None:
    """The call is refused, in AWS's form, with a text that says what is the matter."""
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    answer = refused.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 507
    assert answer["Error"]["Code"] == "ServiceException"
    assert answer["Error"]["Message"].startswith("There is no room left where lambda-emu keeps its data")


def test_an_event_that_settles_meanwhile_is_settled_when_there_is_room(
    disk: Disk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with emulator_on(disk, tmp_path) as lam:
        send(lam, {"n": 1, "sleep": 1.5})
        eventually(lambda: [one.state for one in lam.environments("printer")] == ["BUSY"], "it to run")
        disk.fill()
        eventually(lambda: "nothing can be written" in caplog.text, "the failure to be told")
        eventually(lambda: [one.state for one in lam.environments("printer")] != ["BUSY"], "its end")
        lam.clock.advance(5)
        assert unsettled(lam) == 1

        disk.empty()
        lam.clock.advance(5)

        eventually(lambda: unsettled(lam) == 0, "it to be settled")
        assert invocations(lam) == 2
        assert caplog.text.count("nothing can be written") == 1
        assert caplog.text.count("all is written again") == 1


def test_an_event_that_fails_meanwhile_is_tried_again_when_there_is_room(disk: Disk, tmp_path: Path) -> None:
    with emulator_on(disk, tmp_path) as lam:
        lam.create("failing", "import time\ndef handler(event, context): time.sleep(1.5); raise ValueError", Timeout=60)
        lam.invoke("failing", {}, InvocationType="Event", LogType="None")
        eventually(lambda: [one.state for one in lam.environments("failing")] == ["BUSY"], "it to run")
        disk.fill()
        eventually(lambda: [one.state for one in lam.environments("failing")] == ["IDLE"], "it to fail")
        disk.empty()

        lam.clock.advance(1)
        eventually(lambda: attempts(lam) == 1, "its first attempt to be counted")
        lam.clock.advance(60)

        eventually(lambda: attempts(lam) == 2, "its second attempt")


def test_a_function_that_becomes_ready_meanwhile_is_active_when_there_is_room(
    disk: Disk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with emulator_on(disk, tmp_path, activation_delay_s=60) as lam:
        lam.create("late", PRINTER, wait=False)
        disk.fill()
        lam.clock.advance(60)
        eventually(lambda: "a function is ready, which cannot be written" in caplog.text, "the failure to be told")
        assert lam.client.get_function_configuration(FunctionName="late")["State"] == "Pending"

        disk.empty()
        lam.clock.advance(1)

        lam.wait_until_active("late")
        assert lam.invoke("late", {"n": 1}).payload == 1


def test_who_wants_to_keep_something_is_told_and_invocations_go_on(disk: Disk, tmp_path: Path) -> None:
    code = {"ZipFile": zipped({"app.py": PRINTER})}
    settings: Any = {"Runtime": "python3.11", "Handler": "app.handler", "Role": ROLE}
    with emulator_on(disk, tmp_path) as lam:
        disk.fill()

        no_room(lam.client.create_function, FunctionName="other", Code=code, **settings)
        no_room(lam.client.put_function_concurrency, FunctionName="printer", ReservedConcurrentExecutions=1)
        no_room(lam.client.invoke, FunctionName="printer", InvocationType="Event", Payload=b'{"n": 1}')
        assert lam.invoke("printer", {"n": 2}).payload == 2
        assert lam.client.get_function(FunctionName="printer")["Configuration"]["State"] == "Active"

        disk.empty()
        lam.create("other", PRINTER)
        send(lam, {"n": 3})
        eventually(lambda: unsettled(lam) == 0, "the event to be settled")


def test_a_large_body_that_does_not_fit_is_told_on_a_connection_that_lives(disk: Disk, tmp_path: Path) -> None:
    large = {"ZipFile": zipped({"app.py": PRINTER, "data": os.urandom(5_000_000)})}
    with emulator_on(disk, tmp_path) as lam, ThreadPoolExecutor() as threads:
        disk.fill()

        upload = threads.submit(
            no_room, lam.client.update_function_code, FunctionName="printer", ZipFile=large["ZipFile"]
        )
        while not upload.done():
            assert lam.invoke("printer", {"n": 1}).payload == 1
        upload.result()
        assert list((disk.folder / "data" / "spool").iterdir()) == []

        disk.empty()
        lam.client.update_function_code(FunctionName="printer", ZipFile=large["ZipFile"])


def test_messages_that_a_function_has_meanwhile_are_settled_when_there_is_room(disk: Disk, tmp_path: Path) -> None:
    with emulator_on(disk, tmp_path) as lam:
        sqs = sdk(lam, "sqs", "test")
        url = sqs.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
        lam.create("poller", "import time\ndef handler(event, context): time.sleep(1)", Timeout=60)
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        uuid = lam.client.create_event_source_mapping(EventSourceArn=arn, FunctionName="poller")["UUID"]
        for number in range(3):
            sqs.send_message(QueueUrl=url, MessageBody=str(number))
        eventually(lambda: "BUSY" in [one.state for one in lam.environments("poller")], "them to be taken")
        disk.fill()
        before_s = process_time()
        eventually(lambda: "BUSY" not in [one.state for one in lam.environments("poller")], "its end")
        assert process_time() - before_s < 5  # nothing is tried without a pause
        with pytest.raises(ClientError):
            sqs.send_message(QueueUrl=url, MessageBody="x" * 100_000)

        disk.empty()
        sqs.send_message(QueueUrl=url, MessageBody="later")

        def is_empty() -> bool:
            if "BUSY" not in [one.state for one in lam.environments("poller")]:  # who has them has time to settle them
                lam.clock.advance(10)
            names = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            return set(found.values()) == {"0"}

        eventually(is_empty, "all of them to be settled")
        lam.client.delete_event_source_mapping(UUID=uuid)


KEEPER = """
import time
seen = []
def handler(event, context):
    if "Records" in event:
        time.sleep(1)
        seen.extend(record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"])
    return seen
"""


def test_stream_records_are_read_on_in_order_though_their_place_cannot_be_kept(disk: Disk, tmp_path: Path) -> None:
    with emulator_on(disk, tmp_path) as lam:
        dynamodb = sdk(lam, "dynamodb", "test")
        arn = create_table(dynamodb, "orders", "KEYS_ONLY")["LatestStreamArn"]
        lam.create("keeper", KEEPER, Timeout=60)
        lam.client.put_function_concurrency(FunctionName="keeper", ReservedConcurrentExecutions=1)

        def put(*ids: str) -> None:
            for id in ids:
                dynamodb.put_item(TableName="orders", Item={"id": {"S": id}})

        def is_busy() -> bool:
            return "BUSY" in [one.state for one in lam.environments("keeper")]

        def seen() -> list[str]:
            """Each when it came first; while the function has others nobody is told."""
            if is_busy():  # its own time goes on as well
                return []
            lam.clock.advance(5)
            try:
                return list(dict.fromkeys(lam.invoke("keeper", {}).payload))
            except lam.client.exceptions.TooManyRequestsException:
                return []

        put("1", "2", "3")
        uuid = lam.client.create_event_source_mapping(
            EventSourceArn=arn, FunctionName="keeper", StartingPosition="TRIM_HORIZON", BatchSize=2
        )["UUID"]
        eventually(is_busy, "the first to be taken")
        disk.fill()
        before_s = process_time()
        eventually(lambda: not is_busy(), "its end")
        eventually(lambda: seen()[:2] == ["1", "2"], "them to be told")
        assert process_time() - before_s < 10  # nothing is tried without a pause

        disk.empty()
        put("4")

        eventually(lambda: seen() == ["1", "2", "3", "4"], "all of them in their order")
        lam.client.delete_event_source_mapping(UUID=uuid)


def test_who_needs_a_new_environment_is_told_and_has_one_when_there_is_room(disk: Disk, tmp_path: Path) -> None:
    with emulator_on(disk, tmp_path, stems=0) as lam:
        lam.create("another", PRINTER)
        disk.fill()
        with pytest.raises(ClientError, match="No space left on device") as refused:
            lam.invoke("another", {"n": 1})

        disk.empty()

        assert refused.value.response["Error"]["Code"] == "ServiceException"
        assert lam.invoke("another", {"n": 2}).payload == 2


def test_logs_are_lost_and_it_is_told_once(disk: Disk, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with emulator_on(disk, tmp_path) as lam:
        assert lam.emulator.logs.flush(30)  # who writes them has opened the file
        disk.fill()
        for number in range(3):
            lam.invoke("printer", {"n": number})
            assert lam.emulator.logs.flush(30)

        disk.empty()
        assert lam.invoke("printer", {"n": 4}).lines == ["ran 4"]
        assert lam.emulator.logs.flush(30)

        assert caplog.text.count("logs are lost from here on") == 1
        assert caplog.text.count("logs are kept again") == 1


def test_logs_are_kept_again_though_there_was_no_room_to_open_them(
    disk: Disk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with own_emulator(tmp_path, "process", data_dir=disk.folder / "data") as lam:
        lam.create("printer", PRINTER)
        disk.fill()
        for number in range(20):
            lam.invoke("printer", {"n": number})
            assert lam.emulator.logs.flush(30)
        disk.empty()

        def is_kept() -> bool:
            assert lam.invoke("printer", {"n": 99}).lines == ["ran 99"]
            assert lam.emulator.logs.flush(30)
            return caplog.text.count("logs are kept again") == 1

        eventually(is_kept, "a later line to be kept")
        assert caplog.text.count("logs are lost from here on") == 1
        assert "some lines may be lost" not in caplog.text


def test_with_too_little_room_it_starts_isolated_or_not_at_all(
    disk: Disk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files_are_isolated: set[bool | None] = set()
    for left_kb in range(160, 480, 24):
        disk.fill()
        disk.leave(left_kb)
        try:
            with own_emulator(tmp_path, "process", data_dir=disk.folder / f"data-{left_kb}") as lam:
                files_are_isolated.add(lam.emulator.engine.abilities.isolates_files)
        except (OSError, sqlite3.Error):
            files_are_isolated.add(None)
        shutil.rmtree(disk.folder / f"data-{left_kb}", ignore_errors=True)
    assert files_are_isolated == {True, None}
    assert "gives us no namespaces" not in caplog.text  # which is why it would run without


@pytest.mark.parametrize("megabytes", [9, 20], ids=["where its file would be", "where it comes in"])
def test_an_object_without_room_is_refused_and_leaves_nothing(disk: Disk, tmp_path: Path, megabytes: int) -> None:
    """In pieces, as SDKs in Java send it, it has to be written twice; else once."""
    data, piece = disk.folder / "data", os.urandom(1 << 20)
    with own_emulator(tmp_path, "process", data_dir=data, stems=0) as lam:
        s3 = sdk(lam, "s3")
        s3.create_bucket(Bucket="full")
        s3.put_object(Bucket="full", Key="there", Body=piece)
        before = sorted((data / "services" / "bodies").iterdir())
        disk.fill()
        disk.leave(kb=12 * 1024)

        body = b"100000\r\n%b\r\n" % piece * megabytes + b"0\r\n\r\n"
        headers = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "Authorization": SIGNED}
        with closing(HTTPConnection(lam.url.removeprefix("http://"), timeout=30)) as connection:
            connection.request("PUT", "/full/large", body, headers)
            answered = connection.getresponse()
            assert (answered.status, b"There is no room left" in answered.read()) == (507, True)

        assert [found["Key"] for found in s3.list_objects_v2(Bucket="full")["Contents"]] == ["there"]
        assert s3.get_object(Bucket="full", Key="there")["Body"].read() == piece
        eventually(lambda: sorted((data / "services" / "bodies").iterdir()) == before, "its file to be removed")
        assert list((data / "spool").iterdir()) == []
        s3.put_object(Bucket="full", Key="whole", Body=piece * 9)  # which is written once


def test_whoever_brings_events_is_told_and_goes_on_when_there_is_room(
    disk: Disk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A firing that was due meanwhile comes, too, and the log is not flooded."""
    with emulator_on(disk, tmp_path) as lam:
        rules, schedules, streams, logs = (sdk(lam, one) for one in ("events", "scheduler", "kinesis", "logs"))
        queue = sdk(lam, "sqs").create_queue(QueueName="fired")["QueueUrl"]
        streams.create_stream(StreamName="before", ShardCount=1)
        target = {"Arn": "arn:aws:sqs:us-east-1:123456789012:fired", "RoleArn": ROLE, "Input": "fired"}
        settings = {"ScheduleExpression": "rate(1 minute)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
        schedules.create_schedule(Name="before", **settings)
        rules.put_rule(Name="before", EventPattern='{"source": ["shop"]}')
        rules.put_targets(Rule="before", Targets=[{"Id": "queue", "Arn": target["Arn"]}])
        event = {"Source": "shop", "DetailType": "order", "Detail": json.dumps({"of": "x" * 20_000})}

        def asks() -> list[Callable[[], object]]:
            return [
                lambda: schedules.create_schedule(Name="other", **settings),
                lambda: rules.put_rule(Name="other", EventPattern='{"source": ["shop"]}'),
                lambda: rules.create_archive(
                    ArchiveName="other", EventSourceArn="arn:aws:events:us-east-1:123456789012:event-bus/default"
                ),
                lambda: streams.put_record(StreamName="before", PartitionKey="a", Data=b"x" * 100_000),
                lambda: logs.create_log_group(logGroupName="other"),
                lambda: rules.put_events(Entries=[event]),
            ]

        disk.fill()
        for ask in asks():
            with pytest.raises(ClientError) as refused:
                ask()
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (500, 503)
        lam.clock.advance(60)
        assert lam.invoke("printer", {"n": 1}).payload == 1
        disk.empty()

        lam.clock.advance(60)
        for ask in asks():
            ask()
        found = sdk(lam, "sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
        assert found[0]["Body"] == "fired"
    assert "Traceback" not in caplog.text
