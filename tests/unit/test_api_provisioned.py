"""Provisioned concurrency, as boto3 sees it. docs/contract/api.md#concurrency."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from api_rig import ARN, Api, refused, shown

from lambda_emu.model.concurrency.provisioned import Readiness

CONFLICT = "ResourceConflictException"
INVALID = "InvalidParameterValueException"
ABSENT = "ProvisionedConcurrencyConfigNotFoundException"
ABSENT_TEXT = "No Provisioned Concurrency Config found for this function"
UNPUBLISHED = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
NO_ALIAS_OR_VERSION = "The function resource provided must be an alias or a published version."
TAKEN = "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"


@pytest.fixture
def f(api: Api) -> Api:
    """A function `f` with versions 1 and 2, and an alias `live` for version 1."""
    api.created("f")
    api.client.publish_version(FunctionName="f")
    api.client.update_function_configuration(FunctionName="f", Timeout=9)
    api.activations.finish()
    api.client.publish_version(FunctionName="f")
    api.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    return api


def put(api: Api, qualifier: str, count: int = 1, name: str = "f") -> dict[str, Any]:
    answer = api.client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count
    )
    return shown(answer)


def get(api: Api, qualifier: str, name: str = "f") -> dict[str, Any]:
    return shown(api.client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier))


def delete(api: Api, qualifier: str, name: str = "f") -> dict[str, Any]:
    return dict(api.client.delete_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier))


def listed(api: Api, **wanted: Any) -> list[str]:
    found = api.client.list_provisioned_concurrency_configs(FunctionName="f", **wanted)
    return [config["FunctionArn"] for config in found["ProvisionedConcurrencyConfigs"]]


def reserve(api: Api, count: int, name: str = "f") -> None:
    api.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=count)


def test_putting_one_begins_it(f: Api) -> None:
    answer = f.client.put_provisioned_concurrency_config(
        FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=3
    )

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    modified = answer["LastModified"]
    assert shown(answer) == {
        "RequestedProvisionedConcurrentExecutions": 3,
        "AvailableProvisionedConcurrentExecutions": 0,
        "AllocatedProvisionedConcurrentExecutions": 0,
        "Status": "IN_PROGRESS",
        "LastModified": modified,
    }
    assert len(modified) == 28
    assert modified.endswith("+0000")


@pytest.mark.parametrize(
    ("readiness", "found"),
    [
        (Readiness(1, init_failed=False), ("IN_PROGRESS", 1, None)),
        (Readiness(2, init_failed=False), ("READY", 2, None)),
        (Readiness(5, init_failed=False), ("READY", 2, None)),
        (Readiness(0, init_failed=True), ("FAILED", 0, "FUNCTION_ERROR_INIT_FAILURE")),
    ],
)
def test_reading_shows_what_there_is(f: Api, readiness: Readiness, found: tuple[str, int, str | None]) -> None:
    modified = put(f, "live", 2)["LastModified"]

    f.activations.readiness = readiness

    status, count, reason = found
    expected = {
        "RequestedProvisionedConcurrentExecutions": 2,
        "AvailableProvisionedConcurrentExecutions": count,
        "AllocatedProvisionedConcurrentExecutions": count,
        "Status": status,
        "StatusReason": reason,
        "LastModified": modified,
    }
    assert get(f, "live") == {member: value for member, value in expected.items() if value is not None}
    [config] = f.client.list_provisioned_concurrency_configs(FunctionName="f")["ProvisionedConcurrencyConfigs"]
    assert config == {"FunctionArn": f"{ARN}f:live", **get(f, "live")}


def test_another_number_replaces_it_and_it_outlives_the_server(f: Api) -> None:
    put(f, "1", 3)
    put(f, "1", 5)

    assert get(f, "1")["RequestedProvisionedConcurrentExecutions"] == 5
    with f.reopened() as store:
        function = store.function(f.scope.function("f"))
        assert function is not None
        assert {qualifier: config.requested for qualifier, config in function.provisioned.items()} == {"1": 5}


def test_a_qualifier_in_the_name_must_be_the_same(f: Api) -> None:
    text = "The derived qualifier from the function name does not match the specified qualifier."
    put(f, "live", name="f:live")

    with refused(INVALID, text):
        f.client.delete_provisioned_concurrency_config(FunctionName="f:live", Qualifier="1")


def test_deleting_takes_it_away_and_does_not_mind_if_it_is_absent(f: Api) -> None:
    put(f, "1")

    assert [delete(f, "1")["ResponseMetadata"]["HTTPStatusCode"] for _ in range(2)] == [204, 204]

    with refused(ABSENT, ABSENT_TEXT):
        f.client.get_provisioned_concurrency_config(FunctionName="f", Qualifier="1")
    assert listed(f) == []


@pytest.mark.parametrize("what", ["alias", "version"])
def test_it_goes_with_its_alias_or_version(f: Api, what: str) -> None:
    put(f, "live")
    put(f, "2")

    if what == "alias":
        f.client.delete_alias(FunctionName="f", Name="live")
    else:
        f.client.delete_function(FunctionName="f", Qualifier="2")

    assert listed(f) == [f"{ARN}f:{'2' if what == 'alias' else 'live'}"]


def test_it_stays_with_an_alias_that_moves(f: Api) -> None:
    put(f, "live", 4)

    f.client.update_alias(FunctionName="f", Name="live", FunctionVersion="2")

    assert get(f, "live")["RequestedProvisionedConcurrentExecutions"] == 4


def test_pages_hold_as_many_as_were_asked_for(f: Api) -> None:
    put(f, "live")
    put(f, "2")

    first = f.client.list_provisioned_concurrency_configs(FunctionName="f", MaxItems=1)
    second = f.client.list_provisioned_concurrency_configs(FunctionName="f", Marker=first["NextMarker"])

    arns = [config["FunctionArn"] for page in (first, second) for config in page["ProvisionedConcurrencyConfigs"]]
    assert arns == [f"{ARN}f:2", f"{ARN}f:live"]
    assert "NextMarker" not in second


@pytest.mark.parametrize("call", [put, get, delete])
@pytest.mark.parametrize("name", ["f", "nobody"])
@pytest.mark.parametrize(
    ("qualifier", "text"),
    [
        ("7", "Function not found: {arn}:7"),
        ("$latest", "Function not found: {arn}:$latest"),
        ("gone", "Cannot find alias arn: {arn}:gone"),
    ],
)
def test_what_is_missing_is_named_by_its_kind(f: Api, call: Any, name: str, qualifier: str, text: str) -> None:
    with refused("ResourceNotFoundException", text.format(arn=ARN + name)):
        call(f, qualifier, name=name)


def test_the_list_of_a_missing_function_names_it(api: Api) -> None:
    with refused("ResourceNotFoundException", f"Function not found: {ARN}f"):
        api.client.list_provisioned_concurrency_configs(FunctionName="f")


@pytest.mark.parametrize(
    ("call", "text"), [(put, UNPUBLISHED), (get, NO_ALIAS_OR_VERSION), (delete, NO_ALIAS_OR_VERSION)]
)
@pytest.mark.parametrize("name", ["f", "nobody"])
def test_latest_has_none_whether_or_not_there_is_a_function(f: Api, call: Any, name: str, text: str) -> None:
    with refused(INVALID, text):
        call(f, "$LATEST", name=name)


def test_constraints_come_first(api: Api) -> None:
    path = "/2019-09-30/functions/nobody/provisioned-concurrency"

    reply = api.send(f"PUT {path}?Qualifier=$LATEST", {"ProvisionedConcurrentExecutions": 0})

    assert (reply.status, reply.headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert reply.json == {
        "message": "1 validation error detected: Value '0' at 'provisionedConcurrentExecutions' failed to satisfy "
        "constraint: Member must have value greater than or equal to 1"
    }


def test_an_alias_for_latest_is_not_published(f: Api) -> None:
    f.client.create_alias(FunctionName="f", Name="newest", FunctionVersion="$LATEST")

    with refused(INVALID, UNPUBLISHED):
        put(f, "newest")


def test_an_alias_with_weights_cannot_have_it(f: Api) -> None:
    f.client.update_alias(FunctionName="f", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})

    with refused(INVALID, "Alias with weights can not be used with Provisioned Concurrency"):
        put(f, "live")


def test_a_function_with_tenants_cannot_have_it(api: Api) -> None:
    api.created("f", TenancyConfig={"TenantIsolationMode": "PER_TENANT"})
    api.client.publish_version(FunctionName="f")

    with refused(INVALID, "Provisioned concurrency is not supported for functions with tenancy configuration."):
        put(api, "1")


def test_a_version_and_an_alias_for_it_exclude_each_other(f: Api) -> None:
    put(f, "live")
    with refused(CONFLICT, "Version is pointed by a Provisioned Concurrency alias"):
        put(f, "1")
    put(f, "live", 2)  # its own number may change

    delete(f, "live")
    put(f, "1")
    with refused(CONFLICT, TAKEN):
        put(f, "live")


def test_of_two_that_race_for_a_version_one_wins(f: Api) -> None:
    def tried(qualifier: str) -> bool:
        try:
            put(f, qualifier)
        except f.client.exceptions.ResourceConflictException:
            return False
        return True

    with ThreadPoolExecutor() as threads:
        won = list(threads.map(tried, ["live", "1"] * 4))

    assert {won[0::2] == [True] * 4, won[1::2] == [True] * 4} == {True, False}
    assert len(listed(f)) == 1


def test_it_fits_into_what_the_function_has_reserved(f: Api) -> None:
    text = "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
    reserve(f, 5)
    put(f, "2", 3)

    with refused(INVALID, text):
        f.client.put_provisioned_concurrency_config(FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=3)

    put(f, "1", 2)
    put(f, "2", 1)


def test_a_reservation_holds_what_is_provisioned(f: Api) -> None:
    put(f, "1", 1)
    put(f, "2", 1)

    reply = f.send("PUT /2017-10-31/functions/f/concurrency", {"ReservedConcurrentExecutions": 1})

    assert reply.status == 400
    assert reply.headers["x-amzn-errortype"] == INVALID
    assert reply.json == {
        "message": " ReservedConcurrentExecutions  1 should not be lower than "
        "function's total provisioned concurrency [2]."
    }
    reserve(f, 2)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (701, "is greater than account's unreserved concurrency [700]."),
        (601, "decreases account's UnreservedConcurrentExecution below its minimum value of [100]."),
    ],
)
def test_it_leaves_the_account_its_minimum(f: Api, count: int, text: str) -> None:
    """Another function has 200 reserved, and another version of this one 100."""
    f.created("g")
    reserve(f, 200, "g")
    put(f, "2", 100)

    path = "/2019-09-30/functions/f/provisioned-concurrency?Qualifier=1"
    reply = f.send(f"PUT {path}", {"ProvisionedConcurrentExecutions": count})

    assert reply.json == {"message": f"Specified ConcurrentExecutions for function {text}"}
    put(f, "1", 600)
    put(f, "1", 600)  # what it has does not count twice


def test_others_cannot_reserve_what_is_provisioned(f: Api) -> None:
    f.created("g")
    put(f, "1", 600)

    assert f.client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 400
    with refused(INVALID):
        f.client.put_function_concurrency(FunctionName="g", ReservedConcurrentExecutions=301)

    reserve(f, 300, "g")
