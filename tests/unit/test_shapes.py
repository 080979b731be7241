"""Members of requests are held against the models of their services."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambda_emu.services.shapes import MOST_FAULTS, ModelViolated, Shapes, WrongType, load_model


@pytest.fixture(scope="module")
def events() -> Shapes:
    return Shapes(load_model("events"), ["PutEvents", "PutRule", "StartReplay"])


@pytest.fixture(scope="module")
def firehose() -> Shapes:
    return Shapes(load_model("firehose"), ["PutRecord", "CreateDeliveryStream"], ["HttpEndpointUrl"])


def test_members_are_those_of_the_model(events: Shapes) -> None:
    body = json.dumps({"Name": "r", "Description": None, "Colour": "red", "Tags": [{"Key": "a", "Value": "b"}]})

    assert events.read("PutRule", body.encode()) == {"Name": "r", "Tags": [{"Key": "a", "Value": "b"}]}


def test_blobs_are_bytes(firehose: Shapes) -> None:
    given = {"DeliveryStreamName": "s", "Record": {"Data": "YWJj"}}

    assert firehose.check("PutRecord", given)["Record"] == {"Data": b"abc"}


@pytest.mark.parametrize("given", [1_700_000_000, 1_700_000_000.0, "2023-11-14T22:13:20Z", "2023-11-14T22:13:20"])
def test_times_are_seconds_since_the_epoch(events: Shapes, given: Any) -> None:
    entry = {"Source": "s", "DetailType": "t", "Detail": "{}", "Time": given}

    assert events.check("PutEvents", {"Entries": [entry]})["Entries"][0]["Time"] == 1_700_000_000


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'"', b'{"Name": 1}', b'{"Name": "\\ud800"}', b'{"Name": "r", "Tags": {}}', b'{"Tags": [1]}'],
)
def test_another_type_is_told(events: Shapes, body: bytes) -> None:
    with pytest.raises(WrongType):
        events.read("PutRule", body)


@pytest.mark.parametrize("time", [True, "yesterday", -1, 1e300, [], "9" * 40])
def test_what_is_no_time_is_told(events: Shapes, time: Any) -> None:
    with pytest.raises(WrongType, match=r"entries\.1\.member\.time is no time"):
        events.check("PutEvents", {"Entries": [{"Time": time}]})


def test_all_that_is_wrong_is_told_in_the_words_of_aws(events: Shapes) -> None:
    with pytest.raises(ModelViolated) as told:
        events.check("PutRule", {"Name": "a b", "State": "ON"})

    assert str(told.value.text).startswith(
        "2 validation errors detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular "
        r"expression pattern: [\.\-_A-Za-z0-9]+; Value 'ON' at 'state' failed to satisfy constraint: Member must "
        "satisfy enum value set: ["
    )


def test_of_a_long_list_no_more_is_looked_at_than_is_told(events: Shapes) -> None:
    wrong, of_another_type = {"TraceHeader": ""}, {"TraceHeader": 1}

    with pytest.raises(ModelViolated, match=f"^{MOST_FAULTS} validation errors detected"):
        events.check("PutEvents", {"Entries": [wrong] * MOST_FAULTS + [of_another_type]})


def test_what_an_operation_checks_itself_is_let_through(firehose: Shapes) -> None:
    endpoint = {"EndpointConfiguration": {"Url": "http://127.0.0.1:1"}, "S3Configuration": {"RoleARN": "r"}}

    with pytest.raises(ModelViolated) as told:
        firehose.check(
            "CreateDeliveryStream", {"DeliveryStreamName": "s", "HttpEndpointDestinationConfiguration": endpoint}
        )

    assert "url" not in str(told.value.text)
    assert "roleARN" in str(told.value.text)
