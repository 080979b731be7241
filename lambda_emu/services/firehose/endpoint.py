"""A destination that is somebody's HTTP endpoint: how it is given, kept and shown. docs/contract/events.md#firehose."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from lambda_emu.services.firehose import processing
from lambda_emu.services.firehose.errors import DeliveryDestinationInvalid
from lambda_emu.services.firehose.processing import MEGABYTE

MOST_MB = 16
"""Of the records of a request."""
_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
        "CloudWatchLoggingOptions": {"Enabled": False},
        "RequestConfiguration": {"ContentEncoding": "NONE", "CommonAttributes": []},
        "RetryOptions": {"DurationInSeconds": 300},
        "S3BackupMode": "FailedDataOnly",
    }
)
_MERGED = ("BufferingHints", "CloudWatchLoggingOptions", "RequestConfiguration")
_OF_S3 = ("S3Configuration", "S3Update")


class Endpoint(Struct, frozen=True):
    """Where records are posted. size, interval_s: when there is so much, or the oldest waits so long.

    attributes: told with each request. retry_s: for so long what is not taken is tried again.
    """

    url: str
    access_key: str
    attributes: Mapping[str, str]
    is_packed: bool
    size: int
    interval_s: float
    retry_s: float


def written(before: Mapping[str, Any] | None, given: Mapping[str, Any], role: str) -> dict[str, Any]:
    """As it is kept, without what is of S3. role: of its bucket. FirehoseError."""
    kept = before or _DEFAULTS
    new = {name: value for name, value in given.items() if name not in _OF_S3}
    for name in _MERGED:
        if name in new:
            new[name] = {**kept[name], **new[name]}
    found = {**kept, **new}
    if "ProcessingConfiguration" in new:
        enabled = kept.get("ProcessingConfiguration", {}).get("Enabled", False)
        wanted = {"Enabled": enabled, **new["ProcessingConfiguration"]}
        found["ProcessingConfiguration"] = processing.written(wanted, found.get("RoleARN", role))
    if not found["EndpointConfiguration"]["Url"].startswith(("https://", "http://")):
        raise DeliveryDestinationInvalid("The URL of an HTTP endpoint begins with https:// or, here, http://.")
    if "SecretsManagerConfiguration" in new:
        raise DeliveryDestinationInvalid("lambda-emu reads no access key from Secrets Manager; say it as AccessKey.")
    return found


def shown(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Nobody is told its key."""
    at = {name: value for name, value in kept["EndpointConfiguration"].items() if name != "AccessKey"}
    return {**kept, "EndpointConfiguration": at}


def read(kept: Mapping[str, Any]) -> Endpoint:
    at, hints, request = kept["EndpointConfiguration"], kept["BufferingHints"], kept["RequestConfiguration"]
    return Endpoint(
        at["Url"],
        at.get("AccessKey", ""),
        {one["AttributeName"]: one["AttributeValue"] for one in request["CommonAttributes"]},
        request["ContentEncoding"] == "GZIP",
        min(hints["SizeInMBs"], MOST_MB) * MEGABYTE,
        float(hints["IntervalInSeconds"]),
        float(kept["RetryOptions"]["DurationInSeconds"]),
    )
