"""Tenant isolation: every environment of such a function belongs to one tenant.

docs/contract/invoke.md#tenants, docs/contract/api.md#configuration.
"""

from __future__ import annotations

from lambda_emu.errors.base import InvalidParameter
from lambda_emu.model.function.function import FunctionVersion


def check_tenant(isolation: str | None, tenant_id: str | None) -> None:
    """TenantIdMissing or TenantIdRefused, unless exactly the functions with tenants are invoked for one."""
    if isolation is None and tenant_id is not None:
        raise TenantIdRefused
    if isolation is not None and tenant_id is None:
        raise TenantIdMissing


def check_without_tenants(version: FunctionVersion, feature: str) -> None:
    """NotWithTenants if this version has them. feature: as the refusal names it."""
    if version.tenant_isolation is not None:
        raise NotWithTenants(feature)


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
