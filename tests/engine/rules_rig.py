"""An emulator with EventBridge, for tests of what reaches the targets of rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from own import OwnLam, own_emulator
from services_rig import sdk

ACCOUNT, REGION = "000000000000", "us-east-1"
TELLS = """
import json
def handler(event, context):
    print("GOT " + json.dumps(event))
"""
OURS: Any = {"source": ["shop"]}
"""Not what services tell of themselves: a state machine that is a target would begin by its own end."""


class Account:
    """EventBridge of an emulator, functions that print what they get, and queues."""

    def __init__(self, lam: OwnLam) -> None:
        self.lam = lam
        self.events = sdk(lam, "events", ACCOUNT)
        self.sqs = sdk(lam, "sqs", ACCOUNT)

    def rule(self, name: str, pattern: Any, *targets: str | dict[str, Any], bus: str = "default") -> str:
        """Its ARN. targets: each a whole one, or an ARN."""
        made = self.events.put_rule(Name=name, EventPattern=json.dumps(pattern), EventBusName=bus)
        whole = [{"Id": f"t{n}", "Arn": one} if isinstance(one, str) else one for n, one in enumerate(targets)]
        assert self.events.put_targets(Rule=name, EventBusName=bus, Targets=whole)["FailedEntries"] == []
        return str(made["RuleArn"])

    def put(self, detail: Any, **changes: Any) -> str:
        """The event's id."""
        entry = {"Source": "shop", "DetailType": "Ordered", "Detail": json.dumps(detail), **changes}
        (result,) = self.events.put_events(Entries=[entry])["Entries"]
        return str(result["EventId"])

    def function(self, name: str = "told") -> str:
        self.lam.create(name, TELLS)
        return str(self.lam.client.get_function(FunctionName=name)["Configuration"]["FunctionArn"])

    def queue(self, name: str, **attributes: str) -> str:
        self.sqs.create_queue(QueueName=name, Attributes=attributes)
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    def receive(self, name: str) -> list[dict[str, Any]]:
        """Whole messages, which are gone then."""
        url = self.sqs.get_queue_url(QueueName=name)["QueueUrl"]
        asked = {"MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"], "AttributeNames": ["All"]}
        found: list[dict[str, Any]] = self.sqs.receive_message(QueueUrl=url, **asked).get("Messages", [])
        for message in found:
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def printed(self, function: str = "told") -> list[Any]:
        return [json.loads(line[4:]) for line in self.lam.own_events(function) if line.startswith("GOT ")]


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("project"), "process") as lam:
        yield lam


@pytest.fixture
def account(emulated: OwnLam) -> Iterator[Account]:
    yield Account(emulated)
    emulated.emulator.reset()
