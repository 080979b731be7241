"""Event source mappings read as their function's role, which must be let do so. See `acting`.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""

from __future__ import annotations

from collections.abc import Mapping

from lambda_emu.access.acting import Acting
from lambda_emu.arn import Target
from lambda_emu.destinations.actor import Actor
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.mappings.mapping import EventSourceMapping
from lambda_emu.model.mappings.sources import SourceKind
from lambda_emu.store import Store

LAMBDA = "lambda.amazonaws.com"
_QUEUE = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
ACTIONS: Mapping[SourceKind, tuple[str, ...]] = {
    SourceKind.SQS: _QUEUE,
    SourceKind.SQS_FIFO: _QUEUE,
    SourceKind.KINESIS: ("GetRecords", "GetShardIterator", "DescribeStream", "ListShards"),
    SourceKind.DYNAMODB: ("GetRecords", "GetShardIterator", "DescribeStream"),
}
"""ListStreams, which AWS's text names too, is of no stream."""
OF_CONSUMERS = "SubscribeToShard"
TOLD: Mapping[SourceKind, str] = {
    SourceKind.KINESIS: "GetRecords, GetShardIterator, DescribeStream, ListShards, and ListStreams",
    SourceKind.DYNAMODB: "GetRecords, GetShardIterator, DescribeStream, and ListStreams",
}


class PollingAccess:
    """event_sources.Leave. On the loop."""

    def __init__(self, acting: Acting, store: Store) -> None:
        self._acting = acting
        self._store = store

    async def missing(self, mapping: EventSourceMapping, target: Target) -> str | None:
        function, arn = self._store.function(target.id), mapping.source_arn
        version = None if function is None else function.version(target.qualifier)
        if version is None or arn is None:
            return None
        actor = Actor(LAMBDA, target.id.arn(), version.role)
        lacks = None
        for action, resource in _asked(mapping.kind, arn):
            try:
                if await self._acting.refusal(actor, action, resource) is not None and lacks is None:
                    lacks = _told(mapping.kind, arn, action)
            except LambdaError as error:
                if self._acting.enforces:
                    return f"policies cannot be read: {error.text or error.code}"
        return lacks


def _asked(kind: SourceKind, arn: str) -> list[tuple[str, str]]:
    """Actions and what each is on."""
    stream, _, consumer = arn.partition("/consumer/")
    service = stream.split(":")[2]
    asked = [(f"{service}:{action}", stream) for action in ACTIONS.get(kind, ())]
    return [*asked, (f"{service}:{OF_CONSUMERS}", arn)] if consumer else asked


def _told(kind: SourceKind, arn: str, action: str) -> str:
    """As users report it."""
    named = TOLD.get(kind)
    if named is None:
        return f"The function execution role does not have permissions to call {action.partition(':')[2]} on SQS"
    return f"Cannot access stream {arn}. Please ensure the role can perform the {named} Actions on your stream in IAM."
