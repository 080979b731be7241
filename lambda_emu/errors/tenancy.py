"""Tenants: asked for where there are none, or forgotten where there are. Contract: invoke.md 2.8."""

from __future__ import annotations

from lambda_emu.errors.parameters import InvalidParameter


class TenantIdMissing(InvalidParameter):
    """As AWS's announcement of tenant isolation shows it."""

    def __init__(self) -> None:
        super().__init__(
            "The invoked function is enabled with tenancy configuration. "
            "Add a valid tenant ID in your request and try again."
        )


class TenantIdRefused(InvalidParameter):
    """AWS's text is not recorded."""

    def __init__(self) -> None:
        super().__init__(
            "The invoked function is not enabled with tenancy configuration. "
            "Remove the tenant ID from your request and try again."
        )


class NotWithTenants(InvalidParameter):
    """`feature` needs environments that are nobody's. AWS's text is not recorded."""

    def __init__(self, feature: str) -> None:
        super().__init__(f"{feature} is not supported for functions with tenancy configuration.")
