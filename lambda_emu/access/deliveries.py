"""What is brought to targets goes only where it may. See `acting`."""

from __future__ import annotations

from collections.abc import Mapping

from lambda_emu.access.acting import Acting
from lambda_emu.destinations.actor import Actor
from lambda_emu.destinations.delivery import NOT_COUNTED, Delivery
from lambda_emu.destinations.failures import NotDelivered, Undeliverable
from lambda_emu.errors.base import LambdaError
from lambda_emu.invoke.rules import INVOKE
from lambda_emu.store import Store

OF_ROLES: Mapping[str, str] = {
    "events": "events:PutEvents",
    "firehose": "firehose:PutRecord",
    "kinesis": "kinesis:PutRecord",
    "s3": "s3:PutObject",
    "states": "states:StartExecution",
}
"""What is done to a target, by its service: of those that nobody comes to but as a role."""
OF_ALL: Mapping[str, str] = {"lambda": INVOKE, "sns": "sns:Publish", "sqs": "sqs:SendMessage"}
"""Of those whose own policies let services in as well. Log groups let nobody in as a role."""
LOGS, TO_LOGS = "logs", ("logs:CreateLogStream", "logs:PutLogEvents")
ACTIONS = {**OF_ROLES, **OF_ALL}
TO_DESTINATION = "events:InvokeApiDestination"
LAMBDA = "lambda.amazonaws.com"
CODE = "AccessDeniedException"


class DeliveryAccess:
    """destinations.Leave. On the loop."""

    def __init__(self, acting: Acting, store: Store) -> None:
        self._acting = acting
        self._store = store

    def at_once(self, delivery: Delivery) -> bool:
        actor = self._actor(delivery)
        if actor is None:
            return True
        for action, resource in _asked(actor, delivery):
            is_known, refusal = self._acting.known(actor, action, resource)
            if not is_known or refusal is not None:
                return False
        return True

    async def check(self, delivery: Delivery) -> None:
        actor = self._actor(delivery)
        if actor is None:
            return
        for action, resource in _asked(actor, delivery):
            try:
                refusal = await self._acting.refusal(actor, action, resource)
            except LambdaError as error:
                if self._acting.enforces:
                    raise NotDelivered(error.text or error.code, error.code) from error
                return
            if refusal is not None:
                raise Undeliverable(refusal, CODE)

    def _actor(self, delivery: Delivery) -> Actor | None:
        """None: nobody is asked, or whoever invokes functions asks. Functions' results come as the functions do."""
        by = delivery.by
        if by is not None or delivery.metric == NOT_COUNTED:
            return by if by is None or not by.role or delivery.service != LOGS else Actor(by.service, by.source)
        function = self._store.function(delivery.function)
        return None if function is None else Actor(LAMBDA, delivery.function.arn(), function.latest.role)


def _asked(actor: Actor, delivery: Delivery) -> tuple[tuple[str, str], ...]:
    """Actions and resources; none: it is not asked about."""
    service, target = delivery.service, delivery.target
    if actor.role and ":api-destination/" in target:
        return ((TO_DESTINATION, target),)
    if service == LOGS:  # a stream with the rule's name
        stream = f"{target.removesuffix(':*')}:log-stream:{delivery.function.name}"
        return tuple((action, stream) for action in TO_LOGS)
    action = (ACTIONS if actor.role else OF_ALL).get(service)
    if action is None:
        return ()
    is_bucket = service == "s3" and "/" not in target
    return ((action, f"{target}/{delivery.key or delivery.id}" if is_bucket else target),)
