"""CloudFormation's API by boto3, with waiters that do not sleep for half a minute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from boto_rig import client_at
from botocore.exceptions import ClientError
from own import OwnLam, Served, own_emulator
from waiting import eventually

QUICK = {"Delay": 1, "MaxAttempts": 120}


class Stacks:
    """Of one server."""

    def __init__(self, lam: OwnLam | Served) -> None:
        self.lam = lam
        self.client = client_at(lam.url, "cloudformation")

    def sdk(self, service: str) -> Any:
        return client_at(self.lam.url, service)

    def create(self, name: str, template: str, **more: Any) -> Any:
        """The stack, once it is made."""
        self.client.create_stack(StackName=name, TemplateBody=template, **more)
        self.wait("stack_create_complete", name)
        return self.one(name)

    def update(self, name: str, template: str, **more: Any) -> Any:
        self.client.update_stack(StackName=name, TemplateBody=template, **more)
        self.wait("stack_update_complete", name)
        return self.one(name)

    def delete(self, name: str) -> None:
        self.client.delete_stack(StackName=name)
        self.wait("stack_delete_complete", name)

    def wait(self, what: str, name: str, **more: Any) -> None:
        self.client.get_waiter(what).wait(StackName=name, WaiterConfig=QUICK, **more)

    def one(self, name: str) -> Any:
        (found,) = self.client.describe_stacks(StackName=name)["Stacks"]
        return found

    def becomes(self, name: str, status: str) -> None:
        eventually(lambda: self.one(name)["StackStatus"] == status, f"{name} {status}", 60)

    def outputs(self, name: str) -> dict[str, str]:
        return {one["OutputKey"]: one["OutputValue"] for one in self.one(name).get("Outputs", [])}

    def resources(self, name: str) -> dict[str, Any]:
        found = self.client.describe_stack_resources(StackName=name)["StackResources"]
        return {one["LogicalResourceId"]: one for one in found}

    def events(self, name: str) -> list[tuple[str, str]]:
        """Who, and what became of it, in the order in which it happened."""
        pages = self.client.get_paginator("describe_stack_events").paginate(StackName=name)
        events = [one for page in pages for one in page["StackEvents"]]
        return [(one["LogicalResourceId"], one["ResourceStatus"]) for one in reversed(events)]

    def refused(self, operation: str, **members: Any) -> tuple[int, str, str]:
        """Status, code and text."""
        with pytest.raises(ClientError) as caught:
            getattr(self.client, operation)(**members)
        said = caught.value.response
        return said["ResponseMetadata"]["HTTPStatusCode"], said["Error"]["Code"], said["Error"]["Message"]


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    """A module's own server, with functions as processes."""
    with own_emulator(tmp_path_factory.mktemp("project"), "process", stems=0) as lam:
        yield Stacks(lam)
