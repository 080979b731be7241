"""Projects, and the AWS CLI, where IAM is enforced."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from signal import SIGTERM
from typing import Any

import boto3
import pytest
from boto_rig import ONE_TRY
from botocore.config import Config
from lam import zipped
from own import Served, served
from waiting import eventually

ACCOUNT = "000000000000"
SECRET = "of-this-server"
REGION = "us-east-1"
CODE = """
import json
import boto3

def handler(event, context):
    kind = "direct"
    if "Records" in event:
        record = event["Records"][0]
        kind = (record.get("eventSource") or record.get("EventSource")).partition(":")[2]
    elif "awslogs" in event:
        kind = "logs"
    elif "detail-type" in event:
        kind = "scheduler" if event["source"] == "aws.scheduler" else "events"
    elif "requestContext" in event:
        kind = "http"
    boto3.client("dynamodb").put_item(TableName="seen", Item={"kind": {"S": kind}, "event": {"S": json.dumps(event)}})
    return {"statusCode": 200, "body": kind}
"""
PROJECT = """
functions:
  see:
    runtime: python3.11
    handler: app.handler
    code: src
    timeout: 30
    events:
      - s3: photos
      - sqs: jobs
      - sns: news
      - dynamodb: orders
      - kinesis: clicks
      - http: GET /see
      - rest: GET /see
      - eventbridge: {pattern: {source: [shop]}}
      - schedule: rate(1 hour)
      - logs: /app/orders
      - alarm: Errors
      - url: {auth: AWS_IAM}
resources:
  buckets: {photos: {}}
  queues: {jobs: {}}
  tables:
    orders: {key: id, stream: NEW_IMAGE}
    seen: {key: kind}
  streams: {clicks: {}}
  topics: {news: {queues: [copies]}}
  roles:
    lambda-emu:
      allow:
        - dynamodb:*
        - {Action: ["sqs:*", "kinesis:*"], Resource: "arn:aws:*:*:${AWS::AccountId}:*"}
        - {Action: lambda:InvokeFunction, Resource: "arn:aws:lambda:*:*:function:see"}
      policies: [AmazonSQSFullAccess]
    order: {allow: [lambda:InvokeFunction], services: [states]}
  machines:
    order:
      definition:
        StartAt: See
        States: {See: {Type: Task, Resource: "${see.Arn}", End: true}}
"""


class Strict:
    """The root user of a served project, and its folder."""

    def __init__(self, lam: Served, folder: Path) -> None:
        self.lam = lam
        self.folder = folder
        self._session = boto3.Session("test", SECRET, None, REGION)

    def client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self.lam.url, config=Config(**ONE_TRY))

    def seen(self, kind: str) -> Any:
        """The event of this kind, once it came."""
        asked = {"TableName": "seen", "Key": {"kind": {"S": kind}}}
        found = eventually(lambda: self.client("dynamodb").get_item(**asked).get("Item"), f"an event of {kind}")
        return json.loads(found["event"]["S"])


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Strict]:
    folder = tmp_path_factory.mktemp("project")
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text(CODE)
    (folder / "lambda-emu.yaml").write_text(PROJECT)
    with served(folder, "process", "--iam", "enforce", LAMBDA_EMU_ROOT_SECRET=SECRET) as lam:
        yield Strict(lam, folder)


def test_a_project_comes_up_whole(strict: Strict) -> None:
    answer = strict.client("lambda").invoke(FunctionName="see", Payload="{}")
    assert json.loads(answer["Payload"].read()) == {"statusCode": 200, "body": "direct"}
    strict.client("s3").put_object(Bucket="photos", Key="k", Body=b"")
    url = strict.client("sqs").get_queue_url(QueueName="jobs")["QueueUrl"]
    strict.client("sqs").send_message(QueueUrl=url, MessageBody="job")
    strict.client("sns").publish(TopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:news", Message="news")
    strict.client("dynamodb").put_item(TableName="orders", Item={"id": {"S": "1"}})
    strict.client("kinesis").put_record(StreamName="clicks", Data=b"click", PartitionKey="1")
    entry = {"Source": "shop", "DetailType": "sold", "Detail": "{}"}
    assert strict.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
    logs = strict.client("logs")
    logs.create_log_stream(logGroupName="/app/orders", logStreamName="s")
    event = {"timestamp": int(time.time() * 1000), "message": "logged"}
    logs.put_log_events(logGroupName="/app/orders", logStreamName="s", logEvents=[event])

    for service in ("s3", "sqs", "sns", "dynamodb", "kinesis", "events", "scheduler", "logs"):
        strict.seen(service)
    copies = strict.client("sqs").get_queue_url(QueueName="copies")["QueueUrl"]
    [copy] = strict.client("sqs").receive_message(QueueUrl=copies, WaitTimeSeconds=20)["Messages"]
    assert json.loads(copy["Body"])["Message"] == "news"
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:order"
    states = strict.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]

    def status() -> str:
        return str(states.describe_execution(executionArn=execution)["status"])

    assert eventually(lambda: status() != "RUNNING" and status(), "its end") == "SUCCEEDED"


def emu(folder: Path, *words: str, secret: str | None = None) -> subprocess.CompletedProcess[str]:
    """A command of ours from another shell, which may have the server's secret or not."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LAMBDA_EMU_")}
    environ |= {} if secret is None else {"LAMBDA_EMU_ROOT_SECRET": secret}
    line = [sys.executable, "-m", "lambda_emu", *words]
    return subprocess.run(line, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("secret", [None, "another"])
def test_who_has_not_the_servers_secret_is_told_what_to_set(strict: Strict, secret: str | None) -> None:
    refused = emu(strict.folder, "invoke", "see", "{}", secret=secret)
    assert refused.returncode == 2
    assert refused.stderr.endswith(
        f"Error: {strict.lam.url} checks signatures, and its root user's secret is not the one here: "
        "set LAMBDA_EMU_ROOT_SECRET to what the server has in its environment.\n"
    )
    assert emu(strict.folder, "invoke", "see", "{}", secret=SECRET).stdout.strip() == (
        '{"statusCode": 200, "body": "direct"}'
    )


def test_what_needs_the_token_alone_needs_no_secret(strict: Strict) -> None:
    for words in (("ps",), ("services",), ("clock", "show")):
        told = emu(strict.folder, *words)
        assert told.returncode == 0, (words, told.stderr)


def test_logs_are_shown_with_and_without_the_secret(strict: Strict) -> None:
    strict.client("lambda").invoke(FunctionName="see", Payload="{}")
    for secret in (None, SECRET):
        told = emu(strict.folder, "logs", "see", secret=secret)
        assert told.returncode == 0, told.stderr
        assert "REPORT RequestId" in told.stdout


def aws(program: Path, strict: Strict, key: tuple[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    environ = {
        "HOME": str(strict.folder),
        "PATH": os.environ["PATH"],
        "AWS_ACCESS_KEY_ID": key[0],
        "AWS_SECRET_ACCESS_KEY": key[1],
        "AWS_DEFAULT_REGION": REGION,
    }
    line = [str(program), *words, "--output", "json", "--endpoint-url", strict.lam.url]
    return subprocess.run(
        line, cwd=strict.folder, env=environ, capture_output=True, text=True, timeout=120, check=False
    )


ROOT = ("test", SECRET)


def made(program: Path, strict: Strict, *words: str, key: tuple[str, str] = ROOT) -> Any:
    """What a command prints, decoded."""
    ran = aws(program, strict, key, *words)
    assert ran.returncode == 0, (words, ran.stderr)
    return json.loads(ran.stdout) if ran.stdout else None


@pytest.mark.slow
def test_the_aws_cli_deploys_as_a_user_who_may(strict: Strict, aws_cli: Path) -> None:
    made(aws_cli, strict, "iam", "create-user", "--user-name", "deployer")
    said = made(aws_cli, strict, "iam", "create-access-key", "--user-name", "deployer")["AccessKey"]
    key = said["AccessKeyId"], said["SecretAccessKey"]
    role = f"arn:aws:iam::{ACCOUNT}:role/lambda-emu"
    (strict.folder / "code.zip").write_bytes(zipped({"app.py": CODE}))
    create = ["lambda", "create-function", "--function-name", "by-cli", "--runtime", "python3.11"]
    create += ["--handler", "app.handler", "--role", role, "--zip-file", "fileb://code.zip", "--timeout", "20"]
    invoke = ["lambda", "invoke", "--function-name", "by-cli", "--payload", '{"from": "cli"}', "out.json"]

    refused = aws(aws_cli, strict, key, *create)
    assert "(AccessDeniedException) when calling the CreateFunction operation: User: " in refused.stderr
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["lambda:*", "s3:*", "dynamodb:*"], "Resource": "*"},
            {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role},
        ],
    }
    words = ["--user-name", "deployer", "--policy-name", "own", "--policy-document", json.dumps(policy)]
    made(aws_cli, strict, "iam", "put-user-policy", *words)

    made(aws_cli, strict, *create, key=key)
    made(aws_cli, strict, "lambda", "wait", "function-active-v2", "--function-name", "by-cli", key=key)
    assert made(aws_cli, strict, *invoke, key=key)["StatusCode"] == 200
    assert json.loads((strict.folder / "out.json").read_text())["body"] == "direct"
    assert strict.seen("direct") == {"from": "cli"}
    for command in ("mb s3://by-cli", "cp code.zip s3://by-cli/code.zip"):
        ran = aws(aws_cli, strict, key, "s3", *command.split())
        assert ran.returncode == 0, ran.stderr
    shown = ["dynamodb", "get-item", "--table-name", "seen", "--key", '{"kind": {"S": "direct"}}']
    assert "from" in made(aws_cli, strict, *shown, key=key)["Item"]["event"]["S"]
    refused = aws(aws_cli, strict, key, "sqs", "list-queues")
    assert "(AccessDenied) when calling the ListQueues operation: User: " in refused.stderr
    refused = aws(aws_cli, strict, ("test", "other"), "sqs", "list-queues")
    assert "(SignatureDoesNotMatch)" in refused.stderr or "(InvalidSignatureException)" in refused.stderr


def test_a_second_start_finds_all_as_it_was(strict: Strict) -> None:
    """Roles as well, which are kept over the end of their server."""
    strict.lam.end(SIGTERM)
    with served(strict.folder, "process", "--iam", "enforce", LAMBDA_EMU_ROOT_SECRET=SECRET) as again:
        strict.lam = again
        answer = strict.client("lambda").invoke(FunctionName="see", Payload="{}")
        assert json.loads(answer["Payload"].read())["body"] == "direct"
        url = strict.client("sqs").get_queue_url(QueueName="jobs")["QueueUrl"]
        strict.client("sqs").send_message(QueueUrl=url, MessageBody="again")
        eventually(lambda: strict.seen("sqs")["Records"][0]["body"] == "again", "the message")
