"""Tenant isolation: every environment of such a function belongs to one tenant. Contract: invoke.md 2.8, api.md 1.7."""

from __future__ import annotations

from lambda_emu.errors import NotWithTenants, TenantIdMissing, TenantIdRefused
from lambda_emu.model.function import FunctionVersion


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
