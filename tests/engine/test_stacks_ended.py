"""What becomes of a stack that is made while its account is emptied, or the server ends. docs/cloudformation.md."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from own import own_emulator
from stack_rig import Stacks
from waiting import eventually

WAITS = """
Resources:
  First: {Type: AWS::SQS::Queue, Properties: {QueueName: first}}
  Gate: {Type: AWS::CloudFormation::WaitConditionHandle}
  Opened: {Type: AWS::CloudFormation::WaitCondition, DependsOn: First, Properties: {Handle: !Ref Gate, Timeout: 60}}
  Last: {Type: AWS::SQS::Queue, DependsOn: Opened, Properties: {QueueName: last}}
"""
QUEUE = "Resources: {First: {Type: AWS::SQS::Queue, Properties: {QueueName: first}}}"


@contextmanager
def waiting(stacks: Stacks, name: str) -> Iterator[str]:
    """A stack that is being made, by the ARN that it has."""
    with ThreadPoolExecutor() as threads:
        asked = threads.submit(stacks.client.create_stack, StackName=name, TemplateBody=WAITS)
        eventually(lambda: ("Opened", "CREATE_IN_PROGRESS") in events(stacks, name), "it to wait")
        yield stacks.one(name)["StackId"]
        asked.exception(30)


def events(stacks: Stacks, name: str) -> list[tuple[str, str]]:
    known = [one["StackName"] for one in stacks.client.list_stacks()["StackSummaries"]]
    return stacks.events(name) if name in known else []


def at_work(name: str) -> bool:
    return any(thread.name == f"stack {name}" for thread in threading.enumerate())


@pytest.mark.parametrize("asked", ["reset", "reset?account=000000000000"])
def test_a_reset_ends_the_making_of_stacks_and_nothing_of_them_comes_after_it(tmp_path: Path, asked: str) -> None:
    with own_emulator(tmp_path, "process", stems=0) as lam:
        stacks = Stacks(lam)
        with waiting(stacks, "waits") as old:
            handle = stacks.resources("waits")["Gate"]["PhysicalResourceId"]
            token = {"X-Lambda-Emu-Token": lam.emulator.token}
            with urlopen(Request(f"{lam.url}/_lambda-emu/{asked}", headers=token, method="POST"), timeout=30) as answer:
                assert answer.status == 200
            assert not at_work("waits")

        assert stacks.client.list_stacks()["StackSummaries"] == []
        assert stacks.refused("describe_stack_events", StackName=old)[1] == "ValidationError"
        store = lam.emulator.store
        assert [*store.stack_events.everywhere(), *store.stack_resources.everywhere()] == []
        with pytest.raises(HTTPError, match="403"):
            urlopen(Request(handle, b"{}", method="PUT"), timeout=30)

        assert stacks.create("waits", QUEUE)["StackStatus"] == "CREATE_COMPLETE"
        assert list(stacks.resources("waits")) == ["First"]


def test_a_reset_of_another_account_leaves_it_at_work(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", stems=0) as lam:
        stacks = Stacks(lam)
        with waiting(stacks, "waits"):
            handle = stacks.resources("waits")["Gate"]["PhysicalResourceId"]
            lam.emulator.reset("111111111111")
            said = b'{"Status": "SUCCESS", "UniqueId": "1", "Data": "", "Reason": ""}'
            with urlopen(Request(handle, said, method="PUT"), timeout=30) as answer:
                assert answer.status == 200
            stacks.becomes("waits", "CREATE_COMPLETE")


def test_what_waits_when_the_server_ends_is_left_as_it_is_and_not_undone(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", stems=0) as lam:
        stacks = Stacks(lam)
        with waiting(stacks, "waits"):
            lam.emulator.close()
        assert not at_work("waits")

    with own_emulator(tmp_path, "process", stems=0) as lam:
        stacks = Stacks(lam)
        assert stacks.one("waits")["StackStatus"] == "CREATE_FAILED"
        assert stacks.one("waits")["StackStatusReason"] == "lambda-emu ended while this stack was worked on"
        assert stacks.resources("waits")["First"]["ResourceStatus"] == "CREATE_COMPLETE"
        assert not [one for one in events(stacks, "waits") if "ROLLBACK" in one[1] or "DELETE" in one[1]]
        stacks.delete("waits")
