"""A resource of a stack, as its last change left it; CloudFormation knows a stack by these too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class StackResource(Struct, frozen=True):
    """kind: `AWS::SQS::Queue`. identifier: what Ref means, attributes: what Fn::GetAtt means.

    shown: what it was made of, to be compared with what a template wants. keeps: whether it stays where the template
    leaves it out. origin: "serve" where the template is the one that a server was started with, else "api".
    properties: with what they referred to put in, by which it can be made, or changed back. name: what it is called
    where they do not say. to_go: another one, in whose place it is, until that is removed.
    """

    stack: str
    logical_id: str
    kind: str
    identifier: str
    attributes: Mapping[str, Any]
    shown: Mapping[str, Any]
    keeps: bool = False
    origin: str = "serve"
    properties: Mapping[str, Any] = {}
    name: str = ""
    to_go: StackResource | None = None

    @property
    def key(self) -> str:
        """Of its record."""
        return f"{self.stack} {self.logical_id}"
