"""Which event source mappings there are: a source is mapped to a function once, and lists find them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from api_rig import ACCOUNT, ARN, Api, refused, serving
from botocore.exceptions import ClientError
from mapping_rig import PASSING, QUEUE, STREAM, HandClock, arn, create, listed


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
    ("kind", "what"),
    [
        ("sqs", f'An event source mapping with SQS arn (" {QUEUE} ") and function (" f ")'),
        ("kinesis", f'The event source arn (" {STREAM} ") and function (" f ") provided mapping'),
        (
            "kafka",
            f'An event source mapping with event source ("kafka:1000"), function ("{ARN}f"), topics ("topic")',
        ),
    ],
)
def test_the_same_source_is_mapped_to_a_function_once(api: Api, clock: HandClock, kind: str, what: str) -> None:
    uuid = create(api, kind)["UUID"]
    already = f"{what} already exists. Please update or delete the existing mapping with UUID {uuid}"

    with refused("ResourceConflictException", already):
        api.client.create_event_source_mapping(FunctionName="f", **PASSING[kind])
    with refused("ResourceConflictException"):
        create(api, kind, FunctionName=f"{ACCOUNT}:function:f:$LATEST")

    clock.arrive()
    api.client.delete_event_source_mapping(UUID=uuid)
    with refused("ResourceConflictException", already):
        create(api, kind)
    clock.arrive()
    create(api, kind)


def test_two_lists_of_a_cluster_s_servers_are_one_source_if_they_share_a_server(api: Api) -> None:
    uuid = create(api, "kafka", **servers("a:1", "b:2"))["UUID"]

    with refused(
        "ResourceConflictException",
        f'An event source mapping with event source ("c:3,b:2"), function ("{ARN}f"), topics ("topic") '
        f"already exists. Please update or delete the existing mapping with UUID {uuid}",
    ):
        create(api, "kafka", **servers("c:3", "b:2"), SelfManagedKafkaEventSourceConfig={"ConsumerGroupId": "other"})

    assert create(api, "kafka", **servers("c:3"))["UUID"] != uuid


def servers(*addresses: str) -> dict[str, Any]:
    return {"SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": list(addresses)}}}


def test_other_topics_functions_and_aliases_are_other_mappings(api: Api) -> None:
    api.created("g")
    api.client.create_alias(FunctionName="f", Name="live", FunctionVersion="$LATEST")

    created = [
        create(api, "kafka"),
        create(api, "kafka", Topics=["another"]),
        create(api, "kafka", FunctionName="g"),
        create(api, "kafka", FunctionName="f:live"),
    ]

    assert len({each["UUID"] for each in created}) == 4


def test_an_update_does_not_make_two_of_one_kind_the_same(api: Api, clock: HandClock) -> None:
    api.created("g")
    create(api, FunctionName="g")
    uuid = create(api)["UUID"]
    clock.arrive()

    with refused("ResourceConflictException"):
        api.client.update_event_source_mapping(UUID=uuid, FunctionName="g")

    assert api.client.update_event_source_mapping(UUID=uuid, FunctionName="f")["FunctionArn"] == ARN + "f"


def test_of_two_creations_at_once_one_finds_the_other(api: Api) -> None:
    def attempt(_: int) -> str:
        try:
            create(api)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "created"

    with ThreadPoolExecutor(4) as callers:
        results = sorted(callers.map(attempt, range(4)))

    assert results == ["ResourceConflictException"] * 3 + ["created"]


def test_of_two_updates_at_once_one_is_told_to_wait(api: Api, clock: HandClock) -> None:
    uuid = create(api)["UUID"]
    clock.arrive()

    def attempt(size: int) -> str:
        try:
            return api.client.update_event_source_mapping(UUID=uuid, BatchSize=size)["State"]
        except ClientError as error:
            return str(error.response["Error"]["Code"])

    with ThreadPoolExecutor(4) as callers:
        results = sorted(callers.map(attempt, range(1, 5)))

    assert results == ["ResourceInUseException"] * 3 + ["Updating"]


def test_a_list_is_filtered_by_function_and_by_source(api: Api) -> None:
    api.created("g")
    api.client.create_alias(FunctionName="f", Name="live", FunctionVersion="$LATEST")
    queue, stream = create(api)["UUID"], create(api, "kinesis", FunctionName="f:$LATEST")["UUID"]
    live, other = create(api, FunctionName="f:live")["UUID"], create(api, FunctionName="g")["UUID"]

    assert listed(api) == sorted([queue, stream, live, other])
    for name in ("f", "f:$LATEST", ARN + "f", ARN + "f:$LATEST", f"{ACCOUNT}:function:f"):
        assert listed(api, FunctionName=name) == sorted([queue, stream])
    assert listed(api, FunctionName="f:live") == listed(api, FunctionName=ARN + "f:live") == [live]
    assert listed(api, EventSourceArn=QUEUE) == sorted([queue, live, other])
    assert listed(api, EventSourceArn=QUEUE, FunctionName="g") == [other]
    assert listed(api, FunctionName="nobody") == listed(api, EventSourceArn=arn("sqs", "other")) == []


def test_a_list_comes_in_pages_of_at_most_a_hundred(api: Api) -> None:
    every = sorted(create(api, EventSourceArn=arn("sqs", f"q{number}"))["UUID"] for number in range(101))

    first = api.client.list_event_source_mappings(MaxItems=10_000)
    second = api.client.list_event_source_mappings(Marker=first["NextMarker"])

    pages = [[each["UUID"] for each in answer["EventSourceMappings"]] for answer in (first, second)]
    assert pages == [every[:100], every[100:]]
    assert "NextMarker" not in second
    with refused("InvalidParameterValueException", "Invalid Marker"):
        api.client.list_event_source_mappings(Marker="!")
