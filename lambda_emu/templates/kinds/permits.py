"""Who may what of a thing that somebody else made: policies of secrets, queues and topics, of layers, and who signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_emu.errors.resources import NotFound
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.kind import (
    OF,
    Kind,
    Made,
    ResourceRequest,
    as_text,
    ask_if_there,
    ask_lambda,
    tag_map,
    takes,
)
from lambda_emu.templates.kinds.plain import Plain, plain

# -- Lambda


def _create_signing(asked: ResourceRequest) -> Made:
    members = {**asked.properties, "Tags": tag_map(asked)}
    told = ask_lambda(asked.reach, "CreateCodeSigningConfig", members)["CodeSigningConfig"]
    arn = told["CodeSigningConfigArn"]
    return Made(arn, {"CodeSigningConfigArn": arn, "CodeSigningConfigId": told["CodeSigningConfigId"]})


def _update_signing(asked: ResourceRequest, made: Made) -> Made:
    usual = {"CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Warn"}, "Description": ""}
    members = {**asked.back_to(usual), **asked.properties, "CodeSigningConfigArn": made.identifier}
    ask_lambda(asked.reach, "UpdateCodeSigningConfig", members)
    return made


def _remove_signing(made: Made, reach: Reach) -> None:
    try:
        reach.ask_lambda("DeleteCodeSigningConfig", CodeSigningConfigArn=made.identifier)
    except NotFound:
        return


def _share_layer(asked: ResourceRequest) -> Made:
    layer, _, number = str(asked.get("LayerVersionArn")).rpartition(":")
    of = {"LayerName": layer, "VersionNumber": int(number), "StatementId": asked.name}
    ask_lambda(asked.reach, "AddLayerVersionPermission", {**asked.given("Action", "OrganizationId", "Principal"), **of})
    id = f"{layer}:{number}#{asked.name}"
    return Made(id, {"Id": id, OF: of})


def _keep_layer(made: Made, reach: Reach) -> None:
    try:
        reach.ask_lambda("RemoveLayerVersionPermission", **made.attributes[OF])
    except NotFound:
        return


# -- a policy of one queue, topic or secret


def _put_of_queue(asked: ResourceRequest, _: Made | None = None) -> Made:
    url = str(asked.get("Queue"))
    policy = {"Policy": as_text(asked.get("PolicyDocument"))}
    asked.call("sqs", "SetQueueAttributes", {"QueueUrl": url, "Attributes": policy})
    return Made(url)


def _remove_of_queue(made: Made, reach: Reach) -> None:
    ask_if_there(reach, "sqs", "SetQueueAttributes", QueueUrl=made.identifier, Attributes={"Policy": ""})


def _put_of_topic(asked: ResourceRequest, _: Made | None = None) -> Made:
    topic = str(asked.get("TopicArn"))
    policy = {"AttributeName": "Policy", "AttributeValue": as_text(asked.get("PolicyDocument"))}
    asked.call("sns", "SetTopicAttributes", {"TopicArn": topic, **policy})
    return Made(topic)


def _leave(_: Made, __: Reach) -> None:
    """It goes with its topic."""


def _of_secret(asked: ResourceRequest) -> dict[str, Any]:
    return {"ResourcePolicy": as_text(asked.get("ResourcePolicy"))}


def _attach_secret(asked: ResourceRequest, _: Made | None = None) -> Made:
    """Databases are not served here, so nothing of them is written into the secret."""
    return Made(str(asked.get("SecretId")), {"Id": str(asked.get("SecretId"))})


PERMITS: Mapping[str, Kind] = {
    "AWS::Lambda::LayerVersionPermission": Kind(
        takes("Action LayerVersionArn OrganizationId Principal"),
        _share_layer,
        _keep_layer,
        family="layer_policies",
        fixed=takes("Action LayerVersionArn OrganizationId Principal"),
    ),
    "AWS::SQS::QueueInlinePolicy": Kind(
        takes("PolicyDocument Queue"), _put_of_queue, _remove_of_queue, _put_of_queue, fixed=takes("Queue")
    ),
    "AWS::SNS::TopicInlinePolicy": Kind(
        takes("PolicyDocument TopicArn"), _put_of_topic, _leave, _put_of_topic, fixed=takes("TopicArn")
    ),
    "AWS::SecretsManager::ResourcePolicy": plain(
        Plain(
            "secretsmanager",
            "BlockPublicPolicy ResourcePolicy SecretId",
            "PutResourcePolicy",
            "DeleteResourcePolicy",
            id="ARN",
            member="SecretId",
            update="PutResourcePolicy",
            fixed="SecretId",
            attributes={"Id": "ARN"},
            more=_of_secret,
        )
    ),
    "AWS::SecretsManager::SecretTargetAttachment": Kind(
        takes("SecretId TargetId TargetType"), _attach_secret, _leave, _attach_secret, fixed=takes("SecretId")
    ),
}
SIGNING: Mapping[str, Kind] = {
    "AWS::Lambda::CodeSigningConfig": Kind(
        takes("AllowedPublishers CodeSigningPolicies Description Tags"),
        _create_signing,
        _remove_signing,
        _update_signing,
        family="code_signing",
    ),
}
