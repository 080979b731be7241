"""Tags of what is there, changed as a template changes them: each service has operations of its own for that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.templates.kinds.kind import Made, ResourceRequest, tag_map, tags


class Tagging(Struct, frozen=True):
    """of: what operations call the one that is tagged, and by which attribute that is known; "" for its identifier.

    as_map: whether tags are a mapping, else a list of pairs.
    """

    service: str
    of: tuple[str, str]
    tag: str = "TagResource"
    untag: str = "UntagResource"
    as_map: bool = False


TAGGED = {
    "AWS::CloudWatch::Alarm": Tagging("cloudwatch", ("ResourceARN", "Arn")),
    "AWS::DynamoDB::Table": Tagging("dynamodb", ("ResourceArn", "Arn")),
    "AWS::Events::EventBus": Tagging("events", ("ResourceARN", "Arn")),
    "AWS::IAM::Role": Tagging("iam", ("RoleName", ""), "TagRole", "UntagRole"),
    "AWS::IAM::User": Tagging("iam", ("UserName", ""), "TagUser", "UntagUser"),
    "AWS::SNS::Topic": Tagging("sns", ("ResourceArn", "")),
    "AWS::SQS::Queue": Tagging("sqs", ("QueueUrl", ""), "TagQueue", "UntagQueue", as_map=True),
    "AWS::SecretsManager::Secret": Tagging("secretsmanager", ("SecretId", "")),
    "AWS::StepFunctions::StateMachine": Tagging("stepfunctions", ("ResourceArn", "")),
}
"""By type. Functions and buckets change theirs with all else; those of others are what they were made with."""


def with_stack_tags(type: str, properties: Mapping[str, Any], of_stack: Mapping[str, str]) -> Mapping[str, Any]:
    """Its own tags, and those of its stack; its own count where both have one."""
    said = properties.get("Tags")
    if isinstance(said, Mapping) and not _is_function(said):
        return {**properties, "Tags": {**of_stack, **said}}
    if said is not None and not isinstance(said, list):
        return properties
    if said is None and type.startswith("AWS::ApiGatewayV2::"):
        return {**properties, "Tags": dict(of_stack)}
    named = {one.get("Key") for one in said or () if isinstance(one, Mapping) and isinstance(one.get("Key"), str)}
    more = [{"Key": key, "Value": value} for key, value in of_stack.items() if key not in named]
    return {**properties, "Tags": [*(said or ()), *more]}


def _is_function(said: Mapping[str, Any]) -> bool:
    """What is known only later."""
    return any(name == "Ref" or name.startswith("Fn::") for name in said)


def retag(type: str, asked: ResourceRequest, made: Made) -> None:
    """CannotChange."""
    tagging = TAGGED.get(type)
    if tagging is None or asked.get("Tags") == asked.before.get("Tags"):
        return
    member, attribute = tagging.of
    which: dict[str, Any] = {member: made.attributes[attribute] if attribute else made.identifier}
    gone = sorted(_keys(asked.before.get("Tags")) - tag_map(asked).keys())
    if gone:
        asked.call(tagging.service, tagging.untag, {**which, "TagKeys": gone})
    if asked.get("Tags"):
        told = tag_map(asked) if tagging.as_map else tags(asked)
        asked.call(tagging.service, tagging.tag, {**which, "Tags": told})


def _keys(said: Any) -> set[str]:
    """Of tags however they are written."""
    return {str(one) for one in said} if isinstance(said, dict) else {str(one["Key"]) for one in said or ()}
