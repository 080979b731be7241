"""A row for a type of resources that templates may have: what a stack says of it at first, then, and at last."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from boto_rig import client_at
from botocore.exceptions import ClientError
from own import OwnLam

from lambda_emu.model.stack_resource import StackResource
from lambda_emu.project.services.reach import ABSENT

Properties = Mapping[str, Any]


class Account:
    """Asked by boto3, as a user does."""

    def __init__(self, lam: OwnLam) -> None:
        self.lam = lam

    def __getattr__(self, service: str) -> Any:
        """The client of a service: account.sqs."""
        return client_at(self.lam.url, service.replace("_", "-"))

    def made(self) -> dict[str, StackResource]:
        """What there is of stacks, by logical id."""
        store, scope = self.lam.emulator.store, self.lam.emulator.scope
        return {one.logical_id: one for one in store.stack_resources.all(scope)}


class Row(NamedTuple):
    """made, changed, replaced: properties, each with those before it. changed: what is changed in place; replaced: what
    makes another one. look: what a user sees of it; nothing where it is gone. sees: by steps.
    """

    name: str
    type: str
    made: Properties
    look: Callable[[Account, StackResource], Any]
    sees: tuple[Any, ...]
    changed: Properties = {}
    replaced: Properties = {}
    after: str | None = None

    def properties(self, step: str) -> Properties:
        then = {**self.made, **(self.changed if step != "made" else {})}
        return {**then, **(self.replaced if step == "replaced" else {})}

    def declared(self, step: str) -> Mapping[str, Any]:
        after = {"DependsOn": self.after} if self.after else {}
        return {"Type": self.type, "Properties": self.properties(step), **after}

    def expected(self, step: str) -> Any:
        """The last of what is seen where nothing else is said; True where it is only to be there."""
        if not self.sees:
            return True
        number = ("made", "changed", "replaced").index(step)
        return self.sees[min(number, len(self.sees) - 1)]

    def seen(self, account: Account, one: StackResource) -> Any:
        """None where it is not there."""
        try:
            found = self.look(account, one)
            return found if self.sees or not found else True
        except ClientError as error:
            said = error.response["Error"]
            if (
                said["Code"] in ABSENT
                or "NotFound" in said["Code"]
                or "Invalid Request Validator Id" in said["Message"]
            ):
                return None
            raise
        except KeyError:
            return None


def is_made(account: Account, one: StackResource) -> Any:
    """Of what only helps others; there is a row that looks at its type."""
    return one.logical_id in account.made()


def template(rows: list[Row], step: str) -> str:
    return json.dumps({"Resources": {row.name: row.declared(step) for row in rows}})


def ref(name: str) -> Properties:
    return {"Ref": name}


def att(name: str, attribute: str = "Arn") -> Properties:
    return {"Fn::GetAtt": [name, attribute]}


def sub(text: str) -> Properties:
    return {"Fn::Sub": text}


def allow(action: str, resource: Any = "*", **more: Any) -> Properties:
    """A policy of one statement."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return {"Version": "2012-10-17", "Statement": [statement]}
