"""The operations on event source mappings, as boto3 sees them. What Create refuses: test_event_source_refusals.py.

Which there are, and that a source is mapped once: test_api_mappings_there.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from api_rig import ACCOUNT, ARN, REGION, Api, refused, serving, shown, signed
from mapping_rig import PASSING, QUEUE, STREAM, HandClock, arn, create, get, listed

MAPPING = f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:"
GONE = "The resource you requested does not exist."
FILTERS = {"Filters": [{"Pattern": '{"body": ["a"]}'}]}
SINCE_2020 = {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": datetime(2020, 1, 1, tzinfo=UTC)}
DEAD_LETTERS = {"OnFailure": {"Destination": arn("sqs", "dead")}}

OF_A_QUEUE = {
    "EventSourceArn": QUEUE,
    "BatchSize": 10,
    "MaximumBatchingWindowInSeconds": 0,
    "FunctionArn": ARN + "f",
    "State": "Creating",
    "StateTransitionReason": "USER_INITIATED",
    "FunctionResponseTypes": [],
}
OF_A_STREAM = {
    **OF_A_QUEUE,
    "EventSourceArn": STREAM,
    "BatchSize": 100,
    "StateTransitionReason": "User action",
    "StartingPosition": "LATEST",
    "ParallelizationFactor": 1,
    "LastProcessingResult": "No records processed",
    "DestinationConfig": {"OnFailure": {}},
    "MaximumRecordAgeInSeconds": -1,
    "BisectBatchOnFunctionError": False,
    "MaximumRetryAttempts": -1,
    "TumblingWindowInSeconds": 0,
}
OF_KAFKA = {
    "BatchSize": 100,
    "FunctionArn": ARN + "f",
    "State": "Creating",
    "StateTransitionReason": "USER_INITIATED",
    "LastProcessingResult": "No records processed",
}


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def api(tmp_path: Path, clock: HandClock) -> Iterator[Api]:
    """An account with the function `f`, in which time passes when told."""
    with serving(tmp_path, clock) as served:
        served.created("f")
        yield served


@pytest.mark.parametrize(
    ("kind", "defaults"),
    [
        ("sqs", OF_A_QUEUE),
        ("sqs-fifo", {**OF_A_QUEUE, **PASSING["sqs-fifo"]}),
        ("kinesis", OF_A_STREAM),
        ("dynamodb", {**OF_A_STREAM, **PASSING["dynamodb"]}),
        ("msk", {**OF_KAFKA, **PASSING["msk"], "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "UUID"}}),
        (
            "kafka",
            {
                **OF_KAFKA,
                **PASSING["kafka"],
                "StartingPosition": "TRIM_HORIZON",
                "SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": "UUID"},
            },
        ),
        ("mq", {**OF_KAFKA, **PASSING["mq"]}),
        (
            "documentdb",
            {
                **OF_KAFKA,
                **PASSING["documentdb"],
                "DocumentDBEventSourceConfig": {"DatabaseName": "db", "FullDocument": "Default"},
            },
        ),
    ],
)
def test_a_new_mapping_is_being_created_and_shows_the_members_of_its_kind(
    api: Api, kind: str, defaults: dict[str, Any]
) -> None:
    """None but these: filters, scaling and the like appear only when set."""
    answer = create(api, kind)

    uuid = answer.pop("UUID")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", uuid)
    assert answer.pop("EventSourceMappingArn") == MAPPING + uuid
    assert answer.pop("LastModified") == datetime.fromtimestamp(1_700_000_000, UTC)
    for config in ("AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig"):
        if config in answer:
            answer[config] = {"ConsumerGroupId": "UUID" if answer[config]["ConsumerGroupId"] == uuid else "other"}
    assert answer == defaults


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("sqs", {"BatchSize": 10_000, "MaximumBatchingWindowInSeconds": 1}),
        ("sqs", {"FunctionResponseTypes": ["ReportBatchItemFailures"]}),
        ("sqs", {"FilterCriteria": FILTERS, "KMSKeyArn": arn("kms", "key/k")}),
        ("sqs", {"ScalingConfig": {"MaximumConcurrency": 2}}),
        ("sqs", {"ProvisionedPollerConfig": {"MinimumPollers": 2, "MaximumPollers": 2000, "PollerGroupName": "g"}}),
        ("sqs", {"MetricsConfig": {"Metrics": ["EventCount"]}}),
        ("sqs-fifo", {"BatchSize": 1, "MaximumBatchingWindowInSeconds": 0}),
        ("kinesis", {"BatchSize": 10_000, "MaximumBatchingWindowInSeconds": 0}),
        (
            "kinesis",
            {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": datetime(2020, 1, 1, tzinfo=UTC)},
        ),
        ("kinesis", {"ParallelizationFactor": 10, "TumblingWindowInSeconds": 900, "BisectBatchOnFunctionError": True}),
        ("dynamodb", {"MaximumRetryAttempts": 0, "MaximumRecordAgeInSeconds": 60, "DestinationConfig": DEAD_LETTERS}),
        ("kafka", {"StartingPosition": "LATEST", "DestinationConfig": {"OnFailure": {"Destination": "kafka://dead"}}}),
        ("kafka", {"SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": "g", "ConsumptionMode": "Stream"}}),
        (
            "msk",
            {
                "MaximumRetryAttempts": 3,
                "LoggingConfig": {"SystemLogLevel": "DEBUG"},
                "ProvisionedPollerConfig": {"MinimumPollers": 1, "MaximumPollers": 5},
            },
        ),
        ("mq", {"SourceAccessConfigurations": [{"Type": "VIRTUAL_HOST", "URI": "/"}], "FilterCriteria": FILTERS}),
        ("documentdb", {"DocumentDBEventSourceConfig": {"DatabaseName": "d", "FullDocument": "UpdateLookup"}}),
    ],
)
def test_what_was_asked_for_is_kept_and_shown(api: Api, kind: str, wanted: dict[str, Any]) -> None:
    uuid = create(api, kind, **wanted)["UUID"]

    now = get(api, uuid)

    assert {member: now.get(member) for member in wanted} == wanted


@pytest.mark.parametrize(
    ("kind", "wanted", "shows"),
    [
        ("sqs", {"FilterCriteria": {"Filters": []}}, None),
        ("sqs", {"FilterCriteria": {}}, None),
        ("sqs", {"DestinationConfig": {}}, None),
        ("sqs", {"SourceAccessConfigurations": []}, None),
        ("sqs", {"ScalingConfig": {}}, None),
        ("sqs", {"KMSKeyArn": ""}, None),
        ("sqs", {"MetricsConfig": {"Metrics": []}}, None),
        ("sqs", {"ProvisionedPollerConfig": {"MaximumPollers": 9}}, {"MinimumPollers": 2, "MaximumPollers": 9}),
        ("msk", {"ProvisionedPollerConfig": {"MinimumPollers": 3}}, {"MinimumPollers": 3, "MaximumPollers": 200}),
        ("kinesis", {"DestinationConfig": {"OnFailure": {"Destination": ""}}}, {"OnFailure": {}}),
        ("kafka", {"DestinationConfig": {"OnFailure": {"Destination": ""}}}, None),
        ("sqs", {"Tags": {"team": "a"}}, None),
    ],
)
def test_what_is_empty_says_nothing_and_what_is_partial_is_filled_in(
    api: Api, kind: str, wanted: dict[str, Any], shows: Any
) -> None:
    answer = create(api, kind, **wanted)

    assert answer.get(*wanted) == shows


@pytest.mark.parametrize(
    ("asked", "shown_as"),
    [
        ("f", "f"),
        ("f:$LATEST", "f:$LATEST"),
        ("f:live", "f:live"),
        ("f:1", "f:1"),
        (f"{ACCOUNT}:function:f", "f"),
        (f"{ACCOUNT}:function:f:$LATEST", "f:$LATEST"),
        (ARN + "f", "f"),
        (ARN + "f:live", "f:live"),
        (ARN + "f:$LATEST", "f"),
    ],
)
def test_the_function_is_shown_as_it_was_named_but_a_whole_arn_loses_latest(
    api: Api, asked: str, shown_as: str
) -> None:
    api.client.publish_version(FunctionName="f")
    api.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")

    created = create(api, FunctionName=asked)

    assert created["FunctionArn"] == ARN + shown_as


def test_a_mapping_arrives_by_itself_and_is_told_to_wait_until_it_has(api: Api, clock: HandClock) -> None:
    uuid = create(api)["UUID"]
    change, delete = api.client.update_event_source_mapping, api.client.delete_event_source_mapping

    with refused("ResourceInUseException", "Cannot update the event source mapping because it is in use."):
        change(UUID=uuid, BatchSize=5)
    with refused("ResourceInUseException", "Cannot delete the event source mapping because it is in use."):
        delete(UUID=uuid)
    clock.arrive()

    assert get(api, uuid)["State"] == "Enabled"
    assert change(UUID=uuid, BatchSize=5)["State"] == "Updating"
    with refused("ResourceInUseException"):
        change(UUID=uuid, BatchSize=6)
    clock.arrive()
    assert get(api, uuid)["State"] == "Enabled"
    assert get(api, uuid)["BatchSize"] == 5


def test_a_mapping_can_be_paused_and_resumed(api: Api, clock: HandClock) -> None:
    uuid = create(api)["UUID"]
    clock.arrive()

    states = []
    for wanted in ({"Enabled": False}, {"BatchSize": 3}, {"Enabled": False}, {"Enabled": True}, {"Enabled": True}):
        states.append(api.client.update_event_source_mapping(UUID=uuid, **wanted)["State"])
        clock.arrive()
        states.append(get(api, uuid)["State"])

    assert states == [
        *("Disabling", "Disabled"),
        *("Updating", "Disabled"),
        *("Updating", "Disabled"),
        *("Enabling", "Enabled"),
        *("Updating", "Enabled"),
    ]


def test_a_mapping_made_disabled_is_so_at_once(api: Api) -> None:
    created = create(api, Enabled=False)

    assert created["State"] == get(api, created["UUID"])["State"] == "Disabled"
    assert api.client.update_event_source_mapping(UUID=created["UUID"], Enabled=True)["State"] == "Enabling"


def test_a_deleted_mapping_is_seen_going_and_is_then_gone(api: Api, clock: HandClock) -> None:
    uuid = create(api)["UUID"]
    clock.arrive()

    deleted = shown(api.client.delete_event_source_mapping(UUID=uuid))

    assert deleted["State"] == "Deleting"
    assert get(api, uuid) == deleted
    with refused("ResourceInUseException"):
        api.client.delete_event_source_mapping(UUID=uuid)
    clock.arrive()
    assert listed(api) == []
    with refused("ResourceNotFoundException", GONE):
        api.client.get_event_source_mapping(UUID=uuid)
    with refused("ResourceNotFoundException", GONE):
        api.client.update_event_source_mapping(UUID=uuid)
    with refused("ResourceNotFoundException", GONE):
        api.client.delete_event_source_mapping(UUID=uuid)
    create(api)
    assert len(list(api.store.mappings.everywhere())) == 1


def test_all_four_answers_have_the_same_members_and_all_but_get_are_202(api: Api, clock: HandClock) -> None:
    created = api.client.create_event_source_mapping(FunctionName="f", **PASSING["kinesis"])
    uuid = created["UUID"]
    clock.arrive()
    got = api.client.get_event_source_mapping(UUID=uuid)
    updated = api.client.update_event_source_mapping(UUID=uuid, BatchSize=1)
    clock.arrive()
    deleted = api.client.delete_event_source_mapping(UUID=uuid)

    statuses = [each["ResponseMetadata"]["HTTPStatusCode"] for each in (created, got, updated, deleted)]
    assert statuses == [202, 200, 202, 202]
    assert set(created) == set(got) == set(updated) == set(deleted)


def test_an_update_changes_what_it_names_and_when(api: Api, clock: HandClock) -> None:
    before = create(api, "kinesis", FilterCriteria=FILTERS, DestinationConfig=DEAD_LETTERS)
    clock.arrive()

    api.client.update_event_source_mapping(
        UUID=before["UUID"], FilterCriteria={}, DestinationConfig={"OnFailure": {"Destination": ""}}, BatchSize=7
    )
    clock.arrive()

    after = get(api, before["UUID"])
    assert after["LastModified"] > before["LastModified"]
    changed = {"BatchSize": 7, "DestinationConfig": {"OnFailure": {}}, "State": "Enabled"}
    expected = {**before, **changed, "LastModified": after["LastModified"]}
    del expected["FilterCriteria"]
    assert after == expected


@pytest.mark.parametrize(
    ("kind", "wanted", "says"),
    [
        ("sqs", {"BatchSize": 11}, "Maximum batch window in seconds must be greater than 0"),
        ("sqs", {"DestinationConfig": DEAD_LETTERS}, "Unsupported DestinationConfig parameter"),
        ("sqs", {"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}}, "Invalid filter pattern definition."),
        ("sqs", {"FunctionName": "nobody"}, "Function does not exist"),
        (
            "kafka",
            {"SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": "o"}},
            "ConsumerGroupId cannot be changed.",
        ),
        ("kafka", {"SourceAccessConfigurations": []}, "Required 'sourceAccessConfigurations' parameter is missing."),
        ("kafka", {"FunctionName": "slow"}, "Function timeout: 900 seconds is greater than 840 seconds"),
    ],
)
def test_an_update_that_breaks_a_rule_changes_nothing(
    api: Api, clock: HandClock, kind: str, wanted: dict[str, Any], says: str
) -> None:
    api.created("slow", Timeout=900)
    uuid = create(api, kind)["UUID"]
    clock.arrive()
    before = get(api, uuid)

    with refused("InvalidParameterValueException") as error:
        api.client.update_event_source_mapping(UUID=uuid, **wanted)

    assert error.value.response["Error"]["Message"].startswith(says)
    assert get(api, uuid) == before


def test_a_consumer_group_is_kept_when_the_rest_of_its_structure_is_replaced(api: Api, clock: HandClock) -> None:
    uuid = create(api, "kafka")["UUID"]
    clock.arrive()

    config = {"ConsumptionMode": "Queue"}
    answer = api.client.update_event_source_mapping(UUID=uuid, SelfManagedKafkaEventSourceConfig=config)  # type: ignore[arg-type]

    assert answer["SelfManagedKafkaEventSourceConfig"] == {"ConsumerGroupId": uuid, "ConsumptionMode": "Queue"}


def test_a_mapping_can_be_given_to_another_function(api: Api, clock: HandClock) -> None:
    api.created("g")
    uuid = create(api)["UUID"]
    clock.arrive()

    answer = api.client.update_event_source_mapping(UUID=uuid, FunctionName="g")

    assert answer["FunctionArn"] == ARN + "g"
    assert listed(api, FunctionName="f") == []


def test_a_mapping_survives_its_function_and_can_still_be_changed(api: Api, clock: HandClock) -> None:
    uuid = create(api)["UUID"]
    clock.arrive()

    api.client.delete_function(FunctionName="f")

    assert get(api, uuid)["State"] == "Enabled"
    assert api.client.update_event_source_mapping(UUID=uuid, BatchSize=1)["BatchSize"] == 1


def test_mappings_and_their_tags_are_there_after_a_restart_and_none_is_stuck(tmp_path: Path, clock: HandClock) -> None:
    with serving(tmp_path, clock) as api:
        api.created("f")
        created = create(api, "kinesis", Tags={"team": "a"}, FilterCriteria=FILTERS, **SINCE_2020)

    clock.arrive()
    with serving(tmp_path, clock) as api:
        assert get(api, created["UUID"]) == {**created, "State": "Enabled"}
        assert [dict(mapping.tags) for _, mapping in api.store.mappings.everywhere()] == [{"team": "a"}]


def test_more_tags_than_fifty_are_refused(api: Api) -> None:
    with refused("InvalidParameterValueException", "Number of tags exceeds resource tag limit."):
        create(api, Tags={str(number): "" for number in range(51)})


def test_a_uuid_of_another_account_or_of_none_is_not_found(api: Api) -> None:
    uuid = create(api)["UUID"]

    other = api.send(f"GET /2015-03-31/event-source-mappings/{uuid}", headers={"Authorization": signed("000000000000")})
    anonymous = api.send(f"GET /2015-03-31/event-source-mappings/{uuid}", headers={"Authorization": ""})

    assert (other.status, other.json) == (404, {"Type": "User", "Message": GONE})
    assert anonymous.json["UUID"] == uuid
    with refused("ResourceNotFoundException", GONE):
        get(api, "0" * 36)
