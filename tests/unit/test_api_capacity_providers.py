"""Capacity providers, and the scaling of what is on one. Nothing is started for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from api_rig import ACCOUNT, ARN, REGION, ROLE, Api, refused, serving, shown
from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.model.capacity.capacity_provider import CapacityProvider
from lambda_emu.store import Transaction

SCOPE = Scope(ACCOUNT, REGION)
PROVIDER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:capacity-provider:"
VPC: Any = {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
NEEDED: Any = {"VpcConfig": VPC, "PermissionsConfig": {"CapacityProviderOperatorRoleArn": ROLE}}
MISSING = f"Capacity provider not found: {PROVIDER}no"
NO_PROVIDER = "The function provided by the arn does not contain a capacity provider configuration"
EVERYTHING: Any = NEEDED | {
    "InstanceRequirements": {
        "Architectures": ["arm64"],
        "AllowedInstanceTypes": ["c7g.*"],
        "ExcludedInstanceTypes": ["c7g.metal"],
    },
    "CapacityProviderScalingConfig": {
        "MaxVCpuCount": 30,
        "ScalingMode": "Manual",
        "ScalingPolicies": [
            {"PredefinedMetricType": "LambdaCapacityProviderAverageCPUUtilization", "TargetValue": 62.5}
        ],
    },
    "KmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k",
    "PropagateTags": {"Mode": "Explicit", "ExplicitTags": {"a": "b"}},
    "TelemetryConfig": {"LoggingConfig": {"SystemLogLevel": "WARN", "LogGroup": "mine"}},
}


def create(api: Api, name: str, **wanted: Any) -> dict[str, Any]:
    return dict(api.client.create_capacity_provider(CapacityProviderName=name, **(NEEDED | wanted))["CapacityProvider"])


def get(api: Api, name: str) -> dict[str, Any]:
    return dict(api.client.get_capacity_provider(CapacityProviderName=name)["CapacityProvider"])


def age(api: Api, *names: str) -> None:
    """As if they had been created long ago."""

    def edit(transaction: Transaction) -> None:
        for name in names:
            provider = transaction.get(api.store.capacity_providers, SCOPE, name)
            assert provider is not None
            transaction.put(api.store.capacity_providers, SCOPE, name, replace(provider, created_s=0.0))

    api.store.write(edit)


def published(api: Api, name: str, provider: str, count: int = 1) -> None:
    """A function with versions on a provider."""
    config = {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": PROVIDER + provider}}
    api.created(name, CapacityProviderConfig=config)
    for number in range(count):
        api.client.publish_version(FunctionName=name, Description=str(number))
        api.client.update_function_configuration(FunctionName=name, Timeout=4 + number)
        api.activations.finish()


@pytest.mark.parametrize(("age_s", "state"), [(0.0, "Pending"), (0.99, "Pending"), (1.0, "Active"), (1e6, "Active")])
def test_a_provider_is_active_after_a_second(age_s: float, state: str) -> None:
    assert CapacityProvider("p", "", 1000.0).state(1000.0 + age_s) == state


def test_a_new_provider_is_pending_and_scales_by_itself(api: Api) -> None:
    answer = api.client.create_capacity_provider(CapacityProviderName="p", **NEEDED)

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    provider: dict[str, Any] = dict(answer["CapacityProvider"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", provider.pop("LastModified"))
    assert provider == NEEDED | {
        "CapacityProviderArn": PROVIDER + "p",
        "State": "Pending",
        "CapacityProviderScalingConfig": {"ScalingMode": "Auto", "MaxVCpuCount": 400},
    }


def test_every_member_is_kept_and_shown(api: Api) -> None:
    created = create(api, "p", Tags={"team": "a"}, **EVERYTHING)
    age(api, "p")

    assert {member: created[member] for member in EVERYTHING} == EVERYTHING
    assert "Tags" not in created
    assert get(api, "p") == get(api, PROVIDER + "p") == created | {"State": "Active"}
    assert api.client.list_capacity_providers()["CapacityProviders"] == [created | {"State": "Active"}]
    assert api.client.list_tags(Resource=PROVIDER + "p")["Tags"] == {"team": "a"}


@pytest.mark.parametrize(
    ("wanted", "scaling"),
    [
        ({}, {}),
        ({"CapacityProviderScalingConfig": {"MaxVCpuCount": 60}}, {"MaxVCpuCount": 60}),
        ({"CapacityProviderScalingConfig": {"ScalingMode": "Auto"}}, {"ScalingMode": "Auto"}),
        ({"PropagateTags": {"Mode": "None"}}, {}),
        ({"TelemetryConfig": {"LoggingConfig": {"LogGroup": "other"}}}, {}),
    ],
)
def test_an_update_keeps_what_it_does_not_name(api: Api, wanted: Any, scaling: dict[str, Any]) -> None:
    before = create(api, "p", **EVERYTHING)

    answer = api.client.update_capacity_provider(CapacityProviderName="p", **wanted)

    after = dict(answer["CapacityProvider"])
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    changed = {**wanted, "CapacityProviderScalingConfig": {**before["CapacityProviderScalingConfig"], **scaling}}
    varying = {member: after[member] for member in ("LastModified", "State")}
    assert after == before | changed | varying
    assert get(api, "p") | varying == after


def test_a_deleted_provider_says_it_is_being_deleted_and_is_gone(api: Api) -> None:
    created = create(api, "p")

    answer = api.client.delete_capacity_provider(CapacityProviderName="p")

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["CapacityProvider"] == created | {"State": "Deleting"}
    with refused("ResourceNotFoundException"):
        api.client.get_capacity_provider(CapacityProviderName="p")
    create(api, "p")


def test_a_name_is_taken_once_also_by_callers_at_the_same_time(api: Api) -> None:
    path = "POST /2025-11-30/capacity-providers"
    with ThreadPoolExecutor(4) as callers:
        replies = list(callers.map(lambda _: api.send(path, NEEDED | {"CapacityProviderName": "p"}), range(4)))

    assert sorted(reply.status for reply in replies) == [202, 409, 409, 409]
    with refused("ResourceConflictException", f"Capacity provider already exists: {PROVIDER}p"):
        create(api, PROVIDER + "p")


def test_a_provider_that_is_not_there_is_named_by_its_arn(api: Api) -> None:
    for name in ("no", PROVIDER + "no"):
        with refused("ResourceNotFoundException", MISSING):
            api.client.get_capacity_provider(CapacityProviderName=name)
        with refused("ResourceNotFoundException", MISSING):
            api.client.update_capacity_provider(CapacityProviderName=name)
        with refused("ResourceNotFoundException", MISSING):
            api.client.delete_capacity_provider(CapacityProviderName=name)
        with refused("ResourceNotFoundException", MISSING):
            api.client.list_function_versions_by_capacity_provider(CapacityProviderName=name)


def test_too_many_tags_are_refused_at_once(api: Api) -> None:
    with refused("InvalidParameterValueException", "Number of tags exceeds resource tag limit."):
        create(api, "p", Tags={f"k{number}": "" for number in range(51)})


def test_providers_are_listed_by_name_page_by_page_and_by_state(api: Api) -> None:
    for name in ("c", "a", "d", "b"):
        create(api, name)
    age(api, "a", "c", "d")

    def names(pages: Sequence[Any]) -> list[list[str]]:
        listed = [page["CapacityProviders"] for page in pages]
        return [[item["CapacityProviderArn"].removeprefix(PROVIDER) for item in items] for items in listed]

    paginator = api.client.get_paginator("list_capacity_providers")
    assert names(list(paginator.paginate(PaginationConfig={"PageSize": 3}))) == [["a", "b", "c"], ["d"]]
    active = paginator.paginate(State="Active", PaginationConfig={"PageSize": 2})
    assert names(list(active)) == [["a", "c"], ["d"]]
    assert names([api.client.list_capacity_providers(State="Failed")]) == [[]]


def test_the_versions_on_a_provider_are_listed_page_by_page(api: Api) -> None:
    create(api, "p")
    create(api, "other")
    published(api, "f", "p", count=2)
    published(api, "g", "p")
    published(api, "h", "other")

    pages = list(
        api.client.get_paginator("list_function_versions_by_capacity_provider").paginate(
            CapacityProviderName="p", PaginationConfig={"PageSize": 2}
        )
    )

    assert {page["CapacityProviderArn"] for page in pages} == {PROVIDER + "p"}
    assert [page["FunctionVersions"] for page in pages] == [
        [{"FunctionArn": f"{ARN}f:1", "State": "Active"}, {"FunctionArn": f"{ARN}f:2", "State": "Active"}],
        [{"FunctionArn": f"{ARN}g:1", "State": "Active"}],
    ]


def test_a_provider_without_functions_lists_none(api: Api) -> None:
    create(api, "p")

    answer = shown(api.client.list_function_versions_by_capacity_provider(CapacityProviderName="p"))

    assert answer == {"CapacityProviderArn": PROVIDER + "p", "FunctionVersions": []}


def test_a_provider_in_use_stays(api: Api) -> None:
    create(api, "p")
    published(api, "f", "p", count=2)
    text = (
        "The capacity provider is currently in use by 1 functions. "
        f"To delete this capacity provider, first remove its association with {PROVIDER}p."
    )

    with refused("ResourceConflictException", text):
        api.client.delete_capacity_provider(CapacityProviderName="p")

    api.client.delete_function(FunctionName="f")
    api.client.delete_capacity_provider(CapacityProviderName="p")


def test_providers_outlive_the_server(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        create(first, "p", **EVERYTHING)
        age(first, "p")
        before = get(first, "p")

    with serving(tmp_path) as second:
        assert get(second, "p") == before


SCALING: Any = {"MinExecutionEnvironments": 1, "MaxExecutionEnvironments": 5}


def test_the_scaling_of_a_version_is_put_and_shown_as_asked_for_and_applied(api: Api) -> None:
    create(api, "p")
    published(api, "f", "p")
    named: Any = {"FunctionName": "f", "Qualifier": "1"}
    assert shown(api.client.get_function_scaling_config(**named)) == {"FunctionArn": f"{ARN}f:1"}

    put = api.client.put_function_scaling_config(**named, FunctionScalingConfig=SCALING)

    assert (put["ResponseMetadata"]["HTTPStatusCode"], put["FunctionState"]) == (202, "Active")
    assert shown(api.client.get_function_scaling_config(**named)) == {
        "FunctionArn": f"{ARN}f:1",
        "AppliedFunctionScalingConfig": SCALING,
        "RequestedFunctionScalingConfig": SCALING,
    }
    api.client.put_function_scaling_config(**named, FunctionScalingConfig={"MinExecutionEnvironments": 2})
    again = api.client.get_function_scaling_config(**named)
    assert again["AppliedFunctionScalingConfig"] == {"MinExecutionEnvironments": 2}


def test_fewest_above_most_is_refused(api: Api) -> None:
    create(api, "p")
    published(api, "f", "p")

    with refused("InvalidParameterValueException"):
        api.client.put_function_scaling_config(
            FunctionName="f",
            Qualifier="1",
            FunctionScalingConfig={"MinExecutionEnvironments": 2, "MaxExecutionEnvironments": 1},
        )

    assert "RequestedFunctionScalingConfig" not in api.client.get_function_scaling_config(
        FunctionName="f", Qualifier="1"
    )


def test_a_function_that_is_not_on_managed_instances_has_no_scaling(api: Api) -> None:
    api.created("f")
    api.client.publish_version(FunctionName="f")
    path = "/2025-11-30/functions/f/function-scaling-config?Qualifier=1"

    put = api.send(f"PUT {path}", {"FunctionScalingConfig": SCALING})
    got = api.send(f"GET {path}")

    assert (put.status, got.status) == (403, 403)
    assert put.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert put.json == got.json == {"Message": NO_PROVIDER}


@pytest.mark.parametrize(("name", "qualifier"), [("f", "7"), ("f", "$LATEST.PUBLISHED"), ("no", "1")])
def test_scaling_of_what_is_not_there_is_told_with_the_qualifier(api: Api, name: str, qualifier: str) -> None:
    api.created("f")
    text = f"Function not found: {ARN}{name}:{qualifier}"

    with refused("ResourceNotFoundException", text):
        api.client.put_function_scaling_config(FunctionName=name, Qualifier=qualifier, FunctionScalingConfig=SCALING)
    with refused("ResourceNotFoundException", text):
        api.client.get_function_scaling_config(FunctionName=name, Qualifier=qualifier)


@pytest.mark.parametrize("qualifier", ["$LATEST", "live"])
def test_scaling_is_of_published_versions_only(api: Api, qualifier: str) -> None:
    reply = api.send(f"GET /2025-11-30/functions/f/function-scaling-config?Qualifier={qualifier}")

    assert reply.headers["x-amzn-errortype"] == "ValidationException"
    assert reply.json["message"] == (
        f"1 validation error detected: Value '{qualifier}' at 'qualifier' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: (\$LATEST\.PUBLISHED|[0-9]+)"
    )
