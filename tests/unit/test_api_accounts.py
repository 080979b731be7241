"""What one account may do with what is another's, and what the log says where nobody said which account is whose."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from api_rig import ACCOUNT, ARN, ROLE, Api, refused, serving, signed, zipped
from mypy_boto3_lambda import LambdaClient
from signing_rig import ISSUER

OTHER = "210987654321"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"
THEIR_ROLE = ROLE.replace(ACCOUNT, OTHER)
FUNCTIONS = "/2015-03-31/functions/"
CROSS_ACCOUNT = ("AccessDeniedException", "Cross-account pass role is not allowed.")
VPC: Any = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}

Passing = Callable[[LambdaClient, str], object]
PASSING: dict[str, Passing] = {
    "CreateFunction": lambda client, role: client.create_function(
        FunctionName="new", Role=role, Code={"ZipFile": b""}, Runtime="python3.13", Handler="a.b"
    ),
    "UpdateFunctionConfiguration": lambda client, role: client.update_function_configuration(
        FunctionName="f", Role=role
    ),
    "CreateCapacityProvider": lambda client, role: client.create_capacity_provider(
        CapacityProviderName="p", VpcConfig=VPC, PermissionsConfig={"CapacityProviderOperatorRoleArn": role}
    ),
}


@pytest.mark.parametrize("passing", PASSING.values(), ids=PASSING)
@pytest.mark.parametrize("key", [ACCOUNT, ISSUER.of_service(ACCOUNT, "0f").access_key], ids=["number", "ours"])
def test_a_role_of_another_account_is_refused_to_who_has_said_which_is_theirs(
    api: Api, key: str, passing: Passing
) -> None:
    api.created("f")

    with refused(*CROSS_ACCOUNT):
        passing(api.client_of(key), THEIR_ROLE)


def test_so_it_is_to_all_where_the_account_was_set(tmp_path: Path) -> None:
    with serving(tmp_path, account_known=True) as api, refused(*CROSS_ACCOUNT):
        api.create("f", Role=THEIR_ROLE)


def test_where_the_account_is_our_default_the_role_is_taken_and_the_log_says_once_what_to_do(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "lambda_emu"):
        for name in ("f", "g"):
            assert api.create(name, Role=THEIR_ROLE)["Role"] == THEIR_ROLE

    (line,) = caplog.messages
    assert f"--account {OTHER}" in line
    assert ACCOUNT in line


def share(api: Api, action: str, **more: Any) -> None:
    api.client.add_permission(FunctionName="f", StatementId="s", Action=action, Principal=OTHER, **more)


def test_what_a_permission_allows_to_another_account_works(api: Api) -> None:
    api.created("f")
    share(api, "lambda:GetFunction")
    theirs = api.client_of(OTHER)

    found = theirs.get_function(FunctionName=f"{ARN}f")["Configuration"]

    assert found["FunctionArn"] == f"{ARN}f"
    assert found["Role"] == ROLE


def test_everything_else_of_another_account_is_refused(api: Api) -> None:
    api.created("f")
    api.client.publish_version(FunctionName="f")
    share(api, "lambda:GetFunction")
    theirs, third = {"Authorization": signed(OTHER)}, {"Authorization": signed("333333333333")}

    refusals = [
        api.send(f"DELETE {FUNCTIONS}{ARN}f", headers=theirs),
        api.send(f"GET {FUNCTIONS}{ARN}f:1", headers=theirs),  # it has a policy of its own
        api.send(f"GET {FUNCTIONS}{ARN}none", headers=theirs),
        api.send(f"GET {FUNCTIONS}{ARN}f", headers=third),
    ]

    assert [(reply.status, reply.json) for reply in refusals] == [(403, {"Message": None})] * 4


@pytest.mark.parametrize("request_line", [f"GET {FUNCTIONS}{ARN}f", f"PUT {FUNCTIONS}{ARN}f/configuration"])
def test_who_is_refused_is_hinted_whose_account_was_named(api: Api, request_line: str) -> None:
    api.client_of(OTHER).create_function(
        FunctionName="f", Role=THEIR_ROLE, Code={"ZipFile": zipped({"a.py": ""})}, Runtime="python3.13", Handler="a.b"
    )

    reply = api.send(request_line, {"Timeout": 9}, headers={"Authorization": signed(OTHER)})

    assert (reply.status, reply.json) == (403, {"Message": None})
    assert reply.headers["x-lambda-emu-hint"] == (
        f"the name is of account {ACCOUNT}, and the caller's credentials mean account {OTHER}; "
        "there is a function f in that of the caller"
    )


def test_what_no_policy_can_share_is_refused_whatever_it_allows(api: Api) -> None:
    api.created("f")
    share(api, "lambda:*")
    mapping = {"FunctionName": f"{ARN}f", "EventSourceArn": f"arn:aws:sqs:us-east-1:{OTHER}:q"}

    reply = api.send("POST /2015-03-31/event-source-mappings", mapping, {"Authorization": signed(OTHER)})

    assert (reply.status, reply.json) == (403, {"Message": None})
    assert api.client.list_event_source_mappings()["EventSourceMappings"] == []


@pytest.mark.parametrize(
    ("request_line", "body"),
    [
        (f"GET {FUNCTIONS}f", None),
        (f"PUT {FUNCTIONS}f/configuration", {"Timeout": 9}),
        (f"GET {FUNCTIONS}f/policy", None),
        (f"GET {FUNCTIONS}f/aliases", None),
    ],
)
def test_who_looks_in_another_region_gets_a_hint_beside_the_words_of_aws(
    api: Api, caplog: pytest.LogCaptureFixture, request_line: str, body: Any
) -> None:
    api.created("f")
    there = {"Authorization": signed("any", "eu-west-1")}

    with caplog.at_level(logging.WARNING, "lambda_emu"):
        replies = [api.send(request_line, body, there) for _ in range(2)]

    for reply in replies:
        assert (reply.status, reply.headers["x-amzn-errortype"]) == (404, "ResourceNotFoundException")
        assert reply.headers["x-lambda-emu-hint"] == (
            f"the caller's credentials mean region eu-west-1 of account {ACCOUNT}, where there is no function f; "
            f"there is one in region us-east-1 of account {ACCOUNT}"
        )
    assert caplog.messages == [replies[0].headers["x-lambda-emu-hint"]]


@pytest.mark.parametrize(
    ("request_line", "body", "what"),
    [
        ("GET /2018-10-31/layers/l/versions/1", None, "layer l"),
        ("GET /2025-11-30/capacity-providers/p", None, "capacity provider p"),
        ("GET /2015-03-31/event-source-mappings/{uuid}", None, "event source mapping {uuid}"),
        (
            "POST /2015-03-31/event-source-mappings",
            {"FunctionName": "f", "EventSourceArn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q"},
            "function f",
        ),
    ],
)
def test_so_does_who_looks_there_for_anything_else(api: Api, request_line: str, body: Any, what: str) -> None:
    api.created("f")
    api.client.publish_layer_version(LayerName="l", Content={"ZipFile": zipped({"a": ""})})
    PASSING["CreateCapacityProvider"](api.client, ROLE)
    uuid = api.client.create_event_source_mapping(FunctionName="f", EventSourceArn=QUEUE)["UUID"]

    reply = api.send(request_line.format(uuid=uuid), body, {"Authorization": signed("any", "eu-west-1")})

    assert (
        f"there is no {what.format(uuid=uuid)}; there is one in region us-east-1" in reply.headers["x-lambda-emu-hint"]
    )


def test_a_function_that_is_nowhere_has_no_hint(api: Api) -> None:
    api.created("f")

    assert "x-lambda-emu-hint" not in api.send(f"GET {FUNCTIONS}g").headers
    assert "x-lambda-emu-hint" not in api.send(f"GET {FUNCTIONS}f/url").headers
