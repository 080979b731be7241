"""What a function may put into its environment.

docs/contract/api.md#texts, docs/contract/runtime.md#environment-variables.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from lambda_emu.errors.base import InvalidParameter
from lambda_emu.model.quotas import ENVIRONMENT_BYTES

RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_MAX_CONCURRENCY",
        "AWS_LAMBDA_METADATA_API",
        "AWS_LAMBDA_METADATA_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)


def check(variables: Mapping[str, str]) -> None:
    """Raises ReservedEnvironmentKeys, EnvironmentTooLarge."""
    if reserved := [key for key in variables if key in RESERVED]:
        raise ReservedEnvironmentKeys(reserved)
    measured = json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > ENVIRONMENT_BYTES:
        raise EnvironmentTooLarge(measured)


class EnvironmentTooLarge(InvalidParameter):
    """`measured` is the JSON whose length counts."""

    def __init__(self, measured: str) -> None:
        super().__init__(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {measured}"
        )


class ReservedEnvironmentKeys(InvalidParameter):
    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(keys)}"
        )
