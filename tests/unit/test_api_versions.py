"""Versions, as boto3 sees them. docs/contract/api.md#versions-and-aliases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from api_rig import ARN, Api, refused, shown, zipped

NEW_CODE = zipped({"app.py": "def handler(event, context): return 1"})


def changed(api: Api, name: str = "f", **wanted: Any) -> None:
    """A configuration that is in use."""
    api.client.update_function_configuration(FunctionName=name, **wanted)
    api.activations.finish()


def test_a_version_is_a_copy_of_latest_under_its_number(api: Api) -> None:
    api.created("f", Description="first", MemorySize=256)

    version = shown(api.client.publish_version(FunctionName="f"))

    latest = shown(api.client.get_function_configuration(FunctionName="f"))
    own = {"Version", "FunctionArn", "RevisionId", "LastModified"}
    assert {m: v for m, v in version.items() if m not in own} == {m: v for m, v in latest.items() if m not in own}
    assert (version["Version"], version["FunctionArn"]) == ("1", f"{ARN}f:1")
    assert (version["State"], version["LastUpdateStatus"]) == ("Active", "Successful")
    assert version["RevisionId"] != latest["RevisionId"]


def revisions(api: Api) -> dict[str, str]:
    versions = api.client.list_versions_by_function(FunctionName="f")["Versions"]
    return {version["Version"]: version["RevisionId"] for version in versions}


def test_a_version_published_with_its_function_gets_its_lasting_revision_when_it_is_active(api: Api) -> None:
    answered = api.create("f", Publish=True)["RevisionId"]
    pending = revisions(api)["1"]
    api.activations.finish()

    now = revisions(api)

    assert answered == pending != now["1"] != now["$LATEST"]
    assert api.client.get_function_configuration(FunctionName="f", Qualifier="1")["RevisionId"] == now["1"]
    assert api.client.publish_version(FunctionName="f")["RevisionId"] == now["1"]


def test_publishing_renews_the_revision_of_latest(api: Api) -> None:
    before = api.created("f")

    api.client.publish_version(FunctionName="f")

    assert api.client.get_function_configuration(FunctionName="f")["RevisionId"] != before["RevisionId"]


def test_a_version_stays_what_it_was(api: Api) -> None:
    api.created("f", Timeout=3)
    first = shown(api.client.publish_version(FunctionName="f"))

    changed(api, Timeout=9)
    api.client.update_function_code(FunctionName="f", ZipFile=NEW_CODE)
    api.activations.finish()

    assert shown(api.client.get_function_configuration(FunctionName="f:1")) == first
    second = api.client.publish_version(FunctionName="f")
    assert (second["Version"], second["Timeout"]) == ("2", 9)
    assert second["CodeSha256"] != first["CodeSha256"]


@pytest.mark.parametrize("between", [{}, {"Timeout": 3}, {"Description": "first"}], ids=["nothing", "a no-op", "same"])
def test_publishing_what_did_not_change_makes_no_version(api: Api, between: dict[str, Any]) -> None:
    api.created("f", Description="first", Timeout=3)
    first = shown(api.client.publish_version(FunctionName="f", Description="of its own"))
    if between:
        changed(api, **between)

    again = shown(api.client.publish_version(FunctionName="f", Description="another"))

    assert again == first
    assert first["Description"] == "of its own"


def test_a_new_description_of_latest_is_a_change(api: Api) -> None:
    api.created("f", Description="first")
    api.client.publish_version(FunctionName="f", Description="second")

    changed(api, Description="second")

    assert api.client.publish_version(FunctionName="f")["Version"] == "2"


def test_numbers_are_never_given_twice(api: Api) -> None:
    api.created("f")
    api.client.publish_version(FunctionName="f")
    api.client.delete_function(FunctionName="f:1")

    assert api.client.publish_version(FunctionName="f")["Version"] == "2"


def test_numbers_restart_with_the_function(api: Api) -> None:
    api.created("f")
    api.client.publish_version(FunctionName="f")
    api.client.delete_function(FunctionName="f")
    api.created("f")

    with refused("ResourceNotFoundException", f"Function not found: {ARN}f:1"):
        api.client.get_function(FunctionName="f", Qualifier="1")
    assert api.client.publish_version(FunctionName="f")["Version"] == "1"


def test_publish_with_other_code_in_mind_is_refused(api: Api) -> None:
    sha256 = api.created("f")["CodeSha256"]
    text = (
        f"CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ({sha256}). "
        "Please try again with the CodeSHA256 in $LATEST."
    )

    with refused("InvalidParameterValueException", text):
        api.client.publish_version(FunctionName="f", CodeSha256="other")
    with refused("PreconditionFailedException"):
        api.client.publish_version(FunctionName="f", RevisionId="other")
    assert api.client.publish_version(FunctionName="f", CodeSha256=sha256)["Version"] == "1"


def test_a_function_that_is_not_ready_is_not_published(api: Api) -> None:
    api.create("f")
    with refused("ResourceConflictException"):
        api.client.publish_version(FunctionName="f")
    api.activations.finish()
    api.client.update_function_configuration(FunctionName="f", Timeout=9)

    with refused("ResourceConflictException"):
        api.client.publish_version(FunctionName="f")


def test_versions_are_listed_from_latest_up(api: Api) -> None:
    api.created("f")
    for timeout_s in range(1, 13):
        changed(api, Timeout=timeout_s)
        api.client.publish_version(FunctionName="f")

    pages = list(
        api.client.get_paginator("list_versions_by_function").paginate(
            FunctionName="f", PaginationConfig={"PageSize": 5}
        )
    )

    versions = [version for page in pages for version in page["Versions"]]
    assert [len(page["Versions"]) for page in pages] == [5, 5, 3]
    assert [version["Version"] for version in versions] == ["$LATEST", *map(str, range(1, 13))]
    assert [version["FunctionArn"] for version in versions[:2]] == [f"{ARN}f:$LATEST", f"{ARN}f:1"]
    assert not any("State" in version or "RuntimeVersionConfig" in version for version in versions)


def test_all_versions_of_all_functions_are_listed_in_pages(api: Api) -> None:
    for name in ("a", "b", "c"):
        api.created(name)
        api.client.publish_version(FunctionName=name)

    pages = list(
        api.client.get_paginator("list_functions").paginate(FunctionVersion="ALL", PaginationConfig={"PageSize": 4})
    )

    arns = [function["FunctionArn"] for page in pages for function in page["Functions"]]
    assert [len(page["Functions"]) for page in pages] == [4, 2]
    assert arns == [f"{ARN}{name}:{number}" for name in "abc" for number in ("$LATEST", "1")]


def test_creation_can_publish(api: Api) -> None:
    made = api.create("f", Publish=True)
    api.activations.finish()

    assert (made["Version"], made["FunctionArn"], made["State"]) == ("1", f"{ARN}f", "Pending")
    assert api.client.get_function_configuration(FunctionName="f:1")["State"] == "Active"
    assert api.client.get_function_configuration(FunctionName="f")["Version"] == "$LATEST"


def test_an_update_can_publish(api: Api) -> None:
    api.created("f")

    made = shown(api.client.update_function_code(FunctionName="f", ZipFile=NEW_CODE, Publish=True))

    latest = api.client.get_function_configuration(FunctionName="f")
    assert (made["Version"], made["FunctionArn"], made["State"]) == ("1", f"{ARN}f:1", "Pending")
    assert "LastUpdateStatus" not in made
    assert (latest["LastUpdateStatus"], latest["CodeSha256"]) == ("InProgress", made["CodeSha256"])
    api.activations.finish()
    version = api.client.get_function_configuration(FunctionName="f:1")
    assert (version["State"], version["LastUpdateStatus"]) == ("Active", "Successful")


def test_an_absent_version_is_deleted_as_far_as_anybody_can_tell(api: Api) -> None:
    api.created("f")
    api.client.publish_version(FunctionName="f")

    api.client.delete_function(FunctionName="f", Qualifier="7")
    api.client.delete_function(FunctionName="f", Qualifier="1")

    assert [v["Version"] for v in api.client.list_versions_by_function(FunctionName="f")["Versions"]] == ["$LATEST"]


def test_a_version_that_aliases_point_to_stays(api: Api) -> None:
    api.created("f")
    api.client.publish_version(FunctionName="f")
    for name in ("live", "also"):
        api.client.create_alias(FunctionName="f", Name=name, FunctionVersion="1")

    with refused(
        "ResourceConflictException",
        "Unable to delete version because the following aliases reference it: [also, live]",
    ):
        api.client.delete_function(FunctionName="f:1")


def test_publishers_at_once_make_one_version(api: Api) -> None:
    api.created("f")

    with ThreadPoolExecutor(8) as threads:
        numbers = set(threads.map(lambda _: api.client.publish_version(FunctionName="f")["Version"], range(24)))

    assert numbers == {"1"}


def test_versions_are_there_after_a_restart(api: Api) -> None:
    api.created("f")
    api.client.publish_version(FunctionName="f")
    api.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    before = api.store.functions.all(api.scope)

    with api.reopened() as store:
        assert store.functions.all(api.scope) == before
