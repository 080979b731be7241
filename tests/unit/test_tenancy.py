"""Tenant isolation as a member of functions, and who may be invoked for whom.

docs/contract/api.md#configuration, docs/contract/invoke.md#tenants.
"""

from __future__ import annotations

import pytest
from api_rig import Api, refused, zipped
from msgspec.structs import replace
from sandbox_rig import VERSION

from lambda_emu.errors.base import LambdaError
from lambda_emu.model.function.tenancy import (
    NotWithTenants,
    TenantIdMissing,
    TenantIdRefused,
    check_tenant,
    check_without_tenants,
)

PER_TENANT = {"TenantIsolationMode": "PER_TENANT"}


@pytest.mark.parametrize(("isolation", "tenant_id"), [(None, None), ("PER_TENANT", "blue")])
def test_functions_with_tenants_are_invoked_for_one_and_others_for_none(
    isolation: str | None, tenant_id: str | None
) -> None:
    check_tenant(isolation, tenant_id)


@pytest.mark.parametrize(
    ("isolation", "tenant_id", "error"), [(None, "blue", TenantIdRefused), ("PER_TENANT", None, TenantIdMissing)]
)
def test_other_invocations_are_refused(isolation: str | None, tenant_id: str | None, error: type[LambdaError]) -> None:
    with pytest.raises(error):
        check_tenant(isolation, tenant_id)


def test_what_needs_environments_of_nobody_is_not_for_functions_with_tenants() -> None:
    check_without_tenants(VERSION, "Function URL")

    with pytest.raises(NotWithTenants, match="Function URL is not supported"):
        check_without_tenants(replace(VERSION, tenant_isolation="PER_TENANT"), "Function URL")


def test_the_mode_is_shown_wherever_a_configuration_is(api: Api) -> None:
    created = api.created("f", TenancyConfig=PER_TENANT)

    listed = api.client.list_functions()["Functions"]
    assert created["TenancyConfig"] == PER_TENANT
    assert api.client.get_function(FunctionName="f")["Configuration"]["TenancyConfig"] == PER_TENANT
    assert [function["TenancyConfig"] for function in listed] == [PER_TENANT]


def test_a_function_without_tenants_shows_no_mode(api: Api) -> None:
    assert "TenancyConfig" not in api.created("f")


def test_the_mode_outlives_updates_which_cannot_name_it(api: Api) -> None:
    api.created("f", TenancyConfig=PER_TENANT)
    api.created("plain")

    api.client.update_function_configuration(FunctionName="f", MemorySize=256)
    api.activations.finish()
    api.client.update_function_code(FunctionName="f", ZipFile=zipped({"app.py": "new = 1"}))
    api.send("PUT /2015-03-31/functions/plain/configuration", {"TenancyConfig": PER_TENANT})

    assert api.client.get_function_configuration(FunctionName="f")["TenancyConfig"] == PER_TENANT
    assert "TenancyConfig" not in api.client.get_function_configuration(FunctionName="plain")


def test_snapshots_are_not_for_functions_with_tenants(api: Api) -> None:
    snap_start = {"ApplyOn": "PublishedVersions"}
    text = "SnapStart is not supported for functions with tenancy configuration."

    with refused("InvalidParameterValueException", text):
        api.create("f", TenancyConfig=PER_TENANT, SnapStart=snap_start)
    api.created("f", TenancyConfig=PER_TENANT)
    with refused("InvalidParameterValueException", text):
        api.client.update_function_configuration(FunctionName="f", SnapStart=snap_start)  # type: ignore[arg-type]


def test_function_urls_are_not_for_functions_with_tenants(api: Api) -> None:
    api.created("f", TenancyConfig=PER_TENANT)

    with refused(
        "InvalidParameterValueException", "A function URL is not supported for functions with tenancy configuration."
    ):
        api.client.create_function_url_config(FunctionName="f", AuthType="NONE")


def test_there_is_one_mode_only(api: Api) -> None:
    with refused(
        "ValidationException",
        "1 validation error detected: Value 'PER_USER' at 'tenancyConfig.tenantIsolationMode' failed to satisfy "
        "constraint: Member must satisfy enum value set: [PER_TENANT]",
    ):
        api.create("f", TenancyConfig={"TenantIsolationMode": "PER_USER"})
