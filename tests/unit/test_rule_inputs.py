"""What targets of EventBridge's rules get, and which entries become no event."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambda_emu.arn import Scope
from lambda_emu.services.eventbridge.errors import EntriesTooLarge, EventsError
from lambda_emu.services.eventbridge.event import check_size, envelope_of, refusal_of, size_bytes
from lambda_emu.services.eventbridge.inputs import Occasion, check_input, input_of

DETAIL = (
    '{ "state": "run\\"ning", "n": 3.0e2, "big": 12345678901234567890, "list": [1, {"k": "v"}], "tags": {"a": "b"} }'
)
ENTRY = {"Source": "app", "DetailType": "Changed", "Detail": DETAIL, "Resources": ["arn:1"], "Time": 0.0}
EVENT = envelope_of(ENTRY, "id-1", Scope("123456789012", "us-east-1"), 5.0)
OCCASION = Occasion("arn:aws:events:us-east-1:123456789012:rule/r", "r", EVENT, 1.5)


def test_an_event_has_its_members_in_order_and_its_numbers_as_they_were_written() -> None:
    assert EVENT.text == (
        '{"version":"0","id":"id-1","detail-type":"Changed","source":"app","account":"123456789012",'
        '"time":"1970-01-01T00:00:00Z","region":"us-east-1","resources":["arn:1"],"detail":'
        '{"state":"run\\"ning","n":3.0e2,"big":12345678901234567890,"list":[1,{"k":"v"}],"tags":{"a":"b"}}}'
    )


def test_half_a_character_is_written_as_it_came() -> None:
    event = envelope_of(
        {**ENTRY, "Detail": '{"a": "\\ud800", "n": 1.50}'}, "id", Scope("123456789012", "us-east-1"), 0.0
    )

    assert json.loads(event.text)["detail"] == {"a": "\ud800", "n": 1.5}
    assert input_of({"InputPath": "$.detail.a"}, Occasion("arn", "r", event, 0.0)) == '"\\ud800"'


@pytest.mark.parametrize(
    ("path", "got"),
    [
        ("$", EVENT.text),
        ("$.detail.state", '"run\\"ning"'),
        ("$.detail.n", "3.0e2"),
        ("$.detail.list[1].k", '"v"'),
        ("$.detail['tags']", '{"a":"b"}'),
        ("$.detail-type", '"Changed"'),
        ("$.detail.list[*].k", '["v"]'),
        ("$.resources[0]", '"arn:1"'),
        ("$.detail.nothing", "null"),
    ],
)
def test_a_path_takes_a_part_of_the_event(path: str, got: str) -> None:
    assert input_of({"Id": "t", "InputPath": path}, OCCASION) == got


@pytest.mark.parametrize(
    ("template", "got"),
    [
        ('"<type> is <state>, <n> <missing>."', '"Changed is run\\"ning, 3.0e2 ."'),
        ('{"state": <state>, "n": <n>, "q": "<state>"}', '{"state": "run\\"ning", "n": 3.0e2, "q": "run\\"ning"}'),
        ('{"l": <list>, "gone": <missing>}', '{"l": [1,{"k":"v"}], "gone": ""}'),
        ('"list: <list>"', '"list: [1,{k:v}]"'),
        ('{"\\"<type>\\"": "\\"<n>\\""}', '{"\\"Changed\\"": "\\"3.0e2\\""}'),
        ('"<aws.events.rule-name> at <aws.events.event.ingestion-time>"', '"r at 1970-01-01T00:00:01.500Z"'),
        ('{"arn": <aws.events.rule-arn>}', '{"arn": "arn:aws:events:us-east-1:123456789012:rule/r"}'),
        ('{"e": <aws.events.event.json>}', f'{{"e": {EVENT.text}}}'),
        ('"one"\n"<type>"', '"one"\n"Changed"'),
    ],
)
def test_a_template_is_filled_from_the_event(template: str, got: str) -> None:
    paths = {"type": "$.detail-type", "state": "$.detail.state", "n": "$.detail.n", "list": "$.detail.list"}
    transformer = {"InputPathsMap": {**paths, "missing": "$.detail.nothing"}, "InputTemplate": template}
    target = {"Id": "t", "InputTransformer": transformer}

    check_input(target)
    assert input_of(target, OCCASION) == got


def test_the_event_without_its_detail_is_a_variable() -> None:
    target = {"Id": "t", "InputTransformer": {"InputTemplate": '{"e": <aws.events.event>}'}}

    got = json.loads(input_of(target, OCCASION))["e"]

    assert "detail" not in got
    assert got["detail-type"] == "Changed"


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ({"Input": "{}", "InputPath": "$.a"}, "Only one of Input, InputPath, or InputTransformer must be provided for"),
        ({"Input": "{"}, "JSON syntax error in input for target t"),
        ({"InputPath": "detail"}, "JSONPath must start with"),
        ({"InputPath": "$..detail"}, "JSONPath cannot be read from character 2 on"),
        (
            {"InputTransformer": {"InputTemplate": '"<x>"'}},
            "InputTemplate for target t contains invalid placeholder x.",
        ),
        ({"InputTransformer": {"InputTemplate": "no JSON"}}, "Invalid InputTemplate for target t"),
        ({"InputTransformer": {"InputPathsMap": {"AWS1": "$"}, "InputTemplate": '"a"'}}, "which is reserved"),
    ],
)
def test_inputs_that_cannot_be_are_refused(target: dict[str, Any], text: str) -> None:
    with pytest.raises(EventsError, match=text.replace("$", r"\$").replace(".", r"\.")):
        check_input({"Id": "t", **target})


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"Source": ""}, "InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."),
        (
            {"DetailType": None},
            "InvalidArgument",
            "Parameter DetailType is not valid. Reason: DetailType is a required",
        ),
        ({"Detail": None}, "InvalidArgument", "Parameter Detail is not valid. Reason: Detail is a required argument."),
        ({"Detail": '"text"'}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": "[1]"}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": '{"a": NaN}'}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": "[" * 100_000}, "MalformedDetail", "Detail is malformed."),
        ({"Source": "aws.s3"}, "NotAuthorizedForSourceException", "Not authorized for the source."),
    ],
)
def test_entries_that_become_no_event(changes: dict[str, Any], code: str, text: str) -> None:
    refused = refusal_of(ENTRY | changes)

    assert refused is not None
    assert (refused.code, refused.text[: len(text)]) == (code, text)


def test_sizes_are_counted_in_bytes_of_utf_8_and_a_time_is_fourteen() -> None:
    entry = {"Source": "é", "DetailType": "ab", "Detail": "{}", "Resources": ["x", "yz"]}
    assert size_bytes(entry) == 2 + 2 + 2 + 3
    assert size_bytes(entry | {"Time": 1.0}) == 9 + 14

    check_size([entry | {"Detail": "x" * (262_144 - 7)}])
    with pytest.raises(EntriesTooLarge, match="Total size of the entries in the request is over the limit"):
        check_size([entry | {"Detail": "x" * (262_144 - 6)}])
