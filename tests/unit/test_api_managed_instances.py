"""Functions on Managed Instances as resources. Nothing runs for them yet."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from api_rig import ACCOUNT, ARN, Api, refused, shown
from botocore.exceptions import ClientError
from managed_instances_rig import NEW_CODE, ON_P, PROVIDER, api, create_provider, get, on

from lambda_emu.arn import LATEST_PUBLISHED
from lambda_emu.model.capacity.managed_instances import (
    CONFIG,
    INSTANCES,
    configure_instances,
)
from lambda_emu.model.function.runtime_names import can_run_on_instances

__all__ = ["api"]
DEFAULTS = {"PerExecutionEnvironmentMaxConcurrency": 16, "ExecutionEnvironmentMemoryGiBPerVCpu": 2.0}
PARAMETER, INVALID = "InvalidParameterValueException", "ValidationException"
MOST = "failed to satisfy constraint: Member must have value less than or equal to"


ACCELERATED: dict[str, Any] = ON_P | {"AcceleratorConfig": {"AcceleratorMemorySize": 16}}


@pytest.mark.parametrize(
    ("runtime", "can", "concurrency"),
    [
        ("python3.13", True, 16),
        ("python3.12", False, 16),
        ("nodejs22.x", True, 64),
        ("nodejs20.x", False, 64),
        ("java21", True, 32),
        ("java8.al2", False, 32),
        ("dotnet8", True, 32),
        ("provided.al2023", True, 8),
        ("provided.al2", False, 8),
        ("ruby3.4", False, 16),
    ],
)
def test_a_runtime_decides_whether_it_can_and_how_many_invocations_share_an_environment(
    runtime: str, can: bool, concurrency: int
) -> None:
    assert can_run_on_instances(runtime) is can
    assert configure_instances(on("p"), runtime)[INSTANCES]["PerExecutionEnvironmentMaxConcurrency"] == concurrency


def test_a_new_function_has_more_memory_logs_json_and_shows_no_snapshots(api: Api) -> None:
    created = api.create("f", **ON_P)

    assert (created["State"], created["StateReasonCode"]) == ("Pending", "Creating")
    assert created[CONFIG] == on("p", **DEFAULTS)
    assert created["MemorySize"] == 2048
    assert created["LoggingConfig"] == {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
        "LogGroup": "/aws/lambda/f",
    }
    assert "SnapStart" not in created


def test_what_is_asked_for_is_kept_and_shown(api: Api) -> None:
    config = on("p", PerExecutionEnvironmentMaxConcurrency=100, ExecutionEnvironmentMemoryGiBPerVCpu=4.0)
    wanted = ACCELERATED | {CONFIG: config, "MemorySize": 32768, "Timeout": 5400, "EphemeralStorage": {"Size": 32768}}

    created = api.created("f", **wanted)

    assert {member: created[member] for member in wanted} == wanted
    assert api.client.list_functions()["Functions"][0]["CapacityProviderConfig"] == config
    with api.reopened() as another:
        assert another.functions.all(api.scope) == api.store.functions.all(api.scope)


def test_latest_is_active_but_not_invocable(api: Api) -> None:
    created = api.created("f", **ON_P)
    updating = api.client.update_function_configuration(FunctionName="f", Timeout=5)

    assert (created["State"], created["LastUpdateStatus"]) == ("ActiveNonInvocable", "Successful")
    assert (updating["State"], updating["LastUpdateStatus"]) == ("ActiveNonInvocable", "InProgress")
    api.activations.finish()
    assert (get(api)["State"], get(api)["LastUpdateStatus"]) == ("ActiveNonInvocable", "Successful")


def test_the_hash_of_the_configuration_changes_with_it_alone(api: Api) -> None:
    first = api.created("f", **ON_P)["ConfigSha256"]

    api.client.update_function_code(FunctionName="f", ZipFile=NEW_CODE, Publish=True)
    api.activations.finish()
    with_code = get(api, "1")["ConfigSha256"]
    api.client.update_function_configuration(FunctionName="f", Timeout=5)

    assert with_code == first
    assert get(api)["ConfigSha256"] != first
    assert "ConfigSha256" not in api.created("plain")


@pytest.mark.parametrize(
    ("wanted", "code", "text"),
    [
        (
            {CONFIG: on("no")},
            "ResourceNotFoundException",
            f"Capacity provider not found: {PROVIDER}no",
        ),
        (
            {"Runtime": "python3.12"},
            PARAMETER,
            "Runtime Enum python3.12 does not support specified feature: Lambda Managed Instances",
        ),
        (
            {"LoggingConfig": {"LogFormat": "Text"}},
            PARAMETER,
            'LogLevel is not supported when LogFormat is set to "Text". '
            'Remove LogLevel from your request or change the LogFormat to "JSON" and try again.',
        ),
        (
            {"MemorySize": 2047},
            PARAMETER,
            "MemorySize must be at least 2048 MB for this function on Lambda Managed Instances.",
        ),
        (
            {CONFIG: on("p", ExecutionEnvironmentMemoryGiBPerVCpu=4.0)},
            PARAMETER,
            "MemorySize must be at least 4096 MB for this function on Lambda Managed Instances.",
        ),
        (
            {"SnapStart": {"ApplyOn": "PublishedVersions"}},
            PARAMETER,
            "SnapStart is not supported for functions on Lambda Managed Instances.",
        ),
        ({"EphemeralStorage": {"Size": 10241}}, INVALID, None),
        ({CONFIG: on("p", PerExecutionEnvironmentMaxConcurrency=1601)}, INVALID, None),
        ({"MemorySize": 32769}, INVALID, None),
        ({"Timeout": 5401}, INVALID, None),
    ],
)
def test_what_cannot_be_there_is_refused_to_new_functions_and_to_updates(
    api: Api, wanted: dict[str, Any], code: str, text: str | None
) -> None:
    with refused(code, text):
        api.create("f", **(ON_P | wanted))
    before = api.created("f", **ON_P)
    with refused(code, text):
        api.client.update_function_configuration(FunctionName="f", **wanted)

    assert shown(api.client.get_function_configuration(FunctionName="f")) == shown(before)


def test_tenants_and_managed_instances_exclude_each_other(api: Api) -> None:
    with refused(PARAMETER, "TenancyConfig is not supported for functions on Lambda Managed Instances."):
        api.create("f", TenancyConfig={"TenantIsolationMode": "PER_TENANT"}, **ON_P)


def test_a_provider_of_another_region_is_not_found(api: Api) -> None:
    arn = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:capacity-provider:p"

    with refused("ResourceNotFoundException", f"Capacity provider not found: {arn}"):
        api.create("f", CapacityProviderConfig={INSTANCES: {"CapacityProviderArn": arn}})


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ({"MemorySize": 10241}, f"'MemorySize' value {MOST} 10240"),
        ({"Timeout": 901}, f"1 validation error detected: Value '901' at 'timeout' {MOST} 900"),
        (
            {"EphemeralStorage": {"Size": 10241}},
            f"1 validation error detected: Value '10241' at 'ephemeralStorage.size' {MOST} 10240",
        ),
    ],
)
def test_other_functions_keep_their_limits(api: Api, wanted: dict[str, Any], text: str) -> None:
    with refused(INVALID, text):
        api.create("f", **wanted)
    api.created("f")
    with refused(INVALID, text):
        api.client.update_function_configuration(FunctionName="f", **wanted)


def test_an_update_moves_a_function_and_fills_in_defaults_anew(api: Api) -> None:
    create_provider(api, "q")
    api.created("f", CapacityProviderConfig=on("p", PerExecutionEnvironmentMaxConcurrency=5))

    api.client.update_function_configuration(FunctionName="f", CapacityProviderConfig=on("q"))

    assert get(api)[CONFIG] == on("q", **DEFAULTS)


@pytest.mark.parametrize("wanted", [ON_P, {"AcceleratorConfig": {"AcceleratorMemorySize": 16}}])
def test_no_update_moves_another_function_there(api: Api, wanted: dict[str, Any]) -> None:
    api.created("f")

    with refused(PARAMETER, f"{next(iter(wanted))} isn't supported for Lambda Default functions."):
        api.client.update_function_configuration(FunctionName="f", **wanted)


def test_provisioned_concurrency_is_not_for_them(api: Api) -> None:
    api.created("f", Publish=True, **ON_P)

    with refused(PARAMETER, "Provisioned concurrency is not supported for functions on Lambda Managed Instances."):
        api.client.put_provisioned_concurrency_config(
            FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=1
        )


def test_a_provider_lists_the_published_versions_on_it_and_stays_while_a_function_is_there(api: Api) -> None:
    api.created("f", Publish=True, **ON_P)
    api.client.publish_version(FunctionName="f", PublishTo="LATEST_PUBLISHED")

    answer = api.client.list_function_versions_by_capacity_provider(CapacityProviderName="p")

    assert answer["FunctionVersions"] == [
        {"FunctionArn": f"{ARN}f:{LATEST_PUBLISHED}", "State": "Pending"},
        {"FunctionArn": f"{ARN}f:1", "State": "Active"},
    ]
    with refused("ResourceConflictException"):
        api.client.delete_capacity_provider(CapacityProviderName="p")
    api.client.delete_function(FunctionName="f")
    api.client.delete_capacity_provider(CapacityProviderName="p")


@pytest.mark.parametrize("provider", ["q", "r", "s"])  # each race may go either way
def test_a_function_is_not_put_on_a_provider_that_is_deleted_at_the_same_moment(api: Api, provider: str) -> None:
    create_provider(api, provider)
    api.created("f", **ON_P)

    def succeeds(call: Callable[..., Any], **members: Any) -> bool:
        try:
            call(**members)
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        update = api.client.update_function_configuration
        moved = pool.submit(succeeds, update, FunctionName="f", CapacityProviderConfig=on(provider))
        deleted = pool.submit(succeeds, api.client.delete_capacity_provider, CapacityProviderName=provider)

    assert moved.result() is not deleted.result()


@pytest.mark.parametrize("qualifier", ["1", LATEST_PUBLISHED])
def test_each_published_version_has_a_scaling_of_its_own(api: Api, qualifier: str) -> None:
    api.created("f", Publish=True, **ON_P)
    api.client.publish_version(FunctionName="f", PublishTo="LATEST_PUBLISHED")
    api.activations.finish()
    scaling: Any = {"MinExecutionEnvironments": 1, "MaxExecutionEnvironments": 5}

    put = api.client.put_function_scaling_config(FunctionName="f", Qualifier=qualifier, FunctionScalingConfig=scaling)

    assert put["FunctionState"] == "Active"
    assert shown(api.client.get_function_scaling_config(FunctionName="f", Qualifier=qualifier)) == {
        "FunctionArn": f"{ARN}f:{qualifier}",
        "AppliedFunctionScalingConfig": scaling,
        "RequestedFunctionScalingConfig": scaling,
    }
