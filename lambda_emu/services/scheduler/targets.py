"""What a schedule may bring something to, and what of its target's members the request there has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lambda_emu.arn import service_in
from lambda_emu.services.scheduler.errors import TargetArnInvalid, TargetIncomplete, TargetNotServed
from lambda_emu.services.universal import operation_of

Members = Mapping[str, Any]

_RESOURCES: Mapping[str, str] = {
    "events": r"event-bus/.+",
    "firehose": r"deliverystream/.+",
    "kinesis": r"stream/.+",
    "lambda": r"function:.+",
    "sns": r"[^:]+",
    "sqs": r"[^:]+",
    "states": r"stateMachine:.+",
}
"""By the service that an ARN names: what it ends with."""
_NEEDS: Mapping[str, str] = {"events": "EventBridgeParameters", "kinesis": "KinesisParameters"}
_NOT_SERVED = ("codebuild", "codepipeline", "ecs", "inspector", "sagemaker")
"""Those that Scheduler has besides."""
_ARN = re.compile(r"arn:aws[a-z-]*:([a-z0-9-]+):[a-z0-9-]*:[0-9]{0,12}:(.+)")


def check_target(target: Members) -> None:
    """SchedulerError."""
    arn = target["Arn"]
    found = _ARN.fullmatch(arn)
    service = "" if found is None else found[1]
    if service == "scheduler":
        _check_universal(arn)
        return
    if service in _NOT_SERVED:
        raise TargetNotServed(service)
    if found is None or service not in _RESOURCES or not re.fullmatch(_RESOURCES[service], found[2]):
        raise TargetArnInvalid
    needed = _NEEDS.get(service)
    if needed is not None and needed not in target:
        raise TargetIncomplete(needed)
    if service == "sqs" and arn.endswith(".fifo") and not target.get("SqsParameters", {}).get("MessageGroupId"):
        raise TargetIncomplete("SqsParameters")
    letters = target.get("DeadLetterConfig", {}).get("Arn", "")
    if letters.endswith(".fifo"):
        raise TargetArnInvalid


def options_of(target: Members) -> Mapping[str, str]:
    """Of `destinations.Delivery`, of a target that was checked."""
    service = service_in(target["Arn"])
    if service == "events":
        parameters = target["EventBridgeParameters"]
        return {"Source": parameters["Source"], "DetailType": parameters["DetailType"]}
    if service == "kinesis":
        return {"PartitionKey": target["KinesisParameters"]["PartitionKey"]}
    group = target.get("SqsParameters", {}).get("MessageGroupId")
    return {"MessageGroupId": group} if service == "sqs" and group else {}


def _check_universal(arn: str) -> None:
    try:
        operation_of(arn)
    except ValueError as error:
        raise TargetArnInvalid(str(error)) from error
