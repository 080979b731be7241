"""A change of a template that is refused is undone, and what ran keeps running. docs/sam.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from boto_rig import client_at
from lam import ROLE
from own import OwnLam, own_emulator

from lambda_emu.project import ProjectError
from lambda_emu.templates.deploying.deploy import deploy_stack, remove_stack
from lambda_emu.templates.deploying.deployment import Ways
from lambda_emu.templates.deploying.happened import Happened
from lambda_emu.templates.stack import read_stack

TEMPLATE = f"""
Resources:
  Jobs: {{Type: AWS::SQS::Queue, Properties: {{QueueName: jobs, VisibilityTimeout: 10}}}}
  Old: {{Type: AWS::SQS::Queue, Properties: {{QueueName: old}}}}
  News: {{Type: AWS::SNS::Topic, Properties: {{TopicName: news}}}}
  Told: {{Type: AWS::SNS::Subscription, Properties: {{TopicArn: !Ref News, Protocol: sqs, Endpoint: !GetAtt Jobs.Arn}}}}
  Hi:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      Role: {ROLE}
      Environment: {{Variables: {{QUEUE: !Ref Old}}}}
      Code: {{ZipFile: "def handler(event, context): return 'one'"}}
"""
BAD = "  Bad: {Type: AWS::SQS::Queue, DependsOn: Fresh, Properties: {QueueName: 'no name'}}\n"
FRESH = "  Fresh: {Type: AWS::SQS::Queue, DependsOn: [Hi, Told], Properties: {QueueName: fresh}}\n"
CHANGED = (
    TEMPLATE.replace("VisibilityTimeout: 10", "VisibilityTimeout: 20")
    .replace("QueueName: old", "QueueName: older")
    .replace("TopicName: news", "TopicName: news, DisplayName: News")
    .replace("'one'", "'two'")
    + FRESH
)


class Deploying:
    """Deploys templates in a server that runs, and keeps what is told."""

    def __init__(self, folder: Path, lam: OwnLam) -> None:
        self._folder, self._lam = folder, lam
        self.told: list[Happened] = []

    def deploy(self, text: str, **more: Any) -> None:
        file = self._folder / "template.yaml"
        file.write_text(text)
        emulator = self._lam.emulator
        stack = read_stack(file, emulator.scope, {}, self._folder)
        self.told = []
        deploy_stack(stack, emulator.served.context, emulator.around.clients, told=self.told.append, **more)

    def refused(self, text: str, **more: Any) -> str:
        with pytest.raises(ProjectError) as refused:
            self.deploy(text, **more)
        return "\n".join(refused.value.mistakes)

    def steps(self) -> list[tuple[str, str]]:
        return [(one.logical_id, one.status) for one in self.told]

    def queues(self) -> dict[str, str]:
        """Each with how long what is received from it is hidden."""
        sqs = client_at(self._lam.url, "sqs")
        urls = sqs.list_queues().get("QueueUrls", [])
        return {
            url.rpartition("/")[2]: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"][
                "VisibilityTimeout"
            ]
            for url in urls
        }

    def subscriptions(self) -> list[str]:
        found = client_at(self._lam.url, "sns").list_subscriptions()["Subscriptions"]
        return [one["TopicArn"].rpartition(":")[2] for one in found]


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("server"), "process", stems=0) as lam:
        yield lam


@pytest.fixture
def stack(lam: OwnLam, tmp_path: Path) -> Iterator[Deploying]:
    folder = tmp_path / "app"
    folder.mkdir()
    yield Deploying(folder, lam)
    remove_stack("app", lam.emulator.served.context, lam.emulator.around.clients)


def test_a_stack_that_cannot_be_made_leaves_nothing(stack: Deploying) -> None:
    assert "template.yaml:16: Resources.Bad: CreateQueue: " in stack.refused(TEMPLATE + FRESH + BAD)

    assert (stack.queues(), stack.subscriptions()) == ({}, [])
    assert stack.steps()[-2:] == [("Jobs", "DELETE_COMPLETE"), ("app", "ROLLBACK_COMPLETE")]
    bad = next(one for one in stack.told if one.status == "CREATE_FAILED")
    assert (bad.logical_id, bad.kind) == ("Bad", "AWS::SQS::Queue")
    assert "InvalidParameterValue" in str(bad.reason)
    begun = next(one for one in stack.told if one.status == "ROLLBACK_IN_PROGRESS")
    assert begun.reason == "The following resource(s) failed to create: [Bad]. "


def test_what_was_changed_replaced_made_anew_and_made_is_as_it_was(lam: OwnLam, stack: Deploying) -> None:
    stack.deploy(TEMPLATE)
    sqs = client_at(lam.url, "sqs")
    for name in ("jobs", "old"):
        sqs.send_message(QueueUrl=f"{lam.url}/000000000000/{name}", MessageBody="kept")

    assert "Bad" in stack.refused(CHANGED + BAD)

    assert stack.queues() == {"jobs": "10", "old": "30"}
    assert stack.subscriptions() == ["news"]
    topic = client_at(lam.url, "sns").get_topic_attributes(TopicArn="arn:aws:sns:us-east-1:000000000000:news")
    assert topic["Attributes"].get("DisplayName", "") == ""
    assert lam.invoke("Hi", {}).payload == "one"
    variables = lam.client.get_function_configuration(FunctionName="Hi")["Environment"]["Variables"]
    assert variables["QUEUE"].endswith("/old")
    for name in ("jobs", "old"):
        assert sqs.receive_message(QueueUrl=f"{lam.url}/000000000000/{name}")["Messages"][0]["Body"] == "kept"
    statuses = [status for name, status in stack.steps() if name == "app"]
    assert statuses == [
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]

    stack.deploy(TEMPLATE)
    assert stack.steps() == [("app", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"), ("app", "UPDATE_COMPLETE")]


def test_what_goes_goes_last_and_only_after_all_else_was_done(lam: OwnLam, stack: Deploying) -> None:
    stack.deploy(TEMPLATE)
    assert ("Hi", "CREATE_COMPLETE") in stack.steps()

    stack.deploy(CHANGED.replace("TopicArn: !Ref News, ", "TopicArn: !Ref News, RawMessageDelivery: true, "))

    assert stack.queues() == {"jobs": "20", "older": "30", "fresh": "30"}
    steps = stack.steps()
    assert steps.index(("Fresh", "CREATE_COMPLETE")) < steps.index(("Old", "DELETE_COMPLETE"))
    old = next(one for one in stack.told if one.status == "DELETE_COMPLETE")
    assert old.physical_id.endswith("/old")
    assert lam.invoke("Hi", {}).payload == "two"

    stack.deploy("Resources:\n  Fresh: {Type: AWS::SQS::Queue, Properties: {QueueName: fresh}}\n")
    gone = [name for name, status in stack.steps() if status == "DELETE_COMPLETE"]
    assert set(gone) == {"Hi", "Told", "News", "Old", "Jobs"}
    assert gone.index("Told") < gone.index("News")
    assert gone.index("Hi") < gone.index("Old")


def test_what_failed_stays_where_nothing_is_to_be_rolled_back(stack: Deploying) -> None:
    stack.refused(TEMPLATE + FRESH + BAD, ways=Ways(rolls_back=False))
    assert set(stack.queues()) == {"jobs", "old", "fresh"}
    assert stack.steps()[-1] == ("app", "CREATE_FAILED")

    stack.deploy(TEMPLATE + FRESH)
    assert set(stack.queues()) == {"jobs", "old", "fresh"}


def test_what_is_there_by_half_is_rolled_back_too(lam: OwnLam, stack: Deploying) -> None:
    half = TEMPLATE.replace("Handler:", "ReservedConcurrentExecutions: 5000\n      Handler:")

    assert "Resources.Hi: " in stack.refused(half)

    assert not [one for one in lam.client.list_functions()["Functions"] if one["FunctionName"] == "Hi"]


def test_a_rollback_that_fails_is_told(lam: OwnLam, stack: Deploying) -> None:
    """A bucket that has something by now cannot be removed."""
    stack.deploy(TEMPLATE)
    bucket = "  Box: {Type: AWS::S3::Bucket, Properties: {BucketName: rollback-box}}\n"
    fills = BAD.replace("Fresh", "Box")

    def fill(one: Happened) -> None:
        stack.told.append(one)
        if (one.logical_id, one.status) == ("Box", "CREATE_COMPLETE"):
            client_at(lam.url, "s3").put_object(Bucket="rollback-box", Key="a", Body=b"a")

    (stack._folder / "template.yaml").write_text(TEMPLATE + bucket + fills)
    emulator = lam.emulator
    read = read_stack(stack._folder / "template.yaml", emulator.scope, {}, stack._folder)
    with pytest.raises(ProjectError) as refused:
        deploy_stack(read, emulator.served.context, emulator.around.clients, told=fill)

    assert refused.value.mistakes[-1] == "what was done of the stack app is undone, but of Box"
    assert stack.steps()[-1] == ("app", "UPDATE_ROLLBACK_FAILED")
    client_at(lam.url, "s3").delete_object(Bucket="rollback-box", Key="a")
