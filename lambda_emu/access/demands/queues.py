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


BY_NAME = ("CreateQueue", "GetQueueUrl")
"""All others go by a queue's URL, or by the path, whatever else is said."""


def sqs(asking: Asking) -> Sequence[Demand]:
    url = asking.text("QueueUrl")
    name = asking.text("QueueName") if asking.operation in BY_NAME else ""
    if not url and not name and asking.operation not in ("ListQueues", "StartMessageMoveTask", "ListMessageMoveTasks"):
        url = asking.request.path.decode("latin-1")
    resource = ANY
    if url and (named := read_url(url)) is not None:
        account, region, queue = named
        resource = _queue(asking, account, region, queue)
    elif name:
        resource = _queue(asking, asking.text("QueueOwnerAWSAccountId") or None, None, name)
    elif asking.operation in ("StartMessageMoveTask", "ListMessageMoveTasks") and asking.text("SourceArn"):
        resource = asking.text("SourceArn")
    return [asking.demand(resource, ONE_BY_ONE.get(asking.operation))]


def _queue(asking: Asking, account: str | None, region: str | None, name: str) -> str:
    scope = asking.scope
    return f"arn:{scope.partition}:sqs:{region or scope.region}:{account or scope.account}:{name}"


def sns(asking: Asking) -> Sequence[Demand]:
    named = [asking.text("TopicArn"), asking.text("TargetArn"), asking.text("ResourceArn")]
    named.append(asking.text("SubscriptionArn").rpartition(":")[0])
    if asking.operation == "CreateTopic":
        named.append(asking.arn(asking.text("Name")))
    context = {}
    if protocol := asking.text("Protocol"):
        context = {"sns:protocol": protocol, "sns:endpoint": asking.text("Endpoint")}
    resources = [each for each in dict.fromkeys(named) if each] or [ANY]
    return [asking.demand(each, ONE_BY_ONE.get(asking.operation), context) for each in resources]
