"""The function operations, as boto3 sees them."""

from __future__ import annotations

import base64
import re
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any
from urllib.request import Request, urlopen
from zipfile import ZipFile

import pytest
from api_rig import ARN, ROLE, Api, refused, serving, shown, zipped
from botocore.exceptions import ClientError

from lambda_emu.arn import Scope

CODE = zipped({"app.py": "def handler(event, context): return event"})
NEW_CODE = zipped({"app.py": "def handler(event, context): return 1"})
STATES = {"State", "LastUpdateStatus"}
ONE_VARIABLE = {"Variables": {"AA": "1"}}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_a_new_function_is_pending_and_has_every_default(api: Api) -> None:
    answer = shown(api.create("f"))

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", answer.pop("LastModified"))
    assert UUID.fullmatch(answer.pop("RevisionId"))
    assert re.fullmatch(
        "arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}", answer.pop("RuntimeVersionConfig")["RuntimeVersionArn"]
    )
    assert answer == {
        "FunctionName": "f",
        "FunctionArn": ARN + "f",
        "Runtime": "python3.13",
        "Role": ROLE,
        "Handler": "app.handler",
        "CodeSize": len(CODE),
        "CodeSha256": base64.b64encode(sha256(CODE).digest()).decode(),
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "Version": "$LATEST",
        "TracingConfig": {"Mode": "PassThrough"},
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"},
        "State": "Pending",
        "StateReason": "The function is being created.",
        "StateReasonCode": "Creating",
    }


def test_creation_ends_active_with_a_revision_of_its_own(api: Api) -> None:
    created = api.create("f")

    api.activations.finish()

    now = api.client.get_function_configuration(FunctionName="f")
    assert (now["State"], now["LastUpdateStatus"]) == ("Active", "Successful")
    assert "StateReason" not in now
    assert now["RevisionId"] != created["RevisionId"]


def test_what_was_asked_for_is_kept(api: Api) -> None:
    asked: dict[str, Any] = {
        "Description": "does nothing",
        "Timeout": 900,
        "MemorySize": 10240,
        "EphemeralStorage": {"Size": 10240},
        "Architectures": ["arm64"],
        "Environment": {"Variables": {"KEY": "größe"}},
        "TracingConfig": {"Mode": "Active"},
        "KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/k",
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:q"},
    }

    api.created("f", **asked)

    now = api.client.get_function_configuration(FunctionName="f")
    assert {member: now[member] for member in asked} == asked  # type: ignore[literal-required]


def test_the_second_function_of_a_name_is_refused(api: Api) -> None:
    api.create("f")

    with refused("ResourceConflictException") as error:
        api.create("f")

    assert error.value.response["Error"]["Message"] == "Function already exist: f"


@pytest.mark.parametrize(
    ("asked", "qualifier", "arn"),
    [
        ("f", None, "f"),
        ("f", "$LATEST", "f:$LATEST"),
        ("f:$LATEST", None, "f:$LATEST"),
        (ARN + "f", None, "f"),
        (ARN + "f:$LATEST", "$LATEST", "f:$LATEST"),
        ("123456789012:function:f", None, "f"),
    ],
)
def test_the_arn_is_qualified_as_the_caller_asked(api: Api, asked: str, qualifier: str | None, arn: str) -> None:
    api.created("f")
    named = {"FunctionName": asked} | ({"Qualifier": qualifier} if qualifier else {})

    configuration = api.client.get_function_configuration(**named)
    function = api.client.get_function(**named)

    assert configuration["FunctionArn"] == function["Configuration"]["FunctionArn"] == ARN + arn


def test_get_function_leads_to_the_code_and_shows_tags_and_concurrency_only_if_there_are_some(api: Api) -> None:
    api.created("plain")
    api.created("tagged", Tags={"team": "a"})
    api.client.put_function_concurrency(FunctionName="tagged", ReservedConcurrentExecutions=5)

    plain = api.client.get_function(FunctionName="plain")
    tagged = api.client.get_function(FunctionName="tagged")

    assert urlopen(plain["Code"]["Location"]).read() == CODE
    assert plain["Code"]["RepositoryType"] == "S3"
    assert not {"Tags", "Concurrency"} & plain.keys()
    assert tagged["Tags"] == {"team": "a"}
    assert tagged["Concurrency"] == {"ReservedConcurrentExecutions": 5}


def test_a_large_zip_can_be_downloaded_whole_or_in_parts(api: Api) -> None:
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr("data", Random(8).randbytes(8_000_000))
    code = packed.getvalue()
    api.create("f", Code={"ZipFile": code})
    location = api.client.get_function(FunctionName="f")["Code"]["Location"]

    whole, part = urlopen(location), urlopen(Request(location, headers={"Range": "bytes=1000-4000999"}))

    assert (whole.headers["Content-Length"], whole.read()) == (str(len(code)), code)
    assert (part.status, part.read()) == (206, code[1000:4001000])


def test_an_update_is_in_progress_until_it_is_done_and_the_old_goes_on_until_then(api: Api) -> None:
    before = api.created("f")

    during = api.client.update_function_code(FunctionName="f", ZipFile=NEW_CODE)

    assert (during["State"], during["LastUpdateStatus"]) == ("Active", "InProgress")
    assert during["LastUpdateStatusReason"] == "The function is being created."
    assert during["LastUpdateStatusReasonCode"] == "Creating"  # type: ignore[comparison-overlap]
    function = api.store.functions.all(Scope("123456789012", "us-east-1"))[0]
    assert function.running.code.sha256 == before["CodeSha256"]
    assert function.latest.code.sha256 == during["CodeSha256"] != before["CodeSha256"]
    with refused("ResourceConflictException") as busy:
        api.client.update_function_configuration(FunctionName="f", Timeout=9)
    assert busy.value.response["Error"]["Message"].endswith(f"An update is in progress for resource: {ARN}f")

    api.activations.finish()

    after = api.client.get_function_configuration(FunctionName="f")
    assert after["LastUpdateStatus"] == "Successful"
    assert len({before["RevisionId"], during["RevisionId"], after["RevisionId"]}) == 3


def test_a_pending_function_cannot_be_updated(api: Api) -> None:
    api.create("f")

    with refused("ResourceConflictException") as error:
        api.client.update_function_configuration(FunctionName="f", Timeout=9)

    assert "'Pending'. StateReasonCode: 'Creating'" in error.value.response["Error"]["Message"]


def test_an_update_needs_the_latest_revision_if_it_names_one(api: Api) -> None:
    old = api.create("f")["RevisionId"]
    api.activations.finish()

    with refused("PreconditionFailedException"):
        api.client.update_function_configuration(FunctionName="f", Timeout=9, RevisionId=old)

    current = api.client.get_function_configuration(FunctionName="f")
    assert current["Timeout"] == 3
    api.client.update_function_configuration(FunctionName="f", Timeout=9, RevisionId=current["RevisionId"])


def test_of_two_updates_at_once_one_is_told_to_wait(api: Api) -> None:
    api.created("f")

    def update(timeout_s: int) -> str:
        try:
            api.client.update_function_configuration(FunctionName="f", Timeout=timeout_s)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "done"

    with ThreadPoolExecutor(4) as callers:
        results = sorted(callers.map(update, range(10, 14)))

    assert results == ["ResourceConflictException"] * 3 + ["done"]


def test_a_dry_run_changes_nothing(api: Api) -> None:
    before = api.created("f")

    answer = api.client.update_function_code(FunctionName="f", ZipFile=NEW_CODE, DryRun=True)

    assert answer["CodeSha256"] == base64.b64encode(sha256(NEW_CODE).digest()).decode()
    assert shown(api.client.get_function_configuration(FunctionName="f")) == shown(before)


@pytest.mark.parametrize(
    ("first", "then", "shows"),
    [
        ({"Environment": ONE_VARIABLE}, {"Environment": {"Variables": {}}}, {"Environment": {"Variables": {}}}),
        ({"Environment": ONE_VARIABLE}, {"Timeout": 4}, {"Environment": ONE_VARIABLE}),
        ({"Environment": ONE_VARIABLE}, {"Environment": {}}, {"Environment": None}),
        (
            {},
            {"LoggingConfig": {"LogFormat": "JSON"}},
            {
                "LoggingConfig": {
                    "LogFormat": "JSON",
                    "ApplicationLogLevel": "INFO",
                    "SystemLogLevel": "INFO",
                    "LogGroup": "/aws/lambda/f",
                }
            },
        ),
        (
            {"LoggingConfig": {"LogFormat": "JSON", "SystemLogLevel": "WARN", "LogGroup": "mine"}},
            {"LoggingConfig": {"LogFormat": "Text"}},
            {"LoggingConfig": {"LogFormat": "Text", "LogGroup": "mine"}},
        ),
        (
            {"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:q"}},
            {"DeadLetterConfig": {}},
            {"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:q"}},
        ),
        (
            {"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:q"}},
            {"DeadLetterConfig": {"TargetArn": ""}},
            {"DeadLetterConfig": None},
        ),
        ({"KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/k"}, {"KMSKeyArn": ""}, {"KMSKeyArn": None}),
        (
            {"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}},
            {"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}},
            {"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": "", "Ipv6AllowedForDualStack": False}},
        ),
        ({}, {"SnapStart": {"ApplyOn": "PublishedVersions"}}, {
            "SnapStart": {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}
        }),
        ({}, {"Runtime": "python3.11", "Handler": "a.b"}, {"Runtime": "python3.11", "Handler": "a.b"}),
    ],
)  # fmt: skip
def test_an_update_replaces_what_it_names(
    api: Api, first: dict[str, Any], then: dict[str, Any], shows: dict[str, Any]
) -> None:
    api.created("f", **first)

    updated = api.client.update_function_configuration(FunctionName="f", **then)

    assert {member: updated.get(member) for member in shows} == shows


def test_list_functions_turns_pages_in_order_and_leaves_states_out(api: Api) -> None:
    for name in ("c", "a", "d", "b"):
        api.created(name)

    pages = list(api.client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 3}))

    assert [[item["FunctionName"] for item in page["Functions"]] for page in pages] == [["a", "b", "c"], ["d"]]
    assert "NextMarker" not in pages[-1]
    assert not (STATES | {"RuntimeVersionConfig"}) & pages[0]["Functions"][0].keys()
    assert pages[0]["Functions"][0]["FunctionArn"] == ARN + "a"
    everything = api.client.list_functions(FunctionVersion="ALL")["Functions"]
    assert [item["FunctionArn"] for item in everything] == [f"{ARN}{name}:$LATEST" for name in "abcd"]


def test_a_page_stays_right_when_the_function_it_ended_with_goes(api: Api) -> None:
    for name in ("a", "b", "c"):
        api.created(name)
    marker = api.client.list_functions(MaxItems=2)["NextMarker"]

    api.client.delete_function(FunctionName="b")

    assert [item["FunctionName"] for item in api.client.list_functions(Marker=marker)["Functions"]] == ["c"]


def test_an_empty_account_lists_no_functions(api: Api) -> None:
    assert api.client.list_functions()["Functions"] == []


def test_a_deleted_function_is_gone(api: Api) -> None:
    api.created("f")

    answer = api.client.delete_function(FunctionName="f")

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == answer["StatusCode"] == 204
    with refused("ResourceNotFoundException") as error:
        api.client.get_function(FunctionName="f")
    assert error.value.response["Error"]["Message"] == f"Function not found: {ARN}f"


def test_deleting_a_version_that_is_not_there_deletes_nothing_and_says_so_to_nobody(api: Api) -> None:
    api.created("f")

    assert api.client.delete_function(FunctionName="f", Qualifier="7")["StatusCode"] == 204

    assert api.client.get_function(FunctionName="f")["Configuration"]["FunctionName"] == "f"


def test_reserved_concurrency_is_put_shown_and_taken_away(api: Api) -> None:
    api.created("f")
    assert "ReservedConcurrentExecutions" not in api.client.get_function_concurrency(FunctionName="f")

    put = api.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=900)

    assert put["ReservedConcurrentExecutions"] == 900
    assert api.client.get_function_concurrency(FunctionName="f")["ReservedConcurrentExecutions"] == 900
    api.client.delete_function_concurrency(FunctionName="f")
    assert "ReservedConcurrentExecutions" not in api.client.get_function_concurrency(FunctionName="f")


def test_reservations_leave_a_hundred_for_the_others(api: Api) -> None:
    api.created("a")
    api.created("b")
    api.client.put_function_concurrency(FunctionName="a", ReservedConcurrentExecutions=500)

    with refused("InvalidParameterValueException") as error:
        api.client.put_function_concurrency(FunctionName="b", ReservedConcurrentExecutions=401)

    assert "below its minimum value of [100]" in error.value.response["Error"]["Message"]
    api.client.put_function_concurrency(FunctionName="a", ReservedConcurrentExecutions=600)


def test_functions_outlive_the_server(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        before = first.created(
            "f", Environment={"Variables": {"KEY": "1"}}, Tags={"a": "b"}, SnapStart={"ApplyOn": "None"}
        )

    with serving(tmp_path) as second:
        after = second.client.get_function(FunctionName="f")

    assert after["Configuration"] == shown(before)
    assert after["Tags"] == {"a": "b"}
