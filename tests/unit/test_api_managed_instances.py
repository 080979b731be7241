"""Functions on Managed Instances as resources. Nothing runs for them yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from api_rig import ACCOUNT, ARN, REGION, ROLE, Api, refused, serving, shown, zipped
from botocore.exceptions import ClientError
from msgspec.structs import replace
from sandbox_rig import VERSION

from lambda_emu.arn import LATEST, LATEST_PUBLISHED
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.resources import FunctionPending
from lambda_emu.errors.service import NotBuiltYet
from lambda_emu.model.capacity.managed_instances import (
    CONFIG,
    INSTANCES,
    check_built,
    configure_instances,
    in_place_of_latest,
)
from lambda_emu.model.capacity.refusals import NoPublishedVersion
from lambda_emu.model.function.function import Function
from lambda_emu.model.function.runtime_names import can_run_on_instances

PROVIDER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:capacity-provider:"
DEFAULTS = {"PerExecutionEnvironmentMaxConcurrency": 16, "ExecutionEnvironmentMemoryGiBPerVCpu": 2.0}
PARAMETER, INVALID = "InvalidParameterValueException", "ValidationException"
MOST = "failed to satisfy constraint: Member must have value less than or equal to"
NEW_CODE = zipped({"app.py": "new = 1"})


def on(provider: str, **wanted: Any) -> Any:
    """The config of a function on this provider."""
    return {INSTANCES: {"CapacityProviderArn": PROVIDER + provider, **wanted}}


ON_P: dict[str, Any] = {CONFIG: on("p")}
ACCELERATED: dict[str, Any] = ON_P | {"AcceleratorConfig": {"AcceleratorMemorySize": 16}}


def create_provider(api: Api, name: str) -> None:
    api.client.create_capacity_provider(
        CapacityProviderName=name,
        VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        PermissionsConfig={"CapacityProviderOperatorRoleArn": ROLE},
    )


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """An account with the capacity provider p."""
    with serving(tmp_path) as api:
        create_provider(api, "p")
        yield api


def get(api: Api, qualifier: str = LATEST) -> dict[str, Any]:
    return shown(api.client.get_function_configuration(FunctionName="f", Qualifier=qualifier))


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


def test_a_published_version_is_pending_until_it_is_active(api: Api) -> None:
    api.created("f", **ON_P)
    latest = get(api)["RevisionId"]

    published = api.client.publish_version(FunctionName="f")
    renewed = get(api)["RevisionId"]
    api.activations.finish()

    assert (published["FunctionArn"], published["Version"]) == (f"{ARN}f:1", "1")
    assert (published["State"], published["StateReasonCode"]) == ("Pending", "Creating")
    assert (get(api, "1")["State"], get(api, "1")["LastUpdateStatus"]) == ("Active", "Successful")
    assert latest != renewed == get(api)["RevisionId"]


def test_latest_published_is_a_version_of_its_own_that_the_next_publication_replaces(api: Api) -> None:
    api.created("f", **ON_P)

    first = api.client.publish_version(FunctionName="f", PublishTo="LATEST_PUBLISHED", Description="first")
    api.activations.finish()
    api.client.update_function_code(FunctionName="f", ZipFile=NEW_CODE)
    api.activations.finish()
    old = get(api, LATEST_PUBLISHED)
    api.client.publish_version(FunctionName="f", PublishTo="LATEST_PUBLISHED")

    assert (first["FunctionArn"], first["Version"]) == (f"{ARN}f:{LATEST_PUBLISHED}", LATEST_PUBLISHED)
    assert (old["State"], old["Description"], old["CodeSha256"]) == ("Active", "first", first["CodeSha256"])
    new = api.client.get_function(FunctionName="f", Qualifier=LATEST_PUBLISHED)["Configuration"]
    assert (new["State"], new["Description"], new["CodeSha256"]) == ("Pending", "", get(api)["CodeSha256"])
    assert new["RevisionId"] != old["RevisionId"]


def test_it_is_published_at_creation_and_with_new_code(api: Api) -> None:
    created = api.create("f", Publish=True, PublishTo="LATEST_PUBLISHED", **ON_P)
    api.activations.finish()
    updated = api.client.update_function_code(
        FunctionName="f", ZipFile=NEW_CODE, Publish=True, PublishTo="LATEST_PUBLISHED"
    )
    api.activations.finish()

    assert (created["FunctionArn"], created["Version"]) == (f"{ARN}f", LATEST_PUBLISHED)
    assert (updated["FunctionArn"], updated["State"]) == (f"{ARN}f:{LATEST_PUBLISHED}", "Pending")
    assert get(api, LATEST_PUBLISHED)["CodeSha256"] == updated["CodeSha256"] != created["CodeSha256"]
    assert get(api, LATEST_PUBLISHED)["State"] == "Active"
    versions = api.client.list_versions_by_function(FunctionName="f")["Versions"]
    assert [version["Version"] for version in versions] == [LATEST, LATEST_PUBLISHED]


def test_versions_are_listed_page_by_page_latest_published_second(api: Api) -> None:
    api.created("f", Publish=True, **ON_P)
    api.client.publish_version(FunctionName="f", PublishTo="LATEST_PUBLISHED")

    pages = api.client.get_paginator("list_versions_by_function").paginate(
        FunctionName="f", PaginationConfig={"PageSize": 1}
    )

    assert [page["Versions"][0]["Version"] for page in pages] == [LATEST, LATEST_PUBLISHED, "1"]


def test_without_a_publication_there_is_no_latest_published(api: Api) -> None:
    api.created("f", **ON_P)

    with refused("ResourceNotFoundException", f"Function not found: {ARN}f:{LATEST_PUBLISHED}"):
        get(api, LATEST_PUBLISHED)


def test_it_outlives_the_server_with_its_code(api: Api) -> None:
    old = api.created("f", Publish=True, PublishTo="LATEST_PUBLISHED", **ON_P)["CodeSha256"]

    api.client.update_function_code(FunctionName="f", ZipFile=NEW_CODE)
    api.activations.finish()

    with api.reopened() as another:
        function = another.functions.get(api.scope, "f")
        assert function == api.store.functions.get(api.scope, "f")
        assert function is not None
        assert function.latest_published is not None
        assert function.latest_published.code.sha256 == old
        assert another.artifacts.tree(old).is_dir()


def test_an_alias_points_to_it_and_keeps_it(api: Api) -> None:
    api.created("f", Publish=True, PublishTo="LATEST_PUBLISHED", **ON_P)
    api.client.create_alias(FunctionName="f", Name="live", FunctionVersion=LATEST_PUBLISHED)

    assert get(api, "live")["Version"] == LATEST_PUBLISHED
    with refused("ResourceConflictException"):
        api.client.delete_function(FunctionName="f", Qualifier=LATEST_PUBLISHED)

    api.client.delete_alias(FunctionName="f", Name="live")
    api.client.delete_function(FunctionName="f", Qualifier=LATEST_PUBLISHED)
    with refused("ResourceNotFoundException"):
        get(api, LATEST_PUBLISHED)


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


LATEST_THERE = replace(VERSION, other={CONFIG: configure_instances(on("p"), "python3.13")})
UNPUBLISHED = Function(VERSION.id, latest=LATEST_THERE, running=LATEST_THERE)
NUMBERED = replace(UNPUBLISHED, versions={1: replace(LATEST_THERE, version="1")})
PUBLISHED = replace(UNPUBLISHED, latest_published=replace(LATEST_THERE, version=LATEST_PUBLISHED))


def test_an_unqualified_invocation_is_of_latest_published() -> None:
    assert in_place_of_latest(PUBLISHED, None) == PUBLISHED.latest_published


@pytest.mark.parametrize(
    ("function", "qualifier", "error"),
    [
        (UNPUBLISHED, None, NoPublishedVersion),
        (UNPUBLISHED, LATEST, NoPublishedVersion),
        (NUMBERED, None, NoPublishedVersion),
        (NUMBERED, LATEST, FunctionPending),
        (PUBLISHED, LATEST, FunctionPending),
        (PUBLISHED, "alias", FunctionPending),
    ],
)
def test_latest_itself_is_never_invoked(function: Function, qualifier: str | None, error: type[LambdaError]) -> None:
    with pytest.raises(error):
        in_place_of_latest(function, qualifier)


def test_nothing_runs_there_yet() -> None:
    check_built(VERSION)

    with pytest.raises(NotBuiltYet, match="execution of functions on Managed Instances is not built"):
        check_built(LATEST_THERE)
