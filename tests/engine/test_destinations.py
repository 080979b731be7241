"""What becomes of asynchronous events is told: to queues, topics, functions and buckets, and to dead letter queues.

docs/contract/invoke.md#destinations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from lam import ONE_TRY
from own import OwnLam, own_emulator

Eventually = Callable[[Callable[[], Any], str], Any]
ACCOUNT, REGION = "123456789012", "us-east-1"
WORKER = """
def handler(event, context):
    if event.get("fail"): raise ValueError("no" * event["fail"])
    return {"n": event["n"]}
"""
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class Account:
    """An emulator's account with boto3's clients of all that results may go to."""

    def __init__(self, lam: OwnLam) -> None:
        self.lam = lam
        self.sqs, self.sns, self.s3 = (self.sdk(service) for service in ("sqs", "sns", "s3"))

    def sdk(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.lam.emulator.url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="any",
            config=Config(**ONE_TRY, s3={"addressing_style": "path"}),
        )

    def queue(self, name: str, **attributes: str) -> str:
        """Its ARN."""
        self.sqs.create_queue(QueueName=name, Attributes=attributes)
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    def messages(self, arn: str) -> list[dict[str, Any]]:
        """What is in a queue now, with all that SQS says of it; it is in there no more."""
        url = self.sqs.get_queue_url(QueueName=arn.split(":")[5])["QueueUrl"]
        got = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
        )
        found = got.get("Messages", [])
        for message in found:
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return list(found)

    def send(self, name: str, **event: Any) -> str:
        """Queue an event; its request id."""
        return self.lam.invoke(name, event, InvocationType="Event", LogType="None").request_id

    def tell(self, name: str, retries: int = 0, **arns: str) -> None:
        """Have results of a function go there: OnSuccess, OnFailure."""
        config: Any = {outcome: {"Destination": arn} for outcome, arn in arns.items()}
        self.lam.client.put_function_event_invoke_config(
            FunctionName=name, MaximumRetryAttempts=retries, DestinationConfig=config
        )


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with own_emulator(tmp_path_factory.mktemp("destinations"), "process", stems=1, account=ACCOUNT) as lam:
        lam.role = f"arn:aws:iam::{ACCOUNT}:role/test"
        yield Account(lam)


@pytest.fixture
def account(emulated: Account) -> Iterator[Account]:
    yield emulated
    emulated.lam.close()


def test_a_result_goes_to_a_queue_as_a_record(account: Account, eventually: Eventually) -> None:
    """Members in AWS's order; the trace goes on with it."""
    queue = account.queue("results")
    account.lam.create("worker", WORKER)
    account.tell("worker", OnSuccess=queue)

    request_id = account.send("worker", n=1)

    (message,) = eventually(lambda: account.messages(queue), "the record")
    record = json.loads(message["Body"])
    assert re.fullmatch(TIME, record.pop("timestamp"))
    assert message["Body"].startswith('{"version":"1.0","timestamp":"')
    assert list(json.loads(message["Body"])) == [
        "version",
        "timestamp",
        "requestContext",
        "requestPayload",
        "responseContext",
        "responsePayload",
    ]
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:worker:$LATEST",
            "condition": "Success",
            "approximateInvokeCount": 1,
        },
        "requestPayload": {"n": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": {"n": 1},
    }
    assert message.get("MessageAttributes") is None
    assert message["Attributes"]["AWSTraceHeader"].startswith("Root=1-")
