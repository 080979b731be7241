"""When a function's runtime is updated. Here it never is: the image is what it is. Contract: api.md 1.8."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RuntimeManagement:
    """update_on: Auto, FunctionUpdate or Manual; the last one names a runtime version."""

    update_on: str = "Auto"
    version_arn: str | None = None
