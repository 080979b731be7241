"""How events come from buckets and topics: notifications and subscriptions.

Those that a permission of ours tells of are ours; what others set up beside them stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import Members, Present, ResourceKey
from lambda_emu.project.services.left import ORIGIN, PREFIX, TAG
from lambda_emu.project.services.reach import Reach
from lambda_emu.project.services.stores import TOPIC

NOTIFICATIONS, SUBSCRIPTION, SUBSCRIBED_QUEUE = "notifications", "subscription", "queue's subscription"

# -- notifications: all of one bucket's that are ours, under its name


def _find_notifications(reach: Reach) -> Iterator[Present]:
    left = {one.source.rpartition(":")[2] for one in reach.left.of("s3")}
    for bucket in sorted({resource.key.name for resource in reach.of(NOTIFICATIONS)} | left):
        found = reach.find("s3", "GetBucketNotificationConfiguration", Bucket=bucket) or {}
        ours = [one for one in found.get("LambdaFunctionConfigurations", []) if _is_ours(one)]
        if ours:
            shown = {one["Id"]: _told(one) for one in ours}
            yield Present(ResourceKey(NOTIFICATIONS, bucket), shown, bucket, ORIGIN)


def _is_ours(configuration: Mapping[str, Any]) -> bool:
    return str(configuration.get("Id", "")).startswith(PREFIX)


def _told(configuration: Mapping[str, Any]) -> Members:
    rules = configuration.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    return {
        "LambdaFunctionArn": configuration["LambdaFunctionArn"],
        "Events": sorted(configuration["Events"]),
        "Filter": {rule["Name"].lower(): rule["Value"] for rule in rules},
    }


def _configuration(id: str, members: Members) -> dict[str, Any]:
    rules = [{"Name": name, "Value": value} for name, value in members["Filter"].items()]
    made = {"Id": id, "LambdaFunctionArn": members["LambdaFunctionArn"], "Events": members["Events"]}
    return {**made, "Filter": {"Key": {"FilterRules": rules}}} if rules else made


def _put_notifications(bucket: str, ours: Mapping[str, Members], reach: Reach) -> str:
    """Ours anew, beside those of others."""
    found = reach.call("s3", "GetBucketNotificationConfiguration", Bucket=bucket)
    others = [one for one in found.get("LambdaFunctionConfigurations", []) if not _is_ours(one)]
    kept = {name: value for name, value in found.items() if name.endswith(("Configurations", "Configuration"))}
    after = {**kept, "LambdaFunctionConfigurations": others + [_configuration(*one) for one in ours.items()]}
    reach.call("s3", "PutBucketNotificationConfiguration", Bucket=bucket, NotificationConfiguration=after)
    return bucket


def _create_notifications(bucket: str, members: Members, reach: Reach) -> str:
    return _put_notifications(bucket, members["Ours"], reach)


def _update_notifications(present: Present, members: Members, reach: Reach) -> str:
    return _put_notifications(present.key.name, members["Ours"], reach)


def _remove_notifications(present: Present, reach: Reach) -> None:
    _put_notifications(present.key.name, {}, reach)


# -- subscriptions: named `TOPIC FUNCTION` and `TOPIC QUEUE`


def _subscriptions(topic_arn: str, reach: Reach) -> Iterator[Mapping[str, Any]]:
    token: dict[str, str] = {}
    while True:
        page = reach.find("sns", "ListSubscriptionsByTopic", TopicArn=topic_arn, **token) or {}
        yield from page.get("Subscriptions", [])
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _find_subscriptions(reach: Reach) -> Iterator[Present]:
    """Those of functions: declared, or left by a permission."""
    pairs = {(resource.key.name.split()[0], resource.key.name.split()[1]) for resource in reach.of(SUBSCRIPTION)}
    pairs |= {(_name(one.source), one.function) for one in reach.left.of("sns")}
    yield from _present(SUBSCRIPTION, "lambda", pairs, reach)


def _find_subscribed_queues(reach: Reach) -> Iterator[Present]:
    """Those of declared topics whose tags say so."""
    for topic in {resource.key.name.split()[0] for resource in reach.of(SUBSCRIBED_QUEUE)} | _declared_topics(reach):
        found = reach.find("sns", "ListTagsForResource", ResourceArn=reach.arn("sns", topic)) or {}
        tagged = {_name(tag["Key"]) for tag in found.get("Tags", []) if tag["Key"].startswith(f"{TAG}:")}
        yield from _present(SUBSCRIBED_QUEUE, "sqs", {(topic, queue) for queue in tagged}, reach)


def _declared_topics(reach: Reach) -> set[str]:
    return {resource.key.name for resource in reach.of(TOPIC)}


def _present(kind: str, protocol: str, pairs: set[tuple[str, str]], reach: Reach) -> Iterator[Present]:
    for topic in sorted({topic for topic, _ in pairs}):
        for one in _subscriptions(reach.arn("sns", topic), reach):
            pair = topic, _name(one["Endpoint"])
            arn = one["SubscriptionArn"]
            if one["Protocol"] != protocol or pair not in pairs:
                continue
            found = reach.find("sns", "GetSubscriptionAttributes", SubscriptionArn=arn)
            if found is not None:
                yield Present(ResourceKey(kind, " ".join(pair)), _shown(found["Attributes"]), arn, ORIGIN)


def _shown(attributes: Mapping[str, str]) -> Members:
    policy = json.loads(attributes.get("FilterPolicy") or "{}")
    return {
        "FilterPolicy": policy,
        "FilterPolicyScope": attributes.get("FilterPolicyScope", "MessageAttributes")
        if policy
        else "MessageAttributes",
        "RawMessageDelivery": attributes.get("RawMessageDelivery", "false").lower(),
    }


def _subscribe(protocol: str) -> Callable[[str, Members, Reach], str]:
    def subscribe(_: str, members: Members, reach: Reach) -> str:
        attributes = {"FilterPolicyScope": members["FilterPolicyScope"]} if members["FilterPolicy"] else {}
        if members["FilterPolicy"]:
            attributes["FilterPolicy"] = json.dumps(members["FilterPolicy"])
        if protocol == "sqs":
            attributes["RawMessageDelivery"] = members["RawMessageDelivery"]
        arn = reach.call(
            "sns",
            "Subscribe",
            TopicArn=members["TopicArn"],
            Protocol=protocol,
            Endpoint=members["Endpoint"],
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        if protocol == "sqs":
            tag = {"Key": _tag(_name(members["Endpoint"])), "Value": "subscribed"}
            reach.call("sns", "TagResource", ResourceArn=members["TopicArn"], Tags=[tag])
        return str(arn)

    return subscribe


def _change_subscription(present: Present, members: Members, reach: Reach) -> str:
    wanted = {"FilterPolicyScope": members["FilterPolicyScope"], "FilterPolicy": json.dumps(members["FilterPolicy"])}
    if present.key.kind == SUBSCRIBED_QUEUE:
        wanted["RawMessageDelivery"] = members["RawMessageDelivery"]
    for name, value in wanted.items():
        said = {"AttributeName": name, "AttributeValue": value}
        reach.call("sns", "SetSubscriptionAttributes", SubscriptionArn=present.identifier, **said)
    return present.identifier


def _unsubscribe(present: Present, reach: Reach) -> None:
    reach.find("sns", "Unsubscribe", SubscriptionArn=present.identifier)


def _unsubscribe_queue(present: Present, reach: Reach) -> None:
    _unsubscribe(present, reach)
    topic, queue = present.key.name.split()
    reach.call("sns", "UntagResource", ResourceArn=reach.arn("sns", topic), TagKeys=[_tag(queue)])


def _name(arn: str) -> str:
    """What an ARN ends with, or one of our tags."""
    return arn.rpartition(":")[2]


def _tag(queue: str) -> str:
    return f"{TAG}:{queue}"


PUSHED: Mapping[str, ResourceKind[Reach]] = {
    NOTIFICATIONS: ResourceKind(
        "", _find_notifications, _create_notifications, _update_notifications, _remove_notifications
    ),
    SUBSCRIPTION: ResourceKind("", _find_subscriptions, _subscribe("lambda"), _change_subscription, _unsubscribe),
    SUBSCRIBED_QUEUE: ResourceKind(
        "", _find_subscribed_queues, _subscribe("sqs"), _change_subscription, _unsubscribe_queue
    ),
}
