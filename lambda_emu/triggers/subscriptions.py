"""Brings what subscriptions of log groups want to functions and streams, by the outbox; a function's own chain goes on.

A function whose log brings it new events would run for ever: what it printed goes on under the tracing header that it
ran under, so the chain is found to go in circles as any other. docs/contract/invoke.md#recursion.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lambda_emu.arn import Scope, Target, parse_function_name, scope_in, service_in
from lambda_emu.clock import Clock
from lambda_emu.destinations.actor import Actor
from lambda_emu.destinations.delivery import KIND, NOT_COUNTED, Delivery, put, work_of
from lambda_emu.destinations.outbox import Outbox
from lambda_emu.destinations.retries import RetryPolicy
from lambda_emu.destinations.senders import PRINCIPAL
from lambda_emu.errors.resources import AccessDenied
from lambda_emu.invoke.rules import INVOKE, authorize, permission_command
from lambda_emu.metrics.embedded import Embedded
from lambda_emu.services.clients import Call
from lambda_emu.services.logs.payloads import control_message, for_function
from lambda_emu.store import Store, WorkItem
from lambda_emu.triggers.chains import LOGS, Chains

if TYPE_CHECKING:
    from lambda_emu.logs.groups import Owner
    from lambda_emu.services.logs.records import LogGroup, SubscriptionFilter

log = logging.getLogger(__name__)

MOST_AGE_S = 86_400
WAITING = "SELECT count(*) FROM work WHERE kind = ?"
NO_FUNCTION = (
    "Could not execute the lambda function. "
    "Make sure you have given CloudWatch Logs permission to execute your function."
)
NO_STREAM = {
    "kinesis": (
        "Could not deliver test message to specified Kinesis stream. "
        "Check if the given kinesis stream is in ACTIVE state."
    ),
    "firehose": (
        "Could not deliver test message to specified Firehose stream. "
        "Check if the given Firehose stream is in ACTIVE state."
    ),
}


class Subscriptions:
    """services.logs.Deliveries and Destinations. call: asks other services, and blocks."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        clock: Clock,
        chains: Chains,
        call: Call,
        publish: Callable[[Sequence[Embedded]], None],
        refusal: Callable[[Actor, str, str], str | None],
    ) -> None:
        """refusal: AWS's text why somebody may not do something to what; blocks."""
        self.publish = publish
        self.wake = outbox.wake
        self.traces: Mapping[tuple[Scope, str, str], str] = {}
        self._store = store
        self._clock = clock
        self._chains = chains
        self._call = call
        self._refusal = refusal

    def make(self, group: LogGroup, to: SubscriptionFilter, owner: Owner, causes: set[str], payload: bytes) -> WorkItem:
        """On a worker."""
        is_function = service_in(to.destination) == "lambda"
        trace = self._chains.of(owner, causes) or self.traces.get((owner.scope, owner.group, owner.stream))
        key = owner.stream[:256] if to.distribution == "ByLogStream" else self._clock.new_id()
        delivery = Delivery(
            self._clock.new_id(),
            to.destination,
            group.scope.function(group.name),
            f"a batch of log events by {to.name}",
            NOT_COUNTED,
            trace,
            options=_source(group.scope, group.arn) if is_function else {"PartitionKey": key},
            policy=RetryPolicy(MOST_AGE_S),
            by=None if is_function else Actor(LOGS, group.arn, to.role or ""),
        )
        return work_of(delivery, self._clock.steady_s(), for_function(payload) if is_function else payload)

    def waiting(self, connection: sqlite3.Connection, destination: str) -> int:
        (count,) = connection.execute(WAITING, (KIND + destination,)).fetchone()
        return int(count)

    def put(self, connection: sqlite3.Connection, work: Sequence[WorkItem]) -> None:
        put(connection, work)

    def check(self, scope: Scope, group: str, arn: str, role: str | None) -> str | None:
        """A function must let logs run it; a stream takes a message that tries it."""
        service = service_in(arn)
        if service == "lambda":
            return None if self._may_run(scope, group, arn) else NO_FUNCTION
        what = {"kinesis": "Kinesis stream", "firehose": "Firehose"}[service]
        if role and self._refusal(Actor(LOGS, group, role), f"{service}:PutRecord", arn) is not None:
            return NO_STREAM[service]
        data = control_message(what, int(self._clock.now_s() * 1000))
        members: dict[str, Any] = {"StreamARN": arn, "Data": data, "PartitionKey": "control"}
        if service == "firehose":
            members = {"DeliveryStreamName": arn.rpartition("/")[2], "Record": {"Data": data}}
        from botocore.exceptions import BotoCoreError, ClientError  # here: few have one

        try:
            self._call(service, "PutRecord", members, account=scope.account, region=scope_in(arn).region)
        except (BotoCoreError, ClientError, ConnectionError):
            return NO_STREAM[service]
        return None

    def _may_run(self, scope: Scope, group: str, arn: str) -> bool:
        try:
            written = parse_function_name(arn)
        except ValueError:
            return False
        target = Target(Scope(written.account or "", written.region or "").function(written.name), written.qualifier)
        source = _source(scope, group)
        function, principal = self._store.function(target.id), source.pop(PRINCIPAL)
        try:
            authorize(function, principal, INVOKE, target, source)
        except AccessDenied:
            why = f"there is no function {arn}"
            if function is not None:
                command = permission_command(target, principal, source["aws:SourceArn"])
                why = f"the policy of {arn} does not let {principal} run it; this lets it: {command}"
            log.warning("a subscription of %s is refused: %s", group, why)
            return False
        return True


def _source(scope: Scope, group: str) -> dict[str, str]:
    """What a policy may ask for. group: its ARN."""
    return {PRINCIPAL: LOGS, "aws:SourceArn": f"{group}:*", "aws:SourceAccount": scope.account}
