"""Points in time, in seconds since the epoch, as AWS writes them here and there."""

from __future__ import annotations

from datetime import UTC, datetime


def last_modified(now_s: float) -> str:
    """`YYYY-MM-DDThh:mm:ss.sss+0000`. docs/contract/api.md#wire-format."""
    return datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def iso(now_s: float) -> str:
    """`YYYY-MM-DDThh:mm:ss.ffffffZ`, as function URLs write it. docs/contract/api.md#wire-format."""
    return datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def whole_second(at_s: float) -> str:
    """`YYYY-MM-DDThh:mm:ssZ`, as windows of streams and metrics have it."""
    return datetime.fromtimestamp(int(at_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def millisecond(at_s: float) -> str:
    """`YYYY-MM-DDThh:mm:ss.sssZ`, as CloudFormation writes it."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
