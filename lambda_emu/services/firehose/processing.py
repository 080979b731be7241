"""What is done to records before they are delivered: processors, as they are given, kept and shown.

docs/contract/events.md#firehose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from lambda_emu.services.firehose.errors import DeliveryDestinationInvalid, NotServed

LAMBDA, DELIMITER = "Lambda", "AppendDelimiterToRecord"
MOST = 5
MEGABYTE = 1 << 20
LEAST_MB, MOST_MB, MOST_INTERVAL_S = 0.2, 3.0, 900
MOST_RETRIES = 300
DEFAULTS = {"NumberOfRetries": "3", "BufferSizeInMBs": "1", "BufferIntervalInSeconds": "60"}


class Transform(Struct, frozen=True):
    """A function that records go through, run as a role.

    size, interval_s: how many it is given at once, and after how long.
    """

    arn: str
    role: str
    retries: int
    size: int
    interval_s: float


class Processing(Struct, frozen=True):
    """What is done. transform: None: nothing. is_delimited: a line ends between records."""

    transform: Transform | None = None
    is_delimited: bool = False


def written(given: Mapping[str, Any], role: str) -> dict[str, Any]:
    """A processing configuration as it is kept and shown: with its defaults, and parameters in AWS's order.

    role: of the destination. FirehoseError.
    """
    enabled = bool(given.get("Enabled", False))
    processors: Sequence[Mapping[str, Any]] = given.get("Processors", [])
    if enabled and not 1 <= len(processors) <= MOST:
        raise DeliveryDestinationInvalid(f"Between 1 and {MOST} processors are needed where processing is enabled.")
    if sum(one["Type"] == LAMBDA for one in processors) > 1:
        raise DeliveryDestinationInvalid("At most one Lambda processor is supported.")
    return {"Enabled": enabled, "Processors": [_processor(one, role) for one in processors]}


def read(kept: Mapping[str, Any] | None) -> Processing:
    """kept: as `written` made it."""
    if kept is None or not kept["Enabled"]:
        return Processing()
    by_type = {one["Type"]: one["Parameters"] for one in kept["Processors"]}
    transform = _transform(_values(by_type[LAMBDA])) if LAMBDA in by_type else None
    return Processing(transform, DELIMITER in by_type)


def _processor(given: Mapping[str, Any], role: str) -> dict[str, Any]:
    kind = given["Type"]
    if kind == DELIMITER:
        return {"Type": kind, "Parameters": []}  # AWS knows none, and shows none
    if kind != LAMBDA:
        raise NotServed(f"processors of type {kind}", f"{LAMBDA} and {DELIMITER} are")
    values = {**DEFAULTS, "RoleArn": role, **_values(given.get("Parameters", []))}
    if "LambdaArn" not in values:
        raise DeliveryDestinationInvalid("LambdaArn is required for a Lambda processor.")
    _check(values)
    names = ("LambdaArn", "NumberOfRetries", "RoleArn", "BufferSizeInMBs", "BufferIntervalInSeconds")
    return {"Type": kind, "Parameters": [{"ParameterName": one, "ParameterValue": values[one]} for one in names]}


def _values(parameters: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {one["ParameterName"]: one["ParameterValue"] for one in parameters}


def _transform(values: Mapping[str, str]) -> Transform:
    size, interval_s = int(float(values["BufferSizeInMBs"]) * MEGABYTE), float(values["BufferIntervalInSeconds"])
    return Transform(values["LambdaArn"], values["RoleArn"], int(values["NumberOfRetries"]), size, interval_s)


def _check(values: Mapping[str, str]) -> None:
    """FirehoseError."""
    for name, least, most in (
        ("NumberOfRetries", 0, MOST_RETRIES),
        ("BufferSizeInMBs", LEAST_MB, MOST_MB),
        ("BufferIntervalInSeconds", 0, MOST_INTERVAL_S),
    ):
        if not least <= _number(name, values[name]) <= most:
            raise DeliveryDestinationInvalid(f"{name} must be between {least} and {most}.")


def _number(name: str, text: str) -> float:
    if name != "BufferSizeInMBs" and not (text.isascii() and text.isdigit()):
        raise DeliveryDestinationInvalid(f"{name} must be a whole number.")
    try:
        return float(text)
    except ValueError:
        raise DeliveryDestinationInvalid(f"{name} must be a number.") from None
