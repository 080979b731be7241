"""Where and how a function logs: what a request makes of it. docs/contract/api.md#texts, #configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_emu.errors.base import InvalidParameter
from lambda_emu.model.function.function import LoggingConfig


def merged_logging(before: LoggingConfig, wanted: Mapping[str, Any]) -> LoggingConfig:
    """JSON has levels, INFO unless set; Text has none, and naming one with it is LevelsWithText."""
    log_format = wanted.get("LogFormat", before.log_format)
    group = wanted.get("LogGroup", before.log_group)
    if log_format == "Text":
        if "ApplicationLogLevel" in wanted or "SystemLogLevel" in wanted:
            raise LevelsWithText
        return LoggingConfig(group)
    return LoggingConfig(
        group,
        log_format,
        wanted.get("ApplicationLogLevel", before.application_log_level or "INFO"),
        wanted.get("SystemLogLevel", before.system_log_level or "INFO"),
    )


class LevelsWithText(InvalidParameter):
    def __init__(self) -> None:
        super().__init__(
            'LogLevel is not supported when LogFormat is set to "Text". '
            'Remove LogLevel from your request or change the LogFormat to "JSON" and try again.'
        )
