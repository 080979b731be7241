"""Code signing configs, as boto3 sees them. No signature is ever checked: all code counts as unsigned."""

from __future__ import annotations

import base64
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from api_rig import ACCOUNT, ARN, REGION, ROLE, Api, refused, serving, shown, zipped
from botocore.exceptions import ClientError

PROFILE = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/p/0123456789"
MISSING = f"arn:aws:lambda:{REGION}:{ACCOUNT}:code-signing-config:csc-0123456789abcdef0"
PUBLISHERS: Any = {"SigningProfileVersionArns": [PROFILE]}
ENFORCE: Any = {"UntrustedArtifactOnDeployment": "Enforce"}
CODE = zipped({"app.py": "def handler(event, context): return 1"})
NOT_FOUND = f"The Lambda code signing configuration {MISSING} can not be found."
NOT_FOUND_FOR_A_FUNCTION = (
    f"The code signing configuration cannot be found. Check that the provided configuration is not deleted: {MISSING}."
)
UNTRUSTED = (
    "Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is "
    "not configured to accept. Check the provided signature for {}."
)


def new_config(api: Api, **wanted: Any) -> str:
    """The ARN of a config that lets unsigned code pass unless told otherwise."""
    answer = api.client.create_code_signing_config(**({"AllowedPublishers": PUBLISHERS} | wanted))
    return answer["CodeSigningConfig"]["CodeSigningConfigArn"]


def test_a_new_config_warns_and_has_an_id_of_its_own(api: Api) -> None:
    answer = shown(api.client.create_code_signing_config(AllowedPublishers=PUBLISHERS))

    config = answer["CodeSigningConfig"]
    assert re.fullmatch("csc-[a-z0-9]{17}", config["CodeSigningConfigId"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", config.pop("LastModified"))
    assert config == {
        "CodeSigningConfigId": config["CodeSigningConfigId"],
        "CodeSigningConfigArn": MISSING.rpartition(":")[0] + ":" + config["CodeSigningConfigId"],
        "Description": "",
        "AllowedPublishers": PUBLISHERS,
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Warn"},
    }


def test_what_was_asked_for_is_kept_and_shown_alike_by_all(api: Api) -> None:
    created = api.client.create_code_signing_config(
        AllowedPublishers=PUBLISHERS, Description="ours", CodeSigningPolicies=ENFORCE, Tags={"a": "b"}
    )["CodeSigningConfig"]

    arn = created["CodeSigningConfigArn"]
    assert (created["Description"], created["CodeSigningPolicies"]) == ("ours", ENFORCE)
    assert api.client.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"] == created
    assert api.client.list_code_signing_configs()["CodeSigningConfigs"] == [created]
    assert api.client.list_tags(Resource=arn)["Tags"] == {"a": "b"}


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"Description": "new"},
        {"Description": ""},
        {"AllowedPublishers": {"SigningProfileVersionArns": [PROFILE + "x", PROFILE]}},
        {"CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Warn"}},
    ],
)
def test_an_update_replaces_what_it_names_and_keeps_the_rest(api: Api, wanted: dict[str, Any]) -> None:
    arn = new_config(api, Description="old", CodeSigningPolicies=ENFORCE)
    before = api.client.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"]

    updated = api.client.update_code_signing_config(CodeSigningConfigArn=arn, **wanted)["CodeSigningConfig"]

    assert updated == {**before, **wanted, "LastModified": updated["LastModified"]}
    assert api.client.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"] == updated


def test_a_deleted_config_is_gone(api: Api) -> None:
    arn = new_config(api)

    answer = api.client.delete_code_signing_config(CodeSigningConfigArn=arn)

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert api.client.list_code_signing_configs()["CodeSigningConfigs"] == []
    with refused("ResourceNotFoundException"):
        api.client.get_code_signing_config(CodeSigningConfigArn=arn)


def test_configs_are_listed_page_by_page(api: Api) -> None:
    arns = sorted(new_config(api) for _ in range(5))

    pages = list(api.client.get_paginator("list_code_signing_configs").paginate(PaginationConfig={"PageSize": 2}))

    listed = [[config["CodeSigningConfigArn"] for config in page["CodeSigningConfigs"]] for page in pages]
    assert listed == [arns[:2], arns[2:4], arns[4:]]
    assert "NextMarker" not in pages[-1]


def test_a_config_that_is_not_there_is_told_without_a_type(api: Api) -> None:
    with refused("ResourceNotFoundException", NOT_FOUND):
        api.client.get_code_signing_config(CodeSigningConfigArn=MISSING)
    with refused("ResourceNotFoundException", NOT_FOUND):
        api.client.update_code_signing_config(CodeSigningConfigArn=MISSING)
    with refused("ResourceNotFoundException", NOT_FOUND):
        api.client.delete_code_signing_config(CodeSigningConfigArn=MISSING)
    with refused("ResourceNotFoundException", NOT_FOUND):
        api.client.list_functions_by_code_signing_config(CodeSigningConfigArn=MISSING)

    reply = api.send(f"GET /2020-04-22/code-signing-configs/{MISSING}")
    assert (reply.status, reply.json) == (404, {"Message": NOT_FOUND})


def test_a_function_is_given_a_config_and_has_it_until_it_is_taken_away(api: Api) -> None:
    arn = new_config(api)
    api.created("f")
    assert api.send("GET /2020-06-30/functions/f/code-signing-config").json == {}

    put = shown(api.client.put_function_code_signing_config(CodeSigningConfigArn=arn, FunctionName=ARN + "f"))

    assert put == {"CodeSigningConfigArn": arn, "FunctionName": "f"}
    assert shown(api.client.get_function_code_signing_config(FunctionName="f")) == put
    assert api.client.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)["FunctionArns"] == [ARN + "f"]
    for _ in range(2):  # nothing set is no mistake
        answer = api.client.delete_function_code_signing_config(FunctionName="f")
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert api.send("GET /2020-06-30/functions/f/code-signing-config").json == {}
    assert api.client.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)["FunctionArns"] == []


def test_the_functions_of_a_config_are_listed_page_by_page(api: Api) -> None:
    arn, other = new_config(api), new_config(api)
    for name in ("c", "a", "d", "b"):
        api.create(name, CodeSigningConfigArn=arn)
    api.create("e", CodeSigningConfigArn=other)

    pages = list(
        api.client.get_paginator("list_functions_by_code_signing_config").paginate(
            CodeSigningConfigArn=arn, PaginationConfig={"PageSize": 3}
        )
    )

    assert [page["FunctionArns"] for page in pages] == [[ARN + "a", ARN + "b", ARN + "c"], [ARN + "d"]]


def test_the_config_is_looked_for_before_the_function(api: Api) -> None:
    body = {"CodeSigningConfigArn": MISSING}
    reply = api.send("PUT /2020-06-30/functions/no/code-signing-config", body)

    assert reply.status == 404
    assert reply.headers["x-amzn-errortype"] == "CodeSigningConfigNotFoundException"
    assert reply.json == {"Type": "User", "Message": NOT_FOUND_FOR_A_FUNCTION}


def test_a_function_that_is_not_there_is_named_unqualified(api: Api) -> None:
    arn = new_config(api)
    text = f"Function not found: {ARN}no"

    with refused("ResourceNotFoundException", text):
        api.client.put_function_code_signing_config(CodeSigningConfigArn=arn, FunctionName="no")
    with refused("ResourceNotFoundException", text):
        api.client.get_function_code_signing_config(FunctionName="no")
    with refused("ResourceNotFoundException", text):
        api.client.delete_function_code_signing_config(FunctionName="no")


@pytest.mark.parametrize(
    ("here", "elsewhere", "code"),
    [
        (REGION, "eu-west-1", "CodeSigningConfigNotFoundException"),
        (ACCOUNT, "9" * 12, "AccessDeniedException"),
        ("arn:aws:", "arn:aws-cn:", "CodeSigningConfigNotFoundException"),
    ],
)
def test_what_lies_elsewhere_is_no_config_for_a_function(api: Api, here: str, elsewhere: str, code: str) -> None:
    api.created("f")
    elsewhere = new_config(api).replace(here, elsewhere)

    with refused(code):
        api.client.put_function_code_signing_config(CodeSigningConfigArn=elsewhere, FunctionName="f")


def test_a_config_that_a_function_has_cannot_be_deleted(api: Api) -> None:
    arn = new_config(api)
    api.created("f", CodeSigningConfigArn=arn)

    with refused("ResourceConflictException"):
        api.client.delete_code_signing_config(CodeSigningConfigArn=arn)

    api.client.delete_function(FunctionName="f")
    api.client.delete_code_signing_config(CodeSigningConfigArn=arn)


def test_a_config_is_never_deleted_under_a_function_that_is_given_it(api: Api) -> None:
    """Two callers at once, many times: either the function has it and it is there, or neither."""
    for name in (f"f{number}" for number in range(6)):
        arn = new_config(api)
        with ThreadPoolExecutor(2) as callers:
            made = callers.submit(outcome, api.create, name, CodeSigningConfigArn=arn)
            gone = callers.submit(outcome, api.client.delete_code_signing_config, CodeSigningConfigArn=arn)

        assert (made.result(), gone.result()) in [
            ("done", "ResourceConflictException"),
            ("CodeSigningConfigNotFoundException", "done"),
        ]


def outcome(call: Any, *args: Any, **wanted: Any) -> str:
    try:
        call(*args, **wanted)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"


def test_a_function_is_created_with_a_config_that_must_be_there(api: Api) -> None:
    arn = new_config(api)

    created = api.created("f", CodeSigningConfigArn=arn)

    assert not {"SigningProfileVersionArn", "SigningJobArn"} & created.keys()
    assert api.client.get_function_code_signing_config(FunctionName="f")["CodeSigningConfigArn"] == arn
    with refused("CodeSigningConfigNotFoundException", NOT_FOUND_FOR_A_FUNCTION):
        api.create("g", CodeSigningConfigArn=MISSING)
    with refused("ResourceNotFoundException"):
        api.client.get_function(FunctionName="g")


def test_code_is_unsigned_so_enforce_refuses_every_new_function(api: Api) -> None:
    arn = new_config(api, CodeSigningPolicies=ENFORCE)
    wanted = {"FunctionName": "f", "Runtime": "python3.13", "Handler": "a.b", "Role": ROLE}

    reply = api.send(
        "POST /2015-03-31/functions",
        wanted | {"Code": {"ZipFile": base64.b64encode(CODE).decode()}, "CodeSigningConfigArn": arn},
    )

    assert reply.status == 400
    assert reply.headers["x-amzn-errortype"] == "CodeVerificationFailedException"
    assert reply.json == {"Type": "User", "Message": UNTRUSTED.format("f")}
    assert api.client.list_functions()["Functions"] == []


@pytest.mark.parametrize("dry_run", [False, True])
def test_enforce_lets_a_function_keep_its_code_and_get_no_other(api: Api, dry_run: bool) -> None:
    before = api.created("f")
    arn = new_config(api, CodeSigningPolicies=ENFORCE)
    api.client.put_function_code_signing_config(CodeSigningConfigArn=arn, FunctionName="f")

    with refused("CodeVerificationFailedException", UNTRUSTED.format(ARN + "f")):
        api.client.update_function_code(FunctionName="f", ZipFile=CODE, DryRun=dry_run)

    assert api.client.get_function_configuration(FunctionName="f")["CodeSha256"] == before["CodeSha256"]
    api.client.update_function_configuration(FunctionName="f", Timeout=4, Layers=[])


def test_enforce_lets_no_layer_in_either(api: Api) -> None:
    api.created("f")
    arn = new_config(api, CodeSigningPolicies=ENFORCE)
    api.client.put_function_code_signing_config(CodeSigningConfigArn=arn, FunctionName="f")
    layer = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:l:1"

    with refused("CodeVerificationFailedException", UNTRUSTED.format(ARN + "f")):
        api.client.update_function_configuration(FunctionName="f", Layers=[layer])


def test_a_config_that_came_to_warn_lets_code_in_again(api: Api) -> None:
    api.created("f")
    arn = new_config(api, CodeSigningPolicies=ENFORCE)
    api.client.put_function_code_signing_config(CodeSigningConfigArn=arn, FunctionName="f")

    api.client.update_code_signing_config(
        CodeSigningConfigArn=arn, CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Warn"}
    )

    api.client.update_function_code(FunctionName="f", ZipFile=CODE)


def test_configs_outlive_the_server(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        arn = new_config(first, Description="ours", CodeSigningPolicies=ENFORCE)
        before = first.client.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"]

    with serving(tmp_path) as second:
        assert second.client.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"] == before
