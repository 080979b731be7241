"""Extensions of AWS's own that come as layers, and what becomes of them here. By name: each region has its account."""

from __future__ import annotations

from collections.abc import Iterable

SECRETS = "AWS-Parameters-and-Secrets-Lambda-Extension"
"""Answered by this server on a port inside. docs/layers.md."""
INSIGHTS = "LambdaInsightsExtension"
"""Accepted; nothing of it runs."""
ARM = "-Arm64"


def layer_name(arn: str) -> str:
    """Of a layer, or of a version of one."""
    return arn.split(":")[6]


def has_extension(arns: Iterable[str], name: str) -> bool:
    """Whether one of these layer versions is it, for either processor."""
    return any(layer_name(arn).removesuffix(ARM) == name for arn in arns)
