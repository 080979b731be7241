"""Attributes of queues: which there are, what they may be, what they are when nobody said."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lambda_emu.services.sqs.errors import InvalidAttribute, InvalidValue, TwoEncryptions, UnknownAttribute

MOST_BYTES = 1024 * 1024
"""Of a message with its attributes, and of a batch. https://docs.aws.amazon.com (SQS, quotas of messages, 2025)."""

DEFAULTS: Mapping[str, str] = MappingProxyType(
    {
        "VisibilityTimeout": "30",
        "MaximumMessageSize": str(MOST_BYTES),
        "MessageRetentionPeriod": "345600",
        "DelaySeconds": "0",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
    }
)
FIFO_DEFAULTS: Mapping[str, str] = MappingProxyType(
    {
        "ContentBasedDeduplication": "false",
        "DeduplicationScope": "queue",
        "FifoThroughputLimit": "perQueue",
        "FifoQueue": "true",
    }
)
COUNTED = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
TOLD = (*COUNTED, "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn")
"""Those that nobody sets."""

_NUMBERS = {
    "VisibilityTimeout": (0, 43_200),
    "MaximumMessageSize": (1024, MOST_BYTES),
    "MessageRetentionPeriod": (60, 1_209_600),
    "DelaySeconds": (0, 900),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
}
_CHOICES = {
    "SqsManagedSseEnabled": ("true", "false"),
    "ContentBasedDeduplication": ("true", "false"),
    "DeduplicationScope": ("queue", "messageGroup"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
    "FifoQueue": ("true",),
}
_REDRIVE, _ALLOW = "RedrivePolicy", "RedriveAllowPolicy"
_OPEN = ("KmsMasterKeyId", "Policy", _REDRIVE, _ALLOW)
SETTABLE = frozenset({*_NUMBERS, *_CHOICES, *_OPEN})
QUEUE_ARN = re.compile(r"arn:aws[a-z-]*:sqs:([a-z0-9-]+):(\d{12}):([A-Za-z0-9_-]{1,80}(?:\.fifo)?)")


def check(wanted: Mapping[str, str], *, is_fifo: bool) -> dict[str, str]:
    """What is to be kept of attributes that somebody sets; raises what AWS answers to one that cannot be."""
    return {name: _check(name, value, is_fifo) for name, value in wanted.items()}


def check_together(attributes: Mapping[str, str]) -> None:
    """What holds between attributes of one queue."""
    if attributes.get("KmsMasterKeyId") and attributes.get("SqsManagedSseEnabled") == "true":
        raise TwoEncryptions
    limit, scope = attributes.get("FifoThroughputLimit"), attributes.get("DeduplicationScope")
    if limit == "perMessageGroupId" and scope != "messageGroup":
        raise InvalidAttribute("FifoThroughputLimit")


def _check(name: str, value: str, is_fifo: bool) -> str:
    if name not in SETTABLE or (name in FIFO_DEFAULTS and not is_fifo):
        raise UnknownAttribute(name)
    if name in _NUMBERS:
        least, most = _NUMBERS[name]
        if not _is_number(value) or not least <= int(value) <= most:
            raise InvalidAttribute(name)
        return str(int(value))
    if name in _CHOICES:
        if value.lower() not in map(str.lower, _CHOICES[name]):
            raise InvalidAttribute(name)
        return next(choice for choice in _CHOICES[name] if choice.lower() == value.lower())
    if not value:
        return value
    if name == _REDRIVE:
        return _redrive(value, is_fifo)
    if name == _ALLOW:
        _check_allow(value)
    elif name == "Policy":
        _object(name, value)
    return value


def _redrive(value: str, is_fifo: bool) -> str:
    policy = _object(_REDRIVE, value)
    target, count = policy.get("deadLetterTargetArn"), policy.get("maxReceiveCount")
    if target is None:
        raise InvalidValue(value, _REDRIVE, "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
    if count is None:
        raise InvalidValue(value, _REDRIVE, "Redrive policy does not contain mandatory attribute: maxReceiveCount.")
    found = QUEUE_ARN.fullmatch(target) if isinstance(target, str) else None
    if found is None:
        raise InvalidValue(value, _REDRIVE, "Invalid value for deadLetterTargetArn.")
    if found[3].endswith(".fifo") != is_fifo:
        reason = "Dead-letter queue must be same type of queue as the source."
        raise InvalidValue(value, _REDRIVE, reason)
    if isinstance(count, bool) or not _is_number(str(count)) or not 1 <= int(count) <= 1000:
        raise InvalidValue(value, _REDRIVE, "Invalid value for maxReceiveCount: must be between 1 and 1000.")
    return json.dumps(policy | {"maxReceiveCount": int(count)}, separators=(",", ":"))


def _check_allow(value: str) -> None:
    policy = _object(_ALLOW, value)
    permission, sources = policy.get("redrivePermission"), policy.get("sourceQueueArns", [])
    is_list = isinstance(sources, list) and all(isinstance(one, str) for one in sources)
    if permission not in ("allowAll", "denyAll", "byQueue") or not is_list:
        raise InvalidAttribute(_ALLOW)
    if (permission == "byQueue") != bool(sources) or len(sources) > 10:
        raise InvalidAttribute(_ALLOW)


def _object(name: str, value: str) -> dict[str, Any]:
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        raise InvalidAttribute(name) from None
    if not isinstance(found, dict):
        raise InvalidAttribute(name)
    return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
