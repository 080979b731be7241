"""Aliases, as boto3 sees them. docs/contract/api.md#versions-and-aliases."""

from __future__ import annotations

from typing import Any

import pytest
from api_rig import ARN, Api, refused, shown

LIVE = f"{ARN}f:live"


@pytest.fixture
def versions(api: Api) -> Api:
    """A function f with the versions 1 and 2."""
    api.created("f")
    api.client.publish_version(FunctionName="f")
    api.client.update_function_configuration(FunctionName="f", Timeout=9)
    api.activations.finish()
    api.client.publish_version(FunctionName="f")
    return api


def test_an_alias_has_exactly_these_members(versions: Api) -> None:
    made = shown(versions.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1"))

    revision_id = made["RevisionId"]
    plain = {"AliasArn": LIVE, "Name": "live", "FunctionVersion": "1", "Description": "", "RevisionId": revision_id}
    assert made == plain
    assert shown(versions.client.get_alias(FunctionName="f", Name="live")) == made


def test_a_function_is_shown_as_its_alias_has_it(versions: Api) -> None:
    versions.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")

    found = versions.client.get_function(FunctionName="f", Qualifier="live")["Configuration"]

    assert (found["FunctionArn"], found["Version"], found["Timeout"]) == (LIVE, "1", 3)


def test_an_update_keeps_what_it_does_not_name(versions: Api) -> None:
    routing: Any = {"AdditionalVersionWeights": {"2": 0.1}}
    made = versions.client.create_alias(
        FunctionName="f", Name="live", FunctionVersion="1", Description="d", RoutingConfig=routing
    )

    same = versions.client.update_alias(FunctionName="f", Name="live")
    moved = versions.client.update_alias(FunctionName="f", Name="live", FunctionVersion="2", RoutingConfig={})

    assert (same["FunctionVersion"], same["Description"], same["RoutingConfig"]) == ("1", "d", routing)
    assert same["RevisionId"] != made["RevisionId"]
    assert (moved["FunctionVersion"], moved["Description"]) == ("2", "d")
    assert "RoutingConfig" not in moved


def test_a_revision_protects_an_alias(versions: Api) -> None:
    made = versions.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    versions.client.update_alias(FunctionName="f", Name="live", RevisionId=made["RevisionId"], Description="new")

    with refused(
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. "
        "Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
    ):
        versions.client.update_alias(FunctionName="f", Name="live", RevisionId=made["RevisionId"])


def test_aliases_are_listed_by_name_or_by_what_they_run(versions: Api) -> None:
    routing: Any = {"AdditionalVersionWeights": {"2": 0.5}}
    versions.client.create_alias(FunctionName="f", Name="b", FunctionVersion="2")
    versions.client.create_alias(FunctionName="f", Name="a", FunctionVersion="1", RoutingConfig=routing)
    versions.client.create_alias(FunctionName="f", Name="c", FunctionVersion="$LATEST")

    def names(**wanted: Any) -> list[str]:
        pages = versions.client.get_paginator("list_aliases").paginate(
            FunctionName="f", PaginationConfig={"PageSize": 2}, **wanted
        )
        return [alias["Name"] for page in pages for alias in page["Aliases"]]

    assert names() == ["a", "b", "c"]
    assert names(FunctionVersion="2") == ["a", "b"]


def test_a_missing_alias_is_deleted_as_far_as_anybody_can_tell(versions: Api) -> None:
    versions.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")

    for _ in range(2):
        versions.client.delete_alias(FunctionName="f", Name="live")

    assert versions.client.list_aliases(FunctionName="f")["Aliases"] == []


LATEST_ONLY = "$LATEST is not supported for an alias pointing to more than 1 version"


@pytest.mark.parametrize(
    ("wanted", "code", "text"),
    [
        ({"FunctionVersion": "7"}, "ResourceNotFoundException", f"Function not found: {ARN}f:7"),
        ({"Name": "taken"}, "ResourceConflictException", f"Alias already exists: {ARN}f:taken"),
        (
            {"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}},
            "InvalidParameterValueException",
            "Invalid function version 1. Function version 1 is already included in routing configuration.",
        ),
        (
            {"RoutingConfig": {"AdditionalVersionWeights": {"2": 0.5, "3": 0.1}}},
            "InvalidParameterValueException",
            "Number of items in AdditionalVersionWeights cannot be greater than 1",
        ),
        (
            {"RoutingConfig": {"AdditionalVersionWeights": {"9": 0.5}}},
            "ResourceNotFoundException",
            f"Function not found: {ARN}f:9",
        ),
        (
            {"FunctionVersion": "$LATEST", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}},
            "InvalidParameterValueException",
            LATEST_ONLY,
        ),
        ({"FunctionName": "g"}, "ResourceNotFoundException", f"Function not found: {ARN}g:1"),
    ],
)
def test_an_alias_that_cannot_be_is_refused(versions: Api, wanted: dict[str, Any], code: str, text: str) -> None:
    versions.client.create_alias(FunctionName="f", Name="taken", FunctionVersion="1")

    with refused(code, text):
        versions.client.create_alias(**{"FunctionName": "f", "Name": "live", "FunctionVersion": "1"} | wanted)


@pytest.mark.parametrize(
    ("operation", "text"),
    [("get_alias", f"Cannot find alias arn: {LIVE}"), ("update_alias", f"Alias not found: {LIVE}")],
)
def test_a_missing_alias_is_named_in_the_operations_words(versions: Api, operation: str, text: str) -> None:
    with refused("ResourceNotFoundException", text):
        getattr(versions.client, operation)(FunctionName="f", Name="live")


def test_a_number_is_no_alias(versions: Api) -> None:
    reply = versions.send("POST /2015-03-31/functions/f/aliases", {"Name": "12", "FunctionVersion": "1"})

    assert reply.json["message"] == (
        "1 validation error detected: Value '12' at 'name' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
    )
