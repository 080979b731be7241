"""Tags of whatever can have some: kept, counted, and never lost between two writers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from api_rig import ACCOUNT, ARN, REGION, Api, Reply, refused, serving

from lambda_emu.arn import Scope
from lambda_emu.model.capacity.capacity_provider import CapacityProvider
from lambda_emu.model.function.code_signing import CodeSigningConfig
from lambda_emu.model.mappings.mapping import EventSourceMapping, MappingState
from lambda_emu.model.mappings.sources import SourceKind
from lambda_emu.store import Transaction

SCOPE = Scope(ACCOUNT, REGION)
UUID = "11111111-2222-3333-4444-555555555555"
CSC = "csc-0123456789abcdef0"
PREFIX = f"arn:aws:lambda:{REGION}:{ACCOUNT}:"
FUNCTION = ARN + "f"
MAPPING = f"{PREFIX}event-source-mapping:{UUID}"
CONFIG = f"{PREFIX}code-signing-config:{CSC}"
PROVIDER = f"{PREFIX}capacity-provider:p"
CONNECTOR = f"{PREFIX}network-connector:n"
KINDS = [FUNCTION, MAPPING, CONFIG, PROVIDER]
UNKNOWN = [ARN + "no", MAPPING[:-1] + "6", CONFIG[:-1] + "1", PROVIDER + "p", CONNECTOR]
MANY = {f"key-{number}": "value" for number in range(50)}
PARTS_HAVE_NONE = "Tags on function aliases and versions are not supported. Please specify a function ARN."


@pytest.fixture
def all_kinds(api: Api) -> Api:
    """One resource of each kind."""
    api.created("f")

    def put(transaction: Transaction) -> None:
        mapping = EventSourceMapping(
            UUID, SourceKind.SQS, FUNCTION, MappingState.ENABLED, enabled=True, last_modified_s=0.0
        )
        transaction.put(api.store.mappings, SCOPE, UUID, mapping)
        transaction.put(api.store.signing_configs, SCOPE, CSC, CodeSigningConfig(CSC, (), ""))
        transaction.put(api.store.capacity_providers, SCOPE, "p", CapacityProvider("p", "", 0.0))

    api.store.write(put)
    return api


def send(api: Api, method: str, arn: str, body: Any = None, query: str = "") -> Reply:
    return api.send(f"{method} /2017-03-31/tags/{quote(arn, safe=':')}{query}", body)


@pytest.mark.parametrize("arn", KINDS)
def test_tags_are_set_merged_taken_away_and_always_listed(all_kinds: Api, arn: str) -> None:
    client = all_kinds.client
    assert client.list_tags(Resource=arn)["Tags"] == {}

    client.tag_resource(Resource=arn, Tags={"team": "größe", "stage": "", "old": "y"})
    client.tag_resource(Resource=arn, Tags={"stage": "test"})
    client.untag_resource(Resource=arn, TagKeys=["old", "never set"])

    assert client.list_tags(Resource=arn)["Tags"] == {"team": "größe", "stage": "test"}


def test_a_mapping_that_is_being_deleted_has_its_tags_until_it_is_gone(all_kinds: Api) -> None:
    def deleted_long_ago(transaction: Transaction) -> None:
        mapping = transaction.get(all_kinds.store.mappings, SCOPE, UUID)
        assert mapping is not None
        transaction.put(all_kinds.store.mappings, SCOPE, UUID, mapping.delete(1.0))

    all_kinds.store.write(deleted_long_ago)

    with refused("ResourceNotFoundException", f"Event source mapping not found: {MAPPING}"):
        all_kinds.client.list_tags(Resource=MAPPING)
    with refused("ResourceNotFoundException", f"Event source mapping not found: {MAPPING}"):
        all_kinds.client.tag_resource(Resource=MAPPING, Tags={"a": "b"})


@pytest.mark.parametrize("arn", KINDS)
def test_fifty_tags_are_the_most_counting_those_there_are(all_kinds: Api, arn: str) -> None:
    all_kinds.client.tag_resource(Resource=arn, Tags=MANY)
    all_kinds.client.tag_resource(Resource=arn, Tags={"key-0": "another value"})

    with refused("InvalidParameterValueException", "Number of tags exceeds resource tag limit."):
        all_kinds.client.tag_resource(Resource=arn, Tags={"one-more": ""})

    assert all_kinds.client.list_tags(Resource=arn)["Tags"] == MANY | {"key-0": "another value"}


@pytest.mark.parametrize("arn", KINDS)
def test_no_tag_is_lost_between_writers(all_kinds: Api, arn: str) -> None:
    all_kinds.client.tag_resource(Resource=arn, Tags={f"old-{n}": "" for n in range(10)})

    def swap(number: int) -> None:
        all_kinds.client.tag_resource(Resource=arn, Tags={f"new-{number}": ""})
        all_kinds.client.untag_resource(Resource=arn, TagKeys=[f"old-{number}"])

    with ThreadPoolExecutor(4) as callers:
        list(callers.map(swap, range(10)))

    assert all_kinds.client.list_tags(Resource=arn)["Tags"] == {f"new-{n}": "" for n in range(10)}


@pytest.mark.parametrize("arn", KINDS)
def test_of_writers_that_together_set_too_many_one_is_refused(all_kinds: Api, arn: str) -> None:
    all_kinds.client.tag_resource(Resource=arn, Tags=dict.fromkeys(list(MANY)[:49], ""))

    with ThreadPoolExecutor(4) as callers:
        statuses = list(callers.map(lambda n: send(all_kinds, "POST", arn, {"Tags": {f"x{n}": ""}}).status, range(4)))

    assert sorted(statuses) == [204, 400, 400, 400]
    assert len(all_kinds.client.list_tags(Resource=arn)["Tags"]) == 50


def test_tagging_and_untagging_a_function_renew_its_revision_only(all_kinds: Api) -> None:
    def configuration() -> dict[str, Any]:
        return dict(all_kinds.client.get_function(FunctionName="f")["Configuration"])

    before = configuration()
    all_kinds.client.tag_resource(Resource=FUNCTION, Tags={"a": "b"})
    tagged = configuration()
    all_kinds.client.untag_resource(Resource=FUNCTION, TagKeys=["a"])
    untagged = configuration()

    assert len({shown.pop("RevisionId") for shown in (before, tagged, untagged)}) == 3
    assert before == tagged == untagged
    function = all_kinds.store.functions.all(SCOPE)[0]
    assert function.running == function.latest


def test_tags_are_no_part_of_a_version(all_kinds: Api) -> None:
    version = all_kinds.client.publish_version(FunctionName="f")

    all_kinds.client.tag_resource(Resource=FUNCTION, Tags={"a": "b"})

    assert all_kinds.client.get_function_configuration(FunctionName="f:1")["RevisionId"] == version["RevisionId"]
    assert all_kinds.client.publish_version(FunctionName="f")["Version"] == "1"


def test_a_function_shows_its_tags_only_if_there_are_some(all_kinds: Api) -> None:
    all_kinds.client.tag_resource(Resource=FUNCTION, Tags={"a": "b"})
    assert all_kinds.client.get_function(FunctionName="f")["Tags"] == {"a": "b"}

    all_kinds.client.untag_resource(Resource=FUNCTION, TagKeys=["a"])

    assert "Tags" not in all_kinds.client.get_function(FunctionName="f")


def test_while_an_update_is_in_progress_tags_can_only_be_read(all_kinds: Api) -> None:
    all_kinds.client.update_function_configuration(FunctionName="f", Timeout=4)
    busy = f"The operation cannot be performed at this time. An update is in progress for resource: {FUNCTION}"

    with refused("ResourceConflictException", busy):
        all_kinds.client.tag_resource(Resource=FUNCTION, Tags={"a": "b"})
    with refused("ResourceConflictException", busy):
        all_kinds.client.untag_resource(Resource=FUNCTION, TagKeys=["a"])

    assert all_kinds.client.list_tags(Resource=FUNCTION)["Tags"] == {}
    all_kinds.activations.finish()
    all_kinds.client.tag_resource(Resource=FUNCTION, Tags={"a": "b"})


def test_tags_outlive_the_server(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        first.created("f")
        first.client.tag_resource(Resource=FUNCTION, Tags={"a": "b"})

    with serving(tmp_path) as second:
        assert second.client.list_tags(Resource=FUNCTION)["Tags"] == {"a": "b"}


NOT_FOUND = {
    UNKNOWN[0]: f"Function not found: {UNKNOWN[0]}",
    UNKNOWN[1]: f"Event source mapping not found: {UNKNOWN[1]}",
    UNKNOWN[2]: f"The Lambda code signing configuration {UNKNOWN[2]} can not be found.",
    UNKNOWN[3]: f"Capacity provider not found: {UNKNOWN[3]}",
    UNKNOWN[4]: f"Network connector not found: {UNKNOWN[4]}",
}


@pytest.mark.parametrize("arn", UNKNOWN)
def test_what_is_not_there_is_named_by_its_kind(all_kinds: Api, arn: str) -> None:
    listed = send(all_kinds, "GET", arn)
    tagged = send(all_kinds, "POST", arn, {"Tags": {"a": "b"}})
    untagged = send(all_kinds, "DELETE", arn, query="?tagKeys=a")

    assert {reply.status for reply in (listed, tagged, untagged)} == {404}
    assert {reply.headers["x-amzn-errortype"] for reply in (listed, tagged, untagged)} == {"ResourceNotFoundException"}
    assert [reply.json["Message"] for reply in (listed, tagged, untagged)] == [NOT_FOUND[arn]] * 3
    assert ("Type" in listed.json) == ("code-signing" not in arn)


def test_no_tags_are_refused_before_anybody_looks_for_the_resource(api: Api) -> None:
    reply = send(api, "POST", ARN + "no", {"Tags": {}})

    assert reply.status == 400
    assert reply.json == {"Type": "User", "message": "An error occurred and the request cannot be processed."}


def test_the_keys_to_take_away_must_be_named(all_kinds: Api) -> None:
    reply = send(all_kinds, "DELETE", FUNCTION)

    assert reply.headers["x-amzn-errortype"] == "ValidationException"
    assert reply.json == {
        "message": "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: "
        "Member must not be null"
    }


@pytest.mark.parametrize("suffix", ["$LATEST", "1", "live"])
@pytest.mark.parametrize("name", ["f", "no"])
def test_a_part_of_a_function_has_no_tags_whether_or_not_it_is_there(all_kinds: Api, name: str, suffix: str) -> None:
    arn = f"{ARN}{name}:{suffix}"

    with refused("InvalidParameterValueException", PARTS_HAVE_NONE):
        all_kinds.client.list_tags(Resource=arn)
    with refused("InvalidParameterValueException", PARTS_HAVE_NONE):
        all_kinds.client.tag_resource(Resource=arn, Tags={"a": "b"})
    with refused("InvalidParameterValueException", PARTS_HAVE_NONE):
        all_kinds.client.untag_resource(Resource=arn, TagKeys=["a"])


@pytest.mark.parametrize("arn", [MAPPING + ":1", PROVIDER + ":1", CONFIG + ":1", f"{PREFIX}stack:l", "f", "function:f"])
def test_what_can_have_no_tags_fails_the_pattern(all_kinds: Api, arn: str) -> None:
    reply = send(all_kinds, "GET", arn)

    start = f"1 validation error detected: Value '{arn}' at 'resource' failed to satisfy constraint: "
    assert reply.headers["x-amzn-errortype"] == "ValidationException"
    assert reply.json["message"].startswith(f"{start}Member must satisfy regular expression pattern: arn:(aws")


@pytest.mark.parametrize("arn", KINDS)
def test_another_account_s_resource_is_denied_and_another_region_s_not_there(all_kinds: Api, arn: str) -> None:
    with refused("AccessDeniedException"):
        all_kinds.client.list_tags(Resource=arn.replace(ACCOUNT, "999999999999"))
    with refused("ResourceNotFoundException"):
        all_kinds.client.list_tags(Resource=arn.replace(REGION, "eu-west-1"))


@pytest.mark.parametrize("arn", [MAPPING, CONFIG, PROVIDER])
def test_another_partition_s_resource_is_not_there(all_kinds: Api, arn: str) -> None:
    with refused("ResourceNotFoundException"):
        all_kinds.client.list_tags(Resource=arn.replace("arn:aws:", "arn:aws-cn:"))


@pytest.mark.parametrize("arn", [ARN + "f", CONFIG, PROVIDER])
def test_a_caller_without_an_account_of_its_own_is_led_by_the_arn(all_kinds: Api, arn: str) -> None:
    here = all_kinds.send(f"GET /2017-03-31/tags/{arn}", headers={"Authorization": ""})
    elsewhere = all_kinds.send(f"GET /2017-03-31/tags/{arn.replace(ACCOUNT, '9' * 12)}", headers={"Authorization": ""})

    assert (here.status, elsewhere.status) == (200, 404)
