"""CloudWatch Logs over a whole server: functions' logs by boto3, and what functions push themselves."""

from __future__ import annotations

import os
import subprocess
from typing import Any

from lam import Lam
from own import EITHER_ENGINE
from packages import needs
from services_rig import sdk

pytestmark = EITHER_ENGINE

AWS_CLI = "/usr/bin/aws"
PUSHES = """
import time
import boto3

def handler(event, context):
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName=event["group"])
    logs.create_log_stream(logGroupName=event["group"], logStreamName="mine")
    pushed = [{"timestamp": int(time.time() * 1000), "message": event["message"]}]
    logs.put_log_events(logGroupName=event["group"], logStreamName="mine", logEvents=pushed)
    found = logs.filter_log_events(logGroupName=event["group"], filterPattern='{ $.n = 1 }')
    return [one["message"] for one in found["events"]]
"""


def messages(logs: Any, group: str, **wanted: Any) -> list[str]:
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, **wanted)
    return [event["message"] for page in pages for event in page["events"]]


def test_the_log_of_a_function_is_read_by_its_group_and_stream(lam: Lam) -> None:
    logs = sdk(lam, "logs", "test")
    name = lam.create(
        "cwl-prints", "def handler(event, context):\n    print(event)\n    return context.log_stream_name"
    )

    stream = lam.invoke(name, "hello").payload
    lam.invoke(name, "again")

    group = f"/aws/lambda/{name}"
    found = messages(logs, group)
    begins = "INIT_START START hello END REPORT START again END REPORT"
    assert " ".join(line.split()[0] for line in found) == begins
    assert [one["logStreamName"] for one in logs.describe_log_streams(logGroupName=group)["logStreams"]] == [stream]
    assert messages(logs, group, filterPattern="again") == ["again\n"]
    reports = logs.filter_log_events(logGroupName=group, filterPattern='[type=REPORT, ..., unit="MB"]')["events"]
    assert {event["logStreamName"] for event in reports} == {stream}


def test_a_log_group_of_ones_own_and_json_are_read_alike(lam: Lam) -> None:
    logs = sdk(lam, "logs", "test")
    logging = {"LogFormat": "JSON", "LogGroup": "shared-by-functions"}
    name = lam.create("cwl-json", "def handler(event, context):\n    print('said')\n", LoggingConfig=logging)
    lam.invoke(name)

    found = messages(logs, "shared-by-functions", filterPattern='{ $.type = "platform.report" }')

    assert len(found) == 1
    (stream,) = logs.describe_log_streams(logGroupName="shared-by-functions")["logStreams"]
    assert f"/{name}[$LATEST]" in stream["logStreamName"]


def test_a_function_pushes_and_finds_events_with_its_role(lam: Lam) -> None:
    logs = sdk(lam, "logs", "test")
    name = lam.create("cwl-pushes", PUSHES)
    group = f"pushed-by-{lam.emulator.engine.abilities.name}"

    answer = lam.invoke(name, {"group": group, "message": '{"n": 1}'})

    assert answer.payload == ['{"n": 1}']
    assert messages(logs, group) == ['{"n": 1}']
    logs.delete_log_group(logGroupName=group)


def test_the_aws_cli_follows_a_log(lam: Lam) -> None:
    """Version 2, as Debian has it."""
    needs(AWS_CLI)
    name = lam.create("cwl-followed", "def handler(event, context):\n    print(event)\n")
    lam.invoke(name, "before")
    told = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    command = [
        AWS_CLI,
        "--endpoint-url",
        lam.url,
        "logs",
        "tail",
        f"/aws/lambda/{name}",
        "--follow",
        "--format",
        "short",
    ]
    with subprocess.Popen(command, env=os.environ | told, stdout=subprocess.PIPE, text=True) as cli:
        try:
            assert cli.stdout is not None
            first = next(line for line in cli.stdout if line.endswith(" before\n"))
            lam.invoke(name, "after")
            assert first
            assert next(line for line in cli.stdout if line.endswith(" after\n"))
        finally:
            cli.kill()


def test_a_group_that_is_deleted_begins_anew_with_the_next_line(lam: Lam) -> None:
    logs = sdk(lam, "logs", "test")
    name = lam.create("cwl-deleted", "def handler(event, context):\n    print(event)\n")
    lam.invoke(name, "before")
    logs.delete_log_group(logGroupName=f"/aws/lambda/{name}")

    lam.invoke(name, "after")

    found = messages(logs, f"/aws/lambda/{name}")
    assert "after\n" in found
    assert "before\n" not in found
    assert lam.events(name)[0][0].startswith("START")
