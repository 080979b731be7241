"""Scripts that wait for LocalStack and commands that ask it find lambda-emu in its place."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from boto_rig import client_at
from lam import zipped
from own import Served, served
from packages import programs_apart

ROLE = "arn:aws:iam::000000000000:role/test"
ECHO = "def handler(event, context):\n    return {'heard': event}\n"


@pytest.fixture
def lam(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path, "process") as lam:
        yield lam


def page(lam: Served, path: str, host: str = "localhost.localstack.cloud:4566", method: str = "GET") -> Any:
    with urlopen(Request(f"{lam.url}/_localstack/{path}", headers={"Host": host}, method=method), timeout=30) as answer:
        body = answer.read()
        return json.loads(body) if body else answer.status


def test_a_script_that_waits_for_services_sees_which_are_there(lam: Served) -> None:
    before = page(lam, "health")
    client_at(lam.url, "s3").create_bucket(Bucket="photos")

    after = page(lam, "health")["services"]

    assert {name: before["services"][name] for name in ("lambda", "sqs", "s3", "iot")} == {
        "lambda": "running", "sqs": "running", "s3": "available", "iot": "disabled"
    }  # fmt: skip
    assert (after["s3"], after["dynamodb"]) == ("running", "running")
    assert before["edition"] == "lambda-emu"
    assert page(lam, "health", method="HEAD") == 200


def test_a_script_that_waits_for_a_stage_sees_that_it_is_over(lam: Served) -> None:
    assert page(lam, "init/ready") == {"completed": True, "scripts": []}
    assert page(lam, "init")["completed"] == {"BOOT": True, "START": True, "READY": True, "SHUTDOWN": False}
    assert page(lam, "info")["version"]


def test_a_script_that_looks_for_an_email_finds_it(lam: Served) -> None:
    ses = client_at(lam.url, "ses")

    def mails(query: str = "") -> Any:
        with urlopen(f"{lam.url}/_aws/ses{query}", timeout=30) as answer:
            return json.load(answer)["messages"]

    assert mails() == []
    for source in ("a@shop.example", "b@shop.example"):
        ses.verify_email_identity(EmailAddress=source)
        destination = {"ToAddresses": ["Ada <ada@x.example>", "b@x.example"], "CcAddresses": ["c@x.example"]}
        message = {"Subject": {"Data": "Your order"}, "Body": {"Text": {"Data": "Thank you"}}}
        ses.send_email(Source=source, Destination=destination, Message=message)

    (found,) = mails("?email=b@shop.example")

    assert len(mails()) == 2
    assert mails(f"?id={found['Id']}") == [found]
    assert (found["Region"], found["Timestamp"][-1], found["Source"]) == ("us-east-1", "Z", "b@shop.example")
    assert found["Destination"] == {"ToAddresses": ["ada@x.example", "b@x.example"], "CcAddresses": ["c@x.example"]}
    assert (found["Subject"], found["Body"]) == ("Your order", {"text_part": "Thank you", "html_part": None})
    with pytest.raises(HTTPError, match="404"):
        urlopen(Request(f"{lam.url}/_aws/ses", method="DELETE"), timeout=30)


@pytest.mark.parametrize(("path", "method"), [("health", "POST"), ("state/reset", "POST"), ("nothing", "GET")])
def test_nothing_can_be_changed_by_these_pages(lam: Served, path: str, method: str) -> None:
    with pytest.raises(HTTPError) as refused:
        page(lam, path, method=method)

    assert refused.value.code == 404


def test_a_page_of_others_may_not_ask(lam: Served) -> None:
    asked = Request(f"{lam.url}/_localstack/health", headers={"Origin": "http://page.example"})

    with pytest.raises(HTTPError) as refused:
        urlopen(asked, timeout=30)

    assert refused.value.code == 403


@pytest.mark.slow
def test_awslocal_and_its_aws_cli_work_at_their_own_port(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    """At the port and the names that they are made for; both are installed apart, with a botocore of their own."""
    programs = programs_apart(pytestconfig, "awscli-local[ver1]")
    (tmp_path / "photo").write_bytes(b"large photo")
    (tmp_path / "code.zip").write_bytes(zipped({"app.py": ECHO}))
    environment = {"HOME": str(tmp_path), "PATH": f"{programs}:{os.environ['PATH']}"}

    def awslocal(*words: str) -> Any:
        done = subprocess.run(
            ["awslocal", *words], cwd=tmp_path, env=environment | {"AWS_DEFAULT_REGION": "us-east-1"},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout

    with served(tmp_path, "process", "--port", "4566"):
        awslocal("s3", "mb", "s3://photos")
        awslocal("s3", "cp", "photo", "s3://photos/a photo")
        queue = awslocal("sqs", "create-queue", "--queue-name", "jobs")["QueueUrl"]
        awslocal("sqs", "send-message", "--queue-url", queue, "--message-body", "hello")
        awslocal("dynamodb", "create-table", "--table-name", "t", "--billing-mode", "PAY_PER_REQUEST",
                 "--key-schema", "AttributeName=k,KeyType=HASH", "--attribute-definitions",
                 "AttributeName=k,AttributeType=S")  # fmt: skip
        awslocal("lambda", "create-function", "--function-name", "echo", "--runtime", "python3.11", "--handler",
                 "app.handler", "--role", ROLE, "--zip-file", "fileb://code.zip")  # fmt: skip
        awslocal("lambda", "wait", "function-active-v2", "--function-name", "echo")
        awslocal("lambda", "invoke", "--function-name", "echo", "--payload", '{"x": 1}', "out.json")

        assert awslocal("s3", "ls", "s3://photos").split(maxsplit=3)[3].strip() == "a photo"
        assert awslocal("sqs", "receive-message", "--queue-url", queue)["Messages"][0]["Body"] == "hello"
        assert awslocal("dynamodb", "list-tables")["TableNames"] == ["t"]
        assert json.loads((tmp_path / "out.json").read_text()) == {"heard": {"x": 1}}
        assert awslocal("sts", "get-caller-identity")["Account"] == "000000000000"
