"""Function URLs, as boto3 sees them.

docs/contract/api.md#function-urls, docs/contract/events.md#function-urls. Refusals: test_api_per_qualifier.py.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from api_rig import ARN, Api, refused, shown

CORS: Any = {
    "AllowCredentials": True,
    "AllowHeaders": ["X-One"],
    "AllowMethods": ["GET", "DELETE"],
    "AllowOrigins": ["https://example.com"],
    "ExposeHeaders": ["X-Two"],
    "MaxAge": 0,
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@pytest.fixture
def f(api: Api) -> Api:
    """A function f with version 1 and the alias live."""
    api.created("f")
    api.client.publish_version(FunctionName="f")
    api.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    return api


def test_a_new_url_has_exactly_these_members(f: Api) -> None:
    made = shown(f.client.create_function_url_config(FunctionName="f", AuthType="NONE"))

    by_name, by_path = r"[a-z0-9]{32}\.lambda-url\.us-east-1\.localhost:\d+/", r"[\w.:]+/_lambda-emu/url/[a-z0-9]{32}/"
    assert re.fullmatch(f"http://({by_name}|{by_path})", made.pop("FunctionUrl"))
    assert TIME.fullmatch(made.pop("CreationTime"))
    assert made == {"FunctionArn": f"{ARN}f", "AuthType": "NONE"}


def test_get_and_list_add_the_mode_and_the_time_of_the_last_change(f: Api) -> None:
    made = shown(f.client.create_function_url_config(FunctionName="f", AuthType="AWS_IAM", Cors=CORS))

    found = shown(f.client.get_function_url_config(FunctionName="f"))
    listed = f.client.list_function_url_configs(FunctionName="f")["FunctionUrlConfigs"]

    assert made["Cors"] == CORS
    assert found == made | {"InvokeMode": "BUFFERED", "LastModifiedTime": made["CreationTime"]}
    assert listed == [found]


def test_an_update_keeps_what_it_does_not_name_and_shows_the_mode_once_it_was_set(f: Api) -> None:
    made = f.client.create_function_url_config(FunctionName="f", AuthType="NONE", Cors=CORS)

    first = shown(f.client.update_function_url_config(FunctionName="f", AuthType="AWS_IAM"))
    second = shown(f.client.update_function_url_config(FunctionName="f", InvokeMode="RESPONSE_STREAM"))
    third = shown(f.client.update_function_url_config(FunctionName="f", Cors={"AllowOrigins": ["*"]}))

    assert first.pop("LastModifiedTime") > made["CreationTime"]
    assert first == {
        "FunctionUrl": made["FunctionUrl"],
        "FunctionArn": f"{ARN}f",
        "AuthType": "AWS_IAM",
        "Cors": CORS,
        "CreationTime": made["CreationTime"],
    }
    assert (second["AuthType"], second["InvokeMode"], second["Cors"]) == ("AWS_IAM", "RESPONSE_STREAM", CORS)
    assert (third["InvokeMode"], third["Cors"]) == ("RESPONSE_STREAM", {"AllowOrigins": ["*"]})


def test_an_empty_cors_takes_it_away(f: Api) -> None:
    f.client.create_function_url_config(FunctionName="f", AuthType="NONE", Cors=CORS)

    f.client.update_function_url_config(FunctionName="f", Cors={})

    assert "Cors" not in f.client.get_function_url_config(FunctionName="f")


def test_the_mode_is_shown_at_creation_only_if_it_was_set(f: Api) -> None:
    made = f.client.create_function_url_config(FunctionName="f", AuthType="NONE", InvokeMode="BUFFERED")

    assert made["InvokeMode"] == "BUFFERED"


def test_a_function_and_each_alias_have_one_of_their_own(f: Api) -> None:
    own = f.client.create_function_url_config(FunctionName="f", AuthType="NONE")
    alias = f.client.create_function_url_config(FunctionName="f", Qualifier="live", AuthType="NONE")

    with refused(
        "ResourceConflictException",
        f"Failed to create function url config for [functionArn = {ARN}f:live]. "
        "Error message:  FunctionUrlConfig exists for this Lambda function",
    ):
        f.client.create_function_url_config(FunctionName="f:live", AuthType="NONE")
    first = f.client.list_function_url_configs(FunctionName="f", MaxItems=1)
    rest = f.client.list_function_url_configs(FunctionName="f", MaxItems=1, Marker=first["NextMarker"])

    assert alias["FunctionArn"] == f"{ARN}f:live"
    listed = [config["FunctionUrl"] for page in (first, rest) for config in page["FunctionUrlConfigs"]]
    assert listed == [own["FunctionUrl"], alias["FunctionUrl"]]
    assert "NextMarker" not in rest


def test_deleting_the_functions_own_keeps_that_of_the_alias(f: Api) -> None:
    f.client.create_function_url_config(FunctionName="f", AuthType="NONE")
    alias = f.client.create_function_url_config(FunctionName="f", Qualifier="live", AuthType="NONE")

    answer = f.client.delete_function_url_config(FunctionName="f")

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    with refused("ResourceNotFoundException", "The resource you requested does not exist."):
        f.client.get_function_url_config(FunctionName="f")
    assert f.client.get_function_url_config(FunctionName="f:live")["FunctionUrl"] == alias["FunctionUrl"]


def test_one_made_again_has_another_address(f: Api) -> None:
    first = f.client.create_function_url_config(FunctionName="f", AuthType="NONE")

    f.client.delete_function_url_config(FunctionName="f")
    second = f.client.create_function_url_config(FunctionName="f", AuthType="NONE")

    assert first["FunctionUrl"] != second["FunctionUrl"]


def test_one_goes_with_its_alias(f: Api) -> None:
    f.client.create_function_url_config(FunctionName="f", Qualifier="live", AuthType="NONE")

    f.client.delete_alias(FunctionName="f", Name="live")

    assert f.client.list_function_url_configs(FunctionName="f")["FunctionUrlConfigs"] == []


def test_one_is_there_after_a_restart(f: Api) -> None:
    made = f.client.create_function_url_config(FunctionName="f", AuthType="NONE", Cors=CORS)

    with f.reopened() as store:
        found = store.functions.get(f.scope, "f")

    assert found is not None
    url = found.urls["$LATEST"]
    assert url.url_id in made["FunctionUrl"]
    assert (url.cors, url.created) == (CORS, made["CreationTime"])


def test_of_many_who_create_one_at_once_one_succeeds_and_its_address_holds(f: Api) -> None:
    def create(_: int) -> str | None:
        try:
            return f.client.create_function_url_config(FunctionName="f", AuthType="NONE")["FunctionUrl"]
        except f.client.exceptions.ResourceConflictException:
            return None

    with ThreadPoolExecutor(8) as threads:
        made = [url for url in threads.map(create, range(8)) if url is not None]

    assert made == [f.client.get_function_url_config(FunctionName="f")["FunctionUrl"]]


def test_one_made_while_its_alias_goes_does_not_outlive_it(f: Api) -> None:
    def create(_: int) -> None:
        with suppress(f.client.exceptions.ResourceConflictException, f.client.exceptions.ResourceNotFoundException):
            f.client.create_function_url_config(FunctionName="f", Qualifier="live", AuthType="NONE")

    with ThreadPoolExecutor(8) as threads:
        creations = threads.map(create, range(7))
        f.client.delete_alias(FunctionName="f", Name="live")
        list(creations)

    assert f.client.list_function_url_configs(FunctionName="f")["FunctionUrlConfigs"] == []
