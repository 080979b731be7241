"""What a request asks for, as policies name it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.gateway.request import Request
from lambda_emu.model.iam.patterns import Context

ANY = "*"
PASS_ROLE = "iam:PassRole"
NOTHING: Context = {}
MOST_TAGS = 50


class Demand(Struct, frozen=True):
    """action: `sqs:SendMessage`. resource: an ARN, or `*` for what is about no single one.

    shown: what AWS's errors call the resource, where they do not say its ARN. context: what this service tells
    conditions besides what all requests do. items: what says which items of a table, and which attributes.
    """

    action: str
    resource: str = ANY
    context: Context = NOTHING
    shown: str | None = None
    items: tuple[Mapping[str, Any], ...] = ()

    @property
    def owner(self) -> str:
        """The account that its ARN names; empty: none, as of a bucket, or of what AWS gives to all."""
        parts = self.resource.split(":", 5)
        return parts[4] if len(parts) == 6 and parts[4] != "aws" else ""


class Asking(NamedTuple):
    """A request of one service. service: its prefix in policies. scope: of the caller."""

    service: str
    operation: str
    members: Mapping[str, Any]
    scope: Scope
    request: Request

    def text(self, name: str) -> str:
        """A member; empty: it is no text, or not there."""
        value = self.members.get(name)
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        value = self.members.get(name)
        return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []

    def parts(self, name: str) -> list[Mapping[str, Any]]:
        """Objects of a list."""
        value = self.members.get(name)
        return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []

    def arn(self, resource: str) -> str:
        """In the caller's account and region."""
        return self.scope.arn(resource, self.service)

    def named(self, resource: str, given: str) -> str:
        """given: an ARN, or the name of what `resource` says the kind of: `table/`."""
        return given if given.startswith("arn:") else self.arn(resource + given)

    def demand(self, resource: str = ANY, operation: str | None = None, context: Context = NOTHING) -> Demand:
        return Demand(f"{self.service}:{operation or self.operation}", resource, {**context, **self.tags()})

    def tags(self) -> Context:
        """Those that are given, and the names of those that are taken away, as conditions are told."""
        given = next((self.members[name] for name in ("Tags", "tags") if name in self.members), None)
        taken = next((self.members[name] for name in ("TagKeys", "tagKeys") if name in self.members), None)
        if given is None and taken is None:
            return NOTHING
        found = dict(_pairs(given))
        keys = (*found, *(taken[:MOST_TAGS] if isinstance(taken, list) else ()))
        told = {f"aws:requesttag/{name.lower()}": value for name, value in found.items()}
        return {**told, "aws:tagkeys": tuple(str(key) for key in keys)} if keys else NOTHING

    def passing(self, role: Any, to: str) -> list[Demand]:
        """Who has a service act as a role needs leave to. role: its ARN, if it is any. to: the service."""
        if not isinstance(role, str) or not role.startswith("arn:"):
            return []
        return [Demand(PASS_ROLE, role, {"iam:passedtoservice": to})]


def _pairs(given: Any) -> list[tuple[str, str]]:
    """Names and values, of a mapping or of a list of `Key` and `Value`."""
    if isinstance(given, dict):
        return [(name, str(value)) for name, value in list(given.items())[:MOST_TAGS]]
    parts = [part for part in given[:MOST_TAGS] if isinstance(part, dict)] if isinstance(given, list) else []
    found = [(part.get("Key", part.get("key")), part.get("Value", part.get("value", ""))) for part in parts]
    return [(name, str(value)) for name, value in found if isinstance(name, str)]
