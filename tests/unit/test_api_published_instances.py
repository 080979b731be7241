"""Versions of functions on Managed Instances: $LATEST.PUBLISHED, and what an unqualified invocation is of."""

from __future__ import annotations

import pytest
from api_rig import ARN, Api, refused
from managed_instances_rig import NEW_CODE, ON_P, api, get, on
from msgspec.structs import replace
from sandbox_rig import VERSION

from lambda_emu.arn import LATEST, LATEST_PUBLISHED
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.resources import FunctionPending
from lambda_emu.errors.service import NotBuiltYet
from lambda_emu.model.capacity.managed_instances import (
    CONFIG,
    check_built,
    configure_instances,
    in_place_of_latest,
)
from lambda_emu.model.capacity.refusals import NoPublishedVersion
from lambda_emu.model.function.function import Function

__all__ = ["api"]


def test_a_published_version_is_pending_until_it_is_active(api: Api) -> None:
    api.created("f", **ON_P)
    latest = get(api)["RevisionId"]

    published = api.client.publish_version(FunctionName="f")
    renewed = get(api)["RevisionId"]
    api.activations.finish()

    assert (published["FunctionArn"], published["Version"]) == (f"{ARN}f:1", "1")
    assert (published["State"], published["StateReasonCode"]) == ("Pending", "Creating")
    assert (get(api, "1")["State"], get(api, "1")["LastUpdateStatus"]) == ("Active", "Successful")
    assert latest != renewed == get(api)["RevisionId"]


def test_latest_published_is_a_version_of_its_own_that_the_next_publication_replaces(api: Api) -> None:
    api.created("f", **ON_P)

    first = api.client.publish_version(FunctionName="f", PublishTo="LATEST_PUBLISHED", Description="first")
    api.activations.finish()
    api.client.update_function_code(FunctionName="f", ZipFile=NEW_CODE)
    api.activations.finish()
    old = get(api, LATEST_PUBLISHED)
    api.client.publish_version(FunctionName="f", PublishTo="LATEST_PUBLISHED")

    assert (first["FunctionArn"], first["Version"]) == (f"{ARN}f:{LATEST_PUBLISHED}", LATEST_PUBLISHED)
    assert (old["State"], old["Description"], old["CodeSha256"]) == ("Active", "first", first["CodeSha256"])
    new = api.client.get_function(FunctionName="f", Qualifier=LATEST_PUBLISHED)["Configuration"]
    assert (new["State"], new["Description"], new["CodeSha256"]) == ("Pending", "", get(api)["CodeSha256"])
    assert new["RevisionId"] != old["RevisionId"]


def test_it_is_published_at_creation_and_with_new_code(api: Api) -> None:
    created = api.create("f", Publish=True, PublishTo="LATEST_PUBLISHED", **ON_P)
    api.activations.finish()
    updated = api.client.update_function_code(
        FunctionName="f", ZipFile=NEW_CODE, Publish=True, PublishTo="LATEST_PUBLISHED"
    )
    api.activations.finish()

    assert (created["FunctionArn"], created["Version"]) == (f"{ARN}f", LATEST_PUBLISHED)
    assert (updated["FunctionArn"], updated["State"]) == (f"{ARN}f:{LATEST_PUBLISHED}", "Pending")
    assert get(api, LATEST_PUBLISHED)["CodeSha256"] == updated["CodeSha256"] != created["CodeSha256"]
    assert get(api, LATEST_PUBLISHED)["State"] == "Active"
    versions = api.client.list_versions_by_function(FunctionName="f")["Versions"]
    assert [version["Version"] for version in versions] == [LATEST, LATEST_PUBLISHED]


def test_versions_are_listed_page_by_page_latest_published_second(api: Api) -> None:
    api.created("f", Publish=True, **ON_P)
    api.client.publish_version(FunctionName="f", PublishTo="LATEST_PUBLISHED")

    pages = api.client.get_paginator("list_versions_by_function").paginate(
        FunctionName="f", PaginationConfig={"PageSize": 1}
    )

    assert [page["Versions"][0]["Version"] for page in pages] == [LATEST, LATEST_PUBLISHED, "1"]


def test_without_a_publication_there_is_no_latest_published(api: Api) -> None:
    api.created("f", **ON_P)

    with refused("ResourceNotFoundException", f"Function not found: {ARN}f:{LATEST_PUBLISHED}"):
        get(api, LATEST_PUBLISHED)


def test_it_outlives_the_server_with_its_code(api: Api) -> None:
    old = api.created("f", Publish=True, PublishTo="LATEST_PUBLISHED", **ON_P)["CodeSha256"]

    api.client.update_function_code(FunctionName="f", ZipFile=NEW_CODE)
    api.activations.finish()

    with api.reopened() as another:
        function = another.functions.get(api.scope, "f")
        assert function == api.store.functions.get(api.scope, "f")
        assert function is not None
        assert function.latest_published is not None
        assert function.latest_published.code.sha256 == old
        assert another.artifacts.tree(old).is_dir()


def test_an_alias_points_to_it_and_keeps_it(api: Api) -> None:
    api.created("f", Publish=True, PublishTo="LATEST_PUBLISHED", **ON_P)
    api.client.create_alias(FunctionName="f", Name="live", FunctionVersion=LATEST_PUBLISHED)

    assert get(api, "live")["Version"] == LATEST_PUBLISHED
    with refused("ResourceConflictException"):
        api.client.delete_function(FunctionName="f", Qualifier=LATEST_PUBLISHED)

    api.client.delete_alias(FunctionName="f", Name="live")
    api.client.delete_function(FunctionName="f", Qualifier=LATEST_PUBLISHED)
    with refused("ResourceNotFoundException"):
        get(api, LATEST_PUBLISHED)


LATEST_THERE = replace(VERSION, other={CONFIG: configure_instances(on("p"), "python3.13")})
UNPUBLISHED = Function(VERSION.id, latest=LATEST_THERE, running=LATEST_THERE)
NUMBERED = replace(UNPUBLISHED, versions={1: replace(LATEST_THERE, version="1")})
PUBLISHED = replace(UNPUBLISHED, latest_published=replace(LATEST_THERE, version=LATEST_PUBLISHED))


def test_an_unqualified_invocation_is_of_latest_published() -> None:
    assert in_place_of_latest(PUBLISHED, None) == PUBLISHED.latest_published


@pytest.mark.parametrize(
    ("function", "qualifier", "error"),
    [
        (UNPUBLISHED, None, NoPublishedVersion),
        (UNPUBLISHED, LATEST, NoPublishedVersion),
        (NUMBERED, None, NoPublishedVersion),
        (NUMBERED, LATEST, FunctionPending),
        (PUBLISHED, LATEST, FunctionPending),
        (PUBLISHED, "alias", FunctionPending),
    ],
)
def test_latest_itself_is_never_invoked(function: Function, qualifier: str | None, error: type[LambdaError]) -> None:
    with pytest.raises(error):
        in_place_of_latest(function, qualifier)


def test_nothing_runs_there_yet() -> None:
    check_built(VERSION)

    with pytest.raises(NotBuiltYet, match="execution of functions on Managed Instances is not built"):
        check_built(LATEST_THERE)
