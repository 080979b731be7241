"""Why an environment is initialised, and how long that may take. Contract: invoke.md 2.4, runtime.md 3.2."""

from __future__ import annotations

from enum import StrEnum


class InitType(StrEnum):
    """As the code inside finds it in AWS_LAMBDA_INITIALIZATION_TYPE, and the log in its records."""

    ON_DEMAND = "on-demand"
    PROVISIONED = "provisioned-concurrency"


def init_limit_s(init_type: InitType, timeout_s: int) -> float:
    """Seconds until the runtime must have asked for its first event. timeout_s: the function's."""
    return 10.0 if init_type is InitType.ON_DEMAND else float(max(130, timeout_s))
