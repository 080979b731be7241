"""What a stack's topics are told of each of its events, in CloudFormation's form."""

from __future__ import annotations

import logging
from collections.abc import Callable

from lambda_emu.api.context import RequestContext
from lambda_emu.model.stacks import StackEvent, StackRecord
from lambda_emu.model.timestamps import millisecond
from lambda_emu.project.resources import CannotChange
from lambda_emu.project.services.reach import Reach

log = logging.getLogger(__name__)

SUBJECT = "AWS CloudFormation Notification"
ToldEvent = Callable[[StackEvent, StackRecord], None]


def nobody(_: StackEvent, __: StackRecord) -> None:
    """Is told."""


class Topics:
    """Of one request, in whose name they are told. One that cannot be told is told no more, which the log says."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._lost: set[str] = set()

    def tell(self, event: StackEvent, stack: StackRecord) -> None:
        for topic in stack.topics:
            if topic in self._lost:
                continue
            try:
                message = write(event, self._reach.context)
                self._reach.call("sns", "Publish", TopicArn=topic, Subject=SUBJECT, Message=message)
            except CannotChange as error:
                self._lost.add(topic)
                log.warning("%s is not told of the stack %s: %s", topic, stack.name, error)


def write(event: StackEvent, context: RequestContext) -> str:
    """A line for each member. Who has asked is told as the account (?)."""
    account = context.scope.account
    members = {
        "StackId": event.stack_id,
        "Timestamp": millisecond(event.at_s),
        "EventId": event.id,
        "LogicalResourceId": event.logical_id,
        "Namespace": account,
        "PhysicalResourceId": event.identifier,
        "PrincipalId": account,
        "ResourceProperties": event.properties or "null",
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason or "",
        "ResourceType": event.kind,
        "StackName": event.stack,
        "ClientRequestToken": event.token or "null",
    }
    return "".join(f"{name}='{value}'\n" for name, value in members.items())
