"""AWS::SNS: topics, who is told by them, and who may use them."""

from __future__ import annotations

from collections.abc import Mapping

from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.kind import Kind, Made, ResourceRequest, as_text, ask_if_there, tags, takes

_USUAL_OF_TOPICS = {"ContentBasedDeduplication": False, "DisplayName": "", "KmsMasterKeyId": "", "SignatureVersion": 1}


def _create_topic(asked: ResourceRequest) -> Made:
    is_fifo = str(asked.get("FifoTopic", False)).lower() == "true"
    name = str(asked.get("TopicName") or f"{asked.name}{'.fifo' if is_fifo else ''}")
    attributes = asked.given("ContentBasedDeduplication", "DisplayName", "KmsMasterKeyId", "SignatureVersion")
    attributes |= {"FifoTopic": "true"} if is_fifo else {}
    members = {"Name": name, "Attributes": attributes, "Tags": tags(asked)}
    arn = asked.call("sns", "CreateTopic", members)["TopicArn"]
    made = asked.begin(Made(arn, {"TopicArn": arn, "TopicName": name}))
    _set_subscriptions(asked, arn)
    return made


def _set_subscriptions(asked: ResourceRequest, arn: str) -> None:
    """Those that stand in it: what it had and has no more goes."""
    had, has = (
        {(str(one["Protocol"]), str(one["Endpoint"])) for one in said.get("Subscription") or ()}
        for said in (asked.before, asked.properties)
    )
    if had - has:
        for one in asked.call("sns", "ListSubscriptionsByTopic", {"TopicArn": arn})["Subscriptions"]:
            if (one["Protocol"], one["Endpoint"]) in had - has:
                ask_if_there(asked.reach, "sns", "Unsubscribe", SubscriptionArn=one["SubscriptionArn"])
    for protocol, endpoint in sorted(has - had):
        asked.call("sns", "Subscribe", {"TopicArn": arn, "Protocol": protocol, "Endpoint": endpoint})


def _update_topic(asked: ResourceRequest, made: Made) -> Made:
    for name in ("ContentBasedDeduplication", "DisplayName", "KmsMasterKeyId", "SignatureVersion"):
        if asked.get(name) != asked.before.get(name):
            value = {"AttributeName": name, "AttributeValue": asked.get(name, _USUAL_OF_TOPICS[name])}
            asked.call("sns", "SetTopicAttributes", {"TopicArn": made.identifier, **value})
    _set_subscriptions(asked, made.identifier)
    return made


def _remove_topic(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "sns", "DeleteTopic", TopicArn=made.identifier)


def _has_topic(made: Made, reach: Reach) -> bool:
    return reach.find("sns", "GetTopicAttributes", TopicArn=made.identifier) is not None


_OF_SUBSCRIPTIONS = ("DeliveryPolicy", "FilterPolicyScope", "FilterPolicy", "RawMessageDelivery", "RedrivePolicy")


def _subscribe(asked: ResourceRequest) -> Made:
    attributes = asked.given(*_OF_SUBSCRIPTIONS, "SubscriptionRoleArn")
    members = {**asked.given("Endpoint", "Protocol", "TopicArn"), "Attributes": attributes}
    arn = asked.call("sns", "Subscribe", {**members, "ReturnSubscriptionArn": True})["SubscriptionArn"]
    return Made(arn, {"Arn": arn})


def _update_subscription(asked: ResourceRequest, made: Made) -> Made:
    for name in (*_OF_SUBSCRIPTIONS, "SubscriptionRoleArn"):
        if asked.get(name) != asked.before.get(name):
            usual = {"FilterPolicy": "{}", "FilterPolicyScope": "MessageAttributes", "RawMessageDelivery": False}
            value = {"AttributeName": name, "AttributeValue": asked.get(name, usual.get(name, ""))}
            asked.call("sns", "SetSubscriptionAttributes", {"SubscriptionArn": made.identifier, **value})
    return made


def _unsubscribe(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "sns", "Unsubscribe", SubscriptionArn=made.identifier)


def _put_topic_policy(asked: ResourceRequest) -> Made:
    for arn in asked.get("Topics") or ():
        members = {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": as_text(asked.get("PolicyDocument"))}
        asked.call("sns", "SetTopicAttributes", members)
    return Made(asked.name, {"Id": asked.name})


def _update_topic_policy(asked: ResourceRequest, made: Made) -> Made:
    return _put_topic_policy(asked)._replace(identifier=made.identifier)


def _leave_policy(_: Made, __: Reach) -> None:
    """It goes with what it is of; until then what it allowed stays allowed."""


TOPICS: Mapping[str, Kind] = {
    "AWS::SNS::Topic": Kind(
        takes(
            "ContentBasedDeduplication DisplayName FifoTopic KmsMasterKeyId SignatureVersion Subscription Tags "
            "TopicName"
        ),
        _create_topic,
        _remove_topic,
        _update_topic,
        _has_topic,
        fixed=takes("FifoTopic TopicName"),
        named="TopicName",
    ),
}
ON_TOPICS: Mapping[str, Kind] = {
    "AWS::SNS::TopicPolicy": Kind(
        takes("PolicyDocument Topics"), _put_topic_policy, _leave_policy, _update_topic_policy
    ),
    "AWS::SNS::Subscription": Kind(
        takes(
            "DeliveryPolicy Endpoint FilterPolicy FilterPolicyScope Protocol RawMessageDelivery RedrivePolicy "
            "SubscriptionRoleArn TopicArn"
        ),
        _subscribe,
        _unsubscribe,
        _update_subscription,
        fixed=takes("Endpoint Protocol TopicArn"),
    ),
}
