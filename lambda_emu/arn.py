"""Names of functions: what a caller may write, and the ARN it means. Contract: api.md 1.4."""

from __future__ import annotations

from dataclasses import dataclass

LATEST = "$LATEST"


@dataclass(frozen=True, slots=True)
class FunctionId:
    """One function of one account in one region, without a qualifier."""

    account: str
    region: str
    name: str
    partition: str = "aws"

    def arn(self, qualifier: str | None = None) -> str:
        """`arn:aws:lambda:<region>:<account>:function:<name>[:<qualifier>]`."""
        base = f"arn:{self.partition}:lambda:{self.region}:{self.account}:function:{self.name}"
        return base if qualifier is None else f"{base}:{qualifier}"
