"""Calls of services from inside, over a real port: as the account that is named, whatever the user set up for AWS."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from signing_rig import credentials
from sqs_rig import Sqs, sqs

from lambda_emu.services import clients
from lambda_emu.services.clients import Clients

__all__ = ["sqs"]
OURS: dict[str, Any] = {"account": "210987654321", "region": "eu-west-1"}
URL = {"QueueUrl": "http://anywhere/210987654321/jobs"}


@pytest.fixture
def called(sqs: Sqs) -> Iterator[Clients]:
    made = Clients(lambda: f"http://127.0.0.1:{sqs.port}", credentials)
    yield made
    made.close()


def test_a_call_is_of_the_account_and_region_that_it_names(called: Clients) -> None:
    called.call("sqs", "CreateQueue", {"QueueName": "jobs"}, **OURS)

    found = called.call("sqs", "GetQueueAttributes", {**URL, "AttributeNames": ["QueueArn"]}, **OURS)

    assert found["Attributes"] == {"QueueArn": "arn:aws:sqs:eu-west-1:210987654321:jobs"}
    with pytest.raises(ClientError, match="NonExistentQueue"):
        called.call("sqs", "GetQueueAttributes", URL, account="210987654321", region="us-east-1")


def test_what_a_user_set_up_for_aws_changes_no_call(
    called: Clients, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    file = tmp_path / "config"
    file.write_text("[default]\nregion = ap-south-1\n[profile other]\nuse_fips_endpoint = true\n")
    theirs = {
        "AWS_PROFILE": "nowhere",
        "AWS_CONFIG_FILE": str(file),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_ACCESS_KEY_ID": "000000000001",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }
    for name, value in theirs.items():
        monkeypatch.setenv(name, value)

    url = called.call("sqs", "CreateQueue", {"QueueName": "jobs"}, **OURS)["QueueUrl"]

    assert url.endswith("/210987654321/jobs")


def test_many_threads_call_for_many_accounts(called: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "MOST_CLIENTS", 2)

    def create(number: int) -> str:
        who = {"account": f"{number % 4:012}", "region": "us-east-1"}
        url: str = called.call("sqs", "CreateQueue", {"QueueName": f"jobs{number}"}, **who)["QueueUrl"]
        return "/".join(url.split("/")[-2:])

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(create, range(40)))

    assert made == [f"{number % 4:012}/jobs{number}" for number in range(40)]


def test_nobody_who_answers_is_a_connection_error() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        called = Clients(lambda: f"http://127.0.0.1:{nobody.getsockname()[1]}", credentials)

        with pytest.raises(ConnectionError, match="sqs SendMessage: "):
            called.call("sqs", "SendMessage", {**URL, "MessageBody": "x"}, **OURS)
