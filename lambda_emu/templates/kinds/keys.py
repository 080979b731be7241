"""AWS::KMS: keys and their aliases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.kind import Kind, Made, NeedsAnother, ResourceRequest, as_text, ask_if_there, takes
from lambda_emu.templates.kinds.kind import tags as tags_of

KMS = "kms"


def _create_key(asked: ResourceRequest) -> Made:
    said = asked.given("Description", "KeySpec", "KeyUsage", "MultiRegion", "Origin")
    if (policy := asked.get("KeyPolicy")) is not None:
        said["Policy"] = as_text(policy)
    tags = tags_of(asked, "TagKey", "TagValue")
    told = asked.call(KMS, "CreateKey", {**said, "Tags": tags})["KeyMetadata"]
    made = asked.begin(Made(told["KeyId"], {"Arn": told["Arn"], "KeyId": told["KeyId"]}))
    _set_key(asked, made)
    return made


def _set_key(asked: ResourceRequest, made: Made) -> None:
    key = {"KeyId": made.identifier}
    is_rotated, is_enabled = (str(asked.get(*said)).lower() == "true" for said in _SWITCHES)
    if is_rotated:
        usual = asked.back_to({"RotationPeriodInDays": 365})
        period = {"RotationPeriodInDays": asked.get("RotationPeriodInDays"), **usual}
        asked.call(KMS, "EnableKeyRotation", {**key, **period})
    elif asked.before.get("EnableKeyRotation"):
        asked.call(KMS, "DisableKeyRotation", key)
    asked.call(KMS, "EnableKey" if is_enabled else "DisableKey", key)


def _update_key(asked: ResourceRequest, made: Made) -> Made:
    if any(asked.get(name) != asked.before.get(name) for name in ("KeySpec", "KeyUsage", "MultiRegion", "Origin")):
        raise NeedsAnother
    key = {"KeyId": made.identifier}
    asked.call(KMS, "UpdateKeyDescription", {**key, "Description": asked.get("Description", "")})
    policy = asked.back_to({"KeyPolicy": _usual_policy(asked)}) | asked.given("KeyPolicy")
    if policy:
        told = as_text(policy["KeyPolicy"])
        asked.call(KMS, "PutKeyPolicy", {**key, "PolicyName": "default", "Policy": told})
    _set_key(asked, made)
    return made


def _usual_policy(asked: ResourceRequest) -> dict[str, Any]:
    """What KMS gives a key that is made without one: its account decides."""
    scope = asked.reach.context.scope
    account = {"AWS": f"arn:{scope.partition}:iam::{scope.account}:root"}
    allowed = {"Effect": "Allow", "Principal": account, "Action": "kms:*", "Resource": "*"}
    statement = {"Sid": "Enable IAM User Permissions", **allowed}
    return {"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}


def _remove_key(made: Made, reach: Reach) -> None:
    ask_if_there(reach, KMS, "ScheduleKeyDeletion", KeyId=made.identifier)


def _create_alias(asked: ResourceRequest) -> Made:
    name = str(asked.get("AliasName"))
    asked.call(KMS, "CreateAlias", asked.given("AliasName", "TargetKeyId"))
    return Made(name)


def _update_alias(asked: ResourceRequest, made: Made) -> Made:
    asked.call(KMS, "UpdateAlias", asked.given("AliasName", "TargetKeyId"))
    return made


def _remove_alias(made: Made, reach: Reach) -> None:
    ask_if_there(reach, KMS, "DeleteAlias", AliasName=made.identifier)


_SWITCHES = (("EnableKeyRotation", False), ("Enabled", True))
KEYS: Mapping[str, Kind] = {
    "AWS::KMS::Key": Kind(
        takes(
            "Description EnableKeyRotation Enabled KeyPolicy KeySpec KeyUsage MultiRegion Origin RotationPeriodInDays "
            "Tags"
        ),
        _create_key,
        _remove_key,
        _update_key,
    ),
    "AWS::KMS::Alias": Kind(
        takes("AliasName TargetKeyId"), _create_alias, _remove_alias, _update_alias, fixed=takes("AliasName")
    ),
}
