"""SQS and SNS."""

from __future__ import annotations

from collections.abc import Sequence

from lambda_emu.access.demand import ANY, Asking, Demand
from lambda_emu.services.sqs.request import read_url

ONE_BY_ONE = {
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "DeleteMessageBatch": "DeleteMessage",
    "PublishBatch": "Publish",
    "SendMessageBatch": "SendMessage",
}
"""A batch needs what each of it would."""


def sqs(asking: Asking) -> Sequence[Demand]:
    url, name = asking.text("QueueUrl"), asking.text("QueueName")
    if not url and not name and asking.operation not in ("ListQueues", "StartMessageMoveTask", "ListMessageMoveTasks"):
        url = asking.request.path.decode("latin-1")
    resource = ANY
    if url and (named := read_url(url)) is not None:
        account, region, queue = named
        resource = _queue(asking, account, region, queue)
    elif name:
        resource = _queue(asking, asking.text("QueueOwnerAWSAccountId") or None, None, name)
    elif asking.text("SourceArn"):
        resource = asking.text("SourceArn")
    return [asking.demand(resource, ONE_BY_ONE.get(asking.operation))]


def _queue(asking: Asking, account: str | None, region: str | None, name: str) -> str:
    scope = asking.scope
    return f"arn:{scope.partition}:sqs:{region or scope.region}:{account or scope.account}:{name}"


def sns(asking: Asking) -> Sequence[Demand]:
    named = asking.text("TopicArn") or asking.text("TargetArn") or asking.text("ResourceArn")
    if not named and (subscription := asking.text("SubscriptionArn")):
        named = subscription.rpartition(":")[0]
    if not named and asking.operation == "CreateTopic":
        named = asking.arn(asking.text("Name"))
    context = {}
    if protocol := asking.text("Protocol"):
        context = {"sns:protocol": protocol, "sns:endpoint": asking.text("Endpoint")}
    return [asking.demand(named or ANY, ONE_BY_ONE.get(asking.operation), context)]
