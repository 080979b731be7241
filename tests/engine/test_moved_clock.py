"""`lambda-emu clock` moves what waits, each to its own time, and nothing that must not move. docs/clock.md."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from threading import Event
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from own import Served, served
from server_rig import Exchange, http_server, send
from services_rig import Inbox, create_table, sdk
from waiting import eventually

ACCOUNT = "000000000000"
TELLS = """
import json
def handler(event, context):
    print("GOT " + json.dumps(event))
"""
FAILS = """
def handler(event, context):
    print("RUNS")
    raise ValueError
"""
WAITS = """
import os, urllib.request
def handler(event, context):
    urllib.request.urlopen(os.environ["TOLD"]).close()
"""
OFF = {"Mode": "OFF"}
HOUR = timedelta(hours=1)


class Server:
    """`lambda-emu serve` on functions as processes, and the command that moves its clock."""

    def __init__(self, lam: Served) -> None:
        self.lam = lam

    def clock(self, *arguments: str) -> dict[str, Any]:
        ran = self.run(*arguments, "--json")
        assert ran.returncode == 0, ran.stderr
        told: dict[str, Any] = json.loads(ran.stdout)
        return told

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "lambda_emu", "clock", *arguments]
        return subprocess.run(line, cwd=self.lam.folder, capture_output=True, text=True, timeout=120, check=False)

    def now(self) -> datetime:
        return datetime.fromisoformat(self.clock("show")["now"])

    def sdk(self, service: str) -> Any:
        return sdk(self.lam, service, ACCOUNT)

    def create(self, name: str, code: str, **configuration: Any) -> str:
        """Its ARN."""
        self.lam.create(name, code, **configuration)
        arn: str = self.lam.client.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
        return arn

    def schedule(self, name: str, expression: str, arn: str, said: str) -> None:
        target = {"Arn": arn, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/scheduler", "Input": said}
        self.sdk("scheduler").create_schedule(
            Name=name, ScheduleExpression=expression, FlexibleTimeWindow=OFF, Target=target
        )

    def printed(self, name: str, begins: str = "GOT ") -> list[tuple[datetime, str]]:
        """The lines of its log that begin so, and when each was printed."""
        found = json.loads(self.lam.page(f"logs?function={name}"))["events"]
        lines = [(one["timestamp"], one["message"]) for one in found if one["message"].startswith(begins)]
        return [(datetime.fromtimestamp(at / 1000, UTC), line.removeprefix(begins).strip()) for at, line in lines]


@contextmanager
def until_told(server: Server) -> Iterator[Event]:
    """Has a function `long` that ends when this is set, and is due in a minute."""
    told = Event()

    def answer(exchange: Exchange) -> None:
        told.wait(60)
        send(exchange, status=204)

    with http_server(answer) as url:
        arn = server.create("long", WAITS, Timeout=120, Environment={"Variables": {"TOLD": url}})
        at = server.now() + timedelta(minutes=1)
        server.schedule("long", f"at({at:%Y-%m-%dT%H:%M:%S})", arn, "1")
        try:
            yield told
        finally:
            told.set()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("project"), "process") as lam:
        yield Server(lam)


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    yield running
    token = (running.lam.folder / ".lambda-emu" / "token").read_text().strip()
    urlopen(Request(f"{running.lam.url}/_lambda-emu/reset", b"", {"X-Lambda-Emu-Token": token}), timeout=60).close()


def test_a_delayed_message_comes_when_its_time_has_come(server: Server) -> None:
    queue = Inbox(server.lam, "delayed", DelaySeconds="900")
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody="x")

    server.clock("advance", "14m50s")
    assert queue.next(0) is None
    server.clock("advance", "10s")

    message = queue.next(0)
    sent_s = int(message["Attributes"]["SentTimestamp"]) / 1000
    assert message["Body"] == "x"
    assert sent_s == pytest.approx(time.time(), abs=60)
    later = queue.sqs.send_message(QueueUrl=queue.url, MessageBody="y", DelaySeconds=0)
    assert later
    assert int(queue.next(0)["Attributes"]["SentTimestamp"]) / 1000 == pytest.approx(time.time() + 900, abs=60)


def test_a_message_in_flight_is_visible_again_and_who_waits_for_messages_has_waited(server: Server) -> None:
    queue = Inbox(server.lam, "in-flight", VisibilityTimeout="3600")
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody="x")
    assert len(queue.sqs.receive_message(QueueUrl=queue.url)["Messages"]) == 1
    with ThreadPoolExecutor(1) as thread:
        begun_s = time.monotonic()
        waiting = thread.submit(queue.next, 20)
        eventually(lambda: server.clock("advance", "12s") and waiting.done(), "an empty answer")
        assert waiting.result() is None
        assert time.monotonic() - begun_s < 20

    server.clock("advance", "1h")

    assert queue.next(0)["Attributes"]["ApproximateReceiveCount"] == "2"


def test_an_event_is_tried_again_after_one_minute_and_after_two(server: Server) -> None:
    server.create("fails", FAILS)
    server.lam.client.invoke(FunctionName="fails", InvocationType="Event", Payload=b"{}")
    eventually(lambda: len(server.printed("fails", "RUNS")) == 1, "the first attempt")

    server.clock("advance", "10m")

    first, second, third = [at for at, _ in server.printed("fails", "RUNS")]
    assert (second - first).total_seconds() == pytest.approx(60, abs=20)
    assert (third - second).total_seconds() == pytest.approx(120, abs=20)


def test_a_schedule_fires_at_each_of_its_hours(server: Server) -> None:
    arn = server.create("hourly", TELLS)
    server.schedule("hourly", "cron(0 * * * ? *)", arn, '{"at": "<aws.scheduler.scheduled-time>"}')
    before = server.now()

    server.clock("advance", "24h")

    hours = [before.replace(minute=0, second=0, microsecond=0) + HOUR * count for count in range(1, 25)]
    got = server.printed("hourly")
    assert [json.loads(text)["at"] for _, text in got] == [f"{hour:%Y-%m-%dT%H:%M:%SZ}" for hour in hours]
    late = [(at - hour).total_seconds() for (at, _), hour in zip(got, hours, strict=True)]
    assert all(-1 < each < 30 for each in late), late


def test_what_is_set_on_the_way_happens_on_the_way(server: Server) -> None:
    """A schedule in ten minutes fills a queue whose messages are delayed by ten more, and a window waits for them."""
    arn = server.create("told", TELLS)
    queue = Inbox(server.lam, "later", DelaySeconds="600", VisibilityTimeout="300")
    server.lam.client.create_event_source_mapping(
        FunctionName="told", EventSourceArn=queue.arn, BatchSize=10, MaximumBatchingWindowInSeconds=120
    )
    assert arn
    at = server.now() + timedelta(minutes=10)
    server.schedule("once", f"at({at:%Y-%m-%dT%H:%M:%S})", queue.arn, "x")

    server.clock("advance", "1h")

    ((got_at, text),) = server.printed("told")
    assert [record["body"] for record in json.loads(text)["Records"]] == ["x"]
    assert (got_at - at).total_seconds() == pytest.approx(600 + 120, abs=30)


def test_items_of_dynamodb_expire_and_their_streams_tell_when(server: Server) -> None:
    server.create("expired", TELLS)
    dynamodb = server.sdk("dynamodb")
    stream = create_table(dynamodb, "t")["LatestStreamArn"]
    dynamodb.update_time_to_live(TableName="t", TimeToLiveSpecification={"Enabled": True, "AttributeName": "end"})
    ends = [server.now() + HOUR * count for count in (1, 2, 30)]
    for end in ends:
        item = {"id": {"S": f"{end:%H:%M}"}, "end": {"N": str(int(end.timestamp()))}}
        dynamodb.put_item(TableName="t", Item=item)
    server.lam.client.create_event_source_mapping(
        FunctionName="expired", EventSourceArn=stream, StartingPosition="TRIM_HORIZON",
        FilterCriteria={"Filters": [{"Pattern": '{"eventName": ["REMOVE"]}'}]},
    )  # fmt: skip

    server.clock("advance", "4h")

    assert dynamodb.scan(TableName="t")["Count"] == 1
    eventually(lambda: len(server.printed("expired")) == 2, "both records")
    for (at, _), end in zip(server.printed("expired"), ends, strict=False):
        assert (at - end).total_seconds() == pytest.approx(0, abs=15)


def test_what_must_not_move_stays(server: Server) -> None:
    """A function's timeout, its environment, a signed URL, the Date that clients set their own clock by."""
    server.create("slow", "import time\ndef handler(event, context):\n    time.sleep(4)\n    return 'done'", Timeout=8)
    server.sdk("s3").create_bucket(Bucket="signed")
    server.sdk("s3").put_object(Bucket="signed", Key="k", Body=b"x")
    signed = server.sdk("s3").generate_presigned_url("get_object", {"Bucket": "signed", "Key": "k"}, ExpiresIn=600)
    session = server.sdk("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/r", RoleSessionName="session")
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(server.lam.invoke, "slow", {})
        eventually(lambda: server.lam.environments("slow"), "its environment")

        told = server.clock("advance", "2h")

        assert (answer.result().payload, answer.result().error) == ("done", None)
    assert told["ahead_s"] >= 7200
    assert float(answer.result().report["duration"] or 0) < 8000
    assert len(server.lam.environments("slow")) == 1
    with urlopen(signed, timeout=30) as got:
        assert got.read() == b"x"
        assert abs((parsedate_to_datetime(got.headers["Date"]) - datetime.now(UTC)).total_seconds()) < 60
    again = server.sdk("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/r", RoleSessionName="session")
    later_s = (again["Credentials"]["Expiration"] - session["Credentials"]["Expiration"]).total_seconds()
    assert later_s < 60


def test_it_stays_over_a_restart_until_it_is_reset(tmp_path: Path) -> None:
    """Also if the server is killed; then what waits has what it had left to wait, and schedules are due as dated."""
    with served(tmp_path, "process") as lam:
        server = Server(lam)
        server.clock("advance", "3d")
        queue = Inbox(lam, "kept")
        queue.sqs.send_message(QueueUrl=queue.url, MessageBody="x", DelaySeconds=900)
        before = server.now()
        lam.end(signal.SIGKILL)

    with served(tmp_path, "process") as lam:
        server = Server(lam)
        assert "its clock is 3d ahead of this machine's; `lambda-emu clock reset`" in lam.said_more("clock")
        assert json.loads(lam.page("services"))["clock"]["ahead_s"] == pytest.approx(3 * 86_400)
        assert (server.now() - before).total_seconds() == pytest.approx(0, abs=60)
        queue = Inbox(lam, "kept")
        server.clock("advance", "10m")
        assert queue.next(0) is None
        told = server.clock("reset")
        assert told["ahead_s"] == 0
        assert (server.now() - datetime.now(UTC)).total_seconds() == pytest.approx(0, abs=60)
        arn = server.create("hourly", TELLS)
        server.schedule("hourly", "rate(1 hour)", arn, '"due"')
        lam.end(signal.SIGTERM)

    with served(tmp_path, "process") as lam:
        server, queue = Server(lam), Inbox(lam, "kept")
        assert (server.now() - datetime.now(UTC)).total_seconds() == pytest.approx(0, abs=60)
        assert queue.next(0) is None
        server.clock("advance", "5m")
        assert queue.next(0)["Body"] == "x"
        server.clock("advance", "56m")
        assert [text for _, text in server.printed("hourly")] == ['"due"'] * 2


def test_schedules_are_due_by_the_machine_again_once_it_is_reset(server: Server) -> None:
    arn = server.create("daily", TELLS)
    server.schedule("daily", "rate(1 day)", arn, '"due"')
    eventually(lambda: len(server.printed("daily")) == 1, "what comes at once")
    server.clock("advance", "36h")
    assert len(server.printed("daily")) == 2

    server.clock("reset")
    server.clock("advance", "25h")

    assert len(server.printed("daily")) == 3


def test_what_takes_long_is_told_and_not_waited_for(server: Server) -> None:
    with until_told(server):
        told = server.run("advance", "1h")

    assert "still under way: 1 invocations of long" in told.stdout
    assert "1h" in told.stdout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("soon", "no duration"),
        ("0s", "no duration"),
        ("1h 30m", "no duration"),
        ("-1h", ""),
        ("400d", "366 days at once"),
        ("999999999d", "366 days at once"),
    ],
)
def test_what_is_no_way_ahead_is_refused(server: Server, given: str, said: str) -> None:
    ran = server.run("advance", given)

    assert ran.returncode == 2
    assert said in ran.stderr
    assert server.clock("show")["ahead_s"] == 0


def test_nobody_moves_it_without_the_token_and_one_at_a_time_does(server: Server) -> None:
    page = f"{server.lam.url}/_lambda-emu/clock"
    with pytest.raises(HTTPError, match="403"):
        urlopen(Request(page, b'{"advance": "1h"}'), timeout=30)
    token = (server.lam.folder / ".lambda-emu" / "token").read_text().strip()
    for body in (
        b"",
        b"[]",
        b'{"advance": null}',
        b'{"advance": true}',
        b'{"advance": NaN}',
        b'{"reset": false}',
        b"{",
    ):
        with pytest.raises(HTTPError, match="400"):
            urlopen(Request(page, body, {"X-Lambda-Emu-Token": token}), timeout=30)
    with until_told(server) as may_end, ThreadPoolExecutor(1) as thread:
        moving = thread.submit(server.clock, "advance", "1h")
        eventually(lambda: server.lam.environments("long"), "the way to have begun")
        with pytest.raises(HTTPError, match="409"):
            urlopen(Request(page, b'{"advance": "1h"}', {"X-Lambda-Emu-Token": token}), timeout=30)
        may_end.set()
        assert moving.result()["ahead_s"] >= 3600


def test_a_state_machine_waits_by_it(server: Server) -> None:
    arn = server.create("machine", TELLS)
    states = {
        "Wait": {"Type": "Wait", "Seconds": 1800, "Next": "Tell"},
        "Tell": {"Type": "Task", "Resource": arn, "End": True},
    }
    machines = server.sdk("stepfunctions")
    machine = machines.create_state_machine(
        name="waits", definition=json.dumps({"StartAt": "Wait", "States": states}),
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/machine",
    )["stateMachineArn"]  # fmt: skip
    begun = server.now()
    execution = machines.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    server.clock("advance", "29m")
    assert machines.describe_execution(executionArn=execution)["status"] == "RUNNING"

    server.clock("advance", "1h")

    eventually(lambda: machines.describe_execution(executionArn=execution)["status"] == "SUCCEEDED", "its end")
    ((at, _),) = server.printed("machine")
    assert (at - begun).total_seconds() == pytest.approx(1800, abs=30)


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_server_that_ends_on_the_way_goes_on_from_there(number: signal.Signals, tmp_path: Path) -> None:
    """No hour is left out, and none comes once more but for the one that ran."""
    with served(tmp_path, "process") as lam:
        server = Server(lam)
        arn = server.create("hourly", "import time\n" + TELLS.replace("    print", "    time.sleep(0.05)\n    print"))
        server.schedule("hourly", "cron(0 * * * ? *)", arn, '{"at": "<aws.scheduler.scheduled-time>"}')
        begun = server.now()
        with ThreadPoolExecutor(1) as thread:
            moving = thread.submit(server.run, "advance", "2d")
            eventually(lambda: len(server.printed("hourly")) >= 5, "some hours")
            lam.process.send_signal(number)
            assert moving.result().returncode == 2
            lam.process.wait(60)

    with served(tmp_path, "process") as lam:
        server = Server(lam)
        reached = server.now()
        assert timedelta(hours=4) < reached - begun < timedelta(days=2)
        until = begun + timedelta(days=3)
        server.clock("advance", f"{int((until - reached).total_seconds())}s")

        hours = [begun.replace(minute=0, second=0, microsecond=0) + HOUR * count for count in range(1, 3 * 24 + 1)]
        wanted = [f"{hour:%Y-%m-%dT%H:%M:%SZ}" for hour in hours]
        got = [json.loads(text)["at"] for _, text in server.printed("hourly")]
        assert sorted(set(got)) == wanted
        assert len(got) <= len(wanted) + 1


def test_an_alarm_goes_off_in_its_minute(server: Server) -> None:
    fails, told = server.create("failing", FAILS), server.create("alarmed", TELLS)
    at = server.now() + timedelta(minutes=10)
    server.schedule("once", f"at({at:%Y-%m-%dT%H:%M:%S})", fails, "1")
    server.lam.client.put_function_event_invoke_config(FunctionName="failing", MaximumRetryAttempts=0)
    server.lam.client.add_permission(
        FunctionName="alarmed", StatementId="alarms", Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
    )  # fmt: skip
    server.sdk("cloudwatch").put_metric_alarm(
        AlarmName="errors", Namespace="AWS/Lambda", MetricName="Errors", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanOrEqualToThreshold",
        Dimensions=[{"Name": "FunctionName", "Value": "failing"}], TreatMissingData="notBreaching",
        AlarmActions=[told],
    )  # fmt: skip

    server.clock("advance", "30m")

    ((told_at, text),) = server.printed("alarmed")
    assert json.loads(text)["alarmData"]["state"]["value"] == "ALARM"
    assert 0 < (told_at - at).total_seconds() < 130


def test_events_of_a_log_are_old_by_the_moved_clock_and_taken_by_the_machines(server: Server) -> None:
    logs = server.sdk("logs")
    logs.create_log_group(logGroupName="kept")
    logs.create_log_stream(logGroupName="kept", logStreamName="s1")

    def push(at_s: float, message: str) -> Any:
        event = {"timestamp": int(at_s * 1000), "message": message}
        return logs.put_log_events(logGroupName="kept", logStreamName="s1", logEvents=[event])

    push(time.time(), "one")
    server.clock("advance", "20d")
    assert "rejectedLogEventsInfo" not in push(time.time(), "by the machine")  # as programs go on to do
    assert "rejectedLogEventsInfo" not in push(server.now().timestamp(), "by the clock")
    logs.put_retention_policy(logGroupName="kept", retentionInDays=14)

    found = logs.filter_log_events(logGroupName="kept")["events"]
    assert [event["message"] for event in found] == ["by the clock"]


def test_what_is_kept_for_a_time_is_gone_when_that_is_over(server: Server) -> None:
    """The name of a FIFO message, a message, and lines of a log."""
    sqs, logs = server.sdk("sqs"), server.sdk("logs")
    attributes = {"FifoQueue": "true", "MessageRetentionPeriod": "3600"}
    url = sqs.create_queue(QueueName="kept.fifo", Attributes=attributes)["QueueUrl"]
    sent = {"QueueUrl": url, "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    server.create("logged", "def handler(event, context):\n    print('LINE')")
    server.lam.invoke("logged")
    group = "/aws/lambda/logged"
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)

    def lines() -> int:
        return len(logs.filter_log_events(logGroupName=group, filterPattern="LINE")["events"])

    first, again = (sqs.send_message(**sent)["SequenceNumber"] for _ in range(2))
    assert (first == again, lines()) == (True, 1)

    server.clock("advance", "6m")
    assert sqs.send_message(**sent)["SequenceNumber"] != first
    server.clock("advance", "57m")
    (left,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert left["MessageId"]
    assert lines() == 1
    server.clock("advance", "26h")

    eventually(lambda: lines() == 0, "the line to be gone")


def test_a_tumbling_window_ends_on_the_way(server: Server) -> None:
    server.create("sums", f'{TELLS}    return {{"state": event["state"]}}\n')
    kinesis = server.sdk("kinesis")
    kinesis.create_stream(StreamName="sums", ShardCount=1)
    arn = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/sums"
    server.lam.client.create_event_source_mapping(
        FunctionName="sums", EventSourceArn=arn, StartingPosition="TRIM_HORIZON", TumblingWindowInSeconds=900
    )
    kinesis.put_record(StreamName="sums", PartitionKey="p", Data=b"x")
    eventually(lambda: len(server.printed("sums")) == 1, "its record")

    server.clock("advance", "1h")

    (_, first), (ended_at, last) = server.printed("sums")
    window = json.loads(last)["window"]
    assert window == json.loads(first)["window"]
    assert json.loads(last)["isFinalInvokeForWindow"]
    assert abs((ended_at - datetime.fromisoformat(window["end"])).total_seconds()) < 10
