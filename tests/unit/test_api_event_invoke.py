"""Event invoke configurations, as boto3 sees them.

docs/contract/api.md#event-invoke-configurations. Refusals: test_api_per_qualifier.py.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from api_rig import ARN, Api, refused, shown

from lambda_emu.model.function.event_invoke import EventInvokeConfig

QUEUE = "arn:aws:sqs:us-east-1:123456789012:queue"
TOPIC = "arn:aws:sns:us-east-1:123456789012:topic"
UNSET: Any = {"OnSuccess": {}, "OnFailure": {}}


@pytest.fixture
def f(api: Api) -> Api:
    """A function f with version 1 and the alias live."""
    api.created("f")
    api.client.publish_version(FunctionName="f")
    api.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    return api


def kept(api: Api, **named: Any) -> dict[str, Any]:
    """What Get answers, without its time."""
    answer = shown(api.client.get_function_event_invoke_config(FunctionName="f", **named))
    del answer["LastModified"]
    return answer


def test_only_what_was_set_is_shown_and_destinations_always_are(f: Api) -> None:
    put = shown(f.client.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0))

    modified = put.pop("LastModified")
    assert put == {"FunctionArn": f"{ARN}f:$LATEST", "MaximumRetryAttempts": 0, "DestinationConfig": UNSET}
    assert abs(modified - datetime.now(UTC)) < timedelta(seconds=30)
    assert kept(f) == put


def test_the_time_is_a_number_on_the_wire(f: Api) -> None:
    reply = f.send("PUT /2019-09-25/functions/f/event-invoke-config", {"MaximumEventAgeInSeconds": 60})

    assert isinstance(reply.json["LastModified"], float)


def test_a_put_replaces_and_an_update_merges(f: Api) -> None:
    both: Any = {"OnSuccess": {"Destination": QUEUE}, "OnFailure": {"Destination": TOPIC}}
    f.client.put_function_event_invoke_config(
        FunctionName="f", MaximumRetryAttempts=1, MaximumEventAgeInSeconds=60, DestinationConfig=both
    )

    f.client.update_function_event_invoke_config(FunctionName="f", MaximumEventAgeInSeconds=120)
    updated = kept(f)
    f.client.put_function_event_invoke_config(FunctionName="f", MaximumEventAgeInSeconds=120)
    replaced = kept(f)

    of_f = {"FunctionArn": f"{ARN}f:$LATEST", "MaximumEventAgeInSeconds": 120}
    assert updated == of_f | {"MaximumRetryAttempts": 1, "DestinationConfig": both}
    assert replaced == of_f | {"DestinationConfig": UNSET}


def test_an_empty_destination_is_something_to_set_and_is_none(f: Api) -> None:
    put = shown(f.client.put_function_event_invoke_config(FunctionName="f", DestinationConfig={"OnSuccess": {}}))

    assert put["DestinationConfig"] == UNSET


def test_another_function_may_be_a_destination(f: Api) -> None:
    f.created("g")

    put = f.client.put_function_event_invoke_config(
        FunctionName="f", DestinationConfig={"OnSuccess": {"Destination": f"{ARN}g"}}
    )

    assert put["DestinationConfig"] == {"OnSuccess": {"Destination": f"{ARN}g"}, "OnFailure": {}}


def test_each_qualifier_has_its_own_and_they_are_listed_by_it(f: Api) -> None:
    for number, qualifier in enumerate(["live", "1", "$LATEST"]):
        f.client.put_function_event_invoke_config(FunctionName="f", Qualifier=qualifier, MaximumRetryAttempts=number)

    first = f.client.list_function_event_invoke_configs(FunctionName="f", MaxItems=2)
    rest = f.client.list_function_event_invoke_configs(FunctionName="f", MaxItems=2, Marker=first["NextMarker"])

    listed = first["FunctionEventInvokeConfigs"] + rest["FunctionEventInvokeConfigs"]
    attempts = [(config["FunctionArn"], config["MaximumRetryAttempts"]) for config in listed]
    assert attempts == [(f"{ARN}f:$LATEST", 2), (f"{ARN}f:1", 1), (f"{ARN}f:live", 0)]
    assert "NextMarker" not in rest


def test_a_function_without_any_has_an_empty_list(f: Api) -> None:
    assert shown(f.client.list_function_event_invoke_configs(FunctionName="f")) == {"FunctionEventInvokeConfigs": []}


def test_deleting_takes_that_of_one_qualifier_alone(f: Api) -> None:
    f.client.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=1)
    f.client.put_function_event_invoke_config(FunctionName="f:live", MaximumRetryAttempts=2)

    answer = f.client.delete_function_event_invoke_config(FunctionName="f", Qualifier="$LATEST")

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert kept(f, Qualifier="live")["MaximumRetryAttempts"] == 2
    with refused("ResourceNotFoundException", f"The function {ARN}f:$LATEST doesn't have an EventInvokeConfig"):
        kept(f)


def test_what_was_put_goes_with_its_alias_and_is_not_there_for_the_next_of_its_name(f: Api) -> None:
    f.client.put_function_event_invoke_config(FunctionName="f", Qualifier="live", MaximumRetryAttempts=1)

    f.client.delete_alias(FunctionName="f", Name="live")
    f.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")

    with refused("ResourceNotFoundException"):
        kept(f, Qualifier="live")


def test_what_was_put_is_there_after_a_restart(f: Api) -> None:
    f.client.put_function_event_invoke_config(
        FunctionName="f",
        Qualifier="live",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": QUEUE}},
    )

    with f.reopened() as store:
        found = store.functions.get(f.scope, "f")

    assert found is not None
    config = found.invoke_configs["live"]
    assert config == EventInvokeConfig(config.last_modified_s, max_retries=0, on_failure=QUEUE)


def test_updates_of_different_members_at_once_are_all_kept(f: Api) -> None:
    f.client.put_function_event_invoke_config(FunctionName="f", DestinationConfig={})
    members: list[dict[str, Any]] = [
        {"MaximumRetryAttempts": 1},
        {"MaximumEventAgeInSeconds": 90},
        {"DestinationConfig": {"OnSuccess": {"Destination": QUEUE}}},
    ]

    with ThreadPoolExecutor() as threads:
        list(
            threads.map(
                lambda member: f.client.update_function_event_invoke_config(FunctionName="f", **member), members
            )
        )

    assert kept(f) == {
        "FunctionArn": f"{ARN}f:$LATEST",
        "MaximumRetryAttempts": 1,
        "MaximumEventAgeInSeconds": 90,
        "DestinationConfig": {"OnSuccess": {"Destination": QUEUE}, "OnFailure": {}},
    }


def test_an_update_beside_a_deletion_brings_nothing_back(f: Api) -> None:
    """Either the update comes first and its work is deleted, or it is refused."""

    def update(_: int) -> None:
        with suppress(f.client.exceptions.ResourceNotFoundException):
            f.client.update_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=1)

    for _ in range(5):
        f.client.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0)
        with ThreadPoolExecutor() as threads:
            updates = threads.map(update, range(4))
            threads.submit(f.client.delete_function_event_invoke_config, FunctionName="f").result()
            list(updates)

        assert f.client.list_function_event_invoke_configs(FunctionName="f")["FunctionEventInvokeConfigs"] == []
