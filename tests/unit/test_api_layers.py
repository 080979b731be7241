"""Layers, as boto3 sees them. docs/contract/api.md#layers."""

from __future__ import annotations

import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from api_rig import ACCOUNT, REGION, Api, refused, shown, zipped
from botocore.session import Session
from msgspec.structs import replace
from mypy_boto3_lambda import LambdaClient

from lambda_emu.arn import Scope
from lambda_emu.model.function.runtime_names import LISTED

OTHER = "210987654321"
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:"
ZIP = zipped({"python/words.py": "hello = 'hi'"})
RUNTIMES = Session().get_service_model("lambda").shape_for("Runtime").enum
MISSING = ("ResourceNotFoundException", "The resource you requested does not exist.")
INVALID = "InvalidParameterValueException"
LISTED_MEMBERS = {"CreatedDate", "LayerVersionArn", "Version"}


def publish(api: Api, name: str = "words", **members: Any) -> dict[str, Any]:
    return shown(api.client.publish_layer_version(LayerName=name, Content={"ZipFile": ZIP}, **members))


def numbers(answer: Any) -> list[int]:
    return [version["Version"] for version in answer["LayerVersions"]]


def share(client: LambdaClient, name: str, principal: str) -> None:
    client.add_layer_version_permission(
        LayerName=name, VersionNumber=1, StatementId="s", Action="lambda:GetLayerVersion", Principal=principal
    )


def not_shared(arn: str, action: str = "lambda:GetLayerVersion", account: str = OTHER) -> tuple[str, str]:
    return "AccessDeniedException", (
        f"User: arn:aws:iam::{account}:root is not authorized to perform: {action} on resource: {arn} "
        f"because no resource-based policy allows the {action} action"
    )


def test_what_is_published_can_be_had_again(api: Api) -> None:
    given: Any = {
        "Description": "some words",
        "CompatibleRuntimes": ["python3.13"],
        "CompatibleArchitectures": ["arm64", "x86_64"],
        "LicenseInfo": "MIT",
    }

    published = publish(api, **given)

    content, created = published.pop("Content"), published.pop("CreatedDate")
    assert published == given | {"LayerArn": f"{ARN}words", "LayerVersionArn": f"{ARN}words:1", "Version": 1}
    assert content["CodeSize"] == len(ZIP)
    assert urllib.request.urlopen(content["Location"]).read() == ZIP
    again = published | {"Content": content, "CreatedDate": created}
    assert shown(api.client.get_layer_version(LayerName="words", VersionNumber=1)) == again
    assert shown(api.client.get_layer_version(LayerName=f"{ARN}words", VersionNumber=1)) == again
    assert shown(api.client.get_layer_version_by_arn(Arn=f"{ARN}words:1")) == again


def test_what_was_not_given_is_not_shown_but_for_the_description_outside_lists(api: Api) -> None:
    published = publish(api)

    assert published.keys() == LISTED_MEMBERS | {"Content", "Description", "LayerArn"}
    assert published["Description"] == ""
    (listed,) = api.client.list_layer_versions(LayerName="words")["LayerVersions"]
    (layer,) = api.client.list_layers()["Layers"]
    assert listed.keys() == layer["LatestMatchingVersion"].keys() == LISTED_MEMBERS
    publish(api, Description="")
    assert api.client.list_layer_versions(LayerName="words")["LayerVersions"][0]["Description"] == ""
    assert publish(api, CompatibleRuntimes=[])["CompatibleRuntimes"] == []


def test_numbers_count_per_layer_and_never_restart(api: Api) -> None:
    assert [publish(api, name)["Version"] for name in ("a", "a", "b")] == [1, 2, 1]

    for number in (1, 2):
        api.client.delete_layer_version(LayerName="a", VersionNumber=number)

    assert api.client.list_layers()["Layers"][0]["LayerName"] == "b"
    with api.reopened() as store:
        layer = store.layers.get(Scope(ACCOUNT, REGION), "a")
        assert layer is not None
        assert (layer.last_version, dict(layer.versions)) == (2, {})
    assert publish(api, f"{ARN}a")["Version"] == 3


def test_versions_survive_a_restart(api: Api) -> None:
    publish(api, CompatibleRuntimes=["python3.13"])
    publish(api, LicenseInfo="MIT")

    with api.reopened() as store:
        scope = Scope(ACCOUNT, REGION)
        assert store.layers.get(scope, "words") == api.store.layers.get(scope, "words")


def test_of_many_publishers_each_gets_a_number_of_its_own(api: Api) -> None:
    with ThreadPoolExecutor(8) as pool:
        published = list(pool.map(lambda _: publish(api)["Version"], range(16)))

    assert sorted(published) == list(range(1, 17))


def test_versions_are_listed_newest_first_in_pages(api: Api) -> None:
    for _ in range(12):
        publish(api, LicenseInfo="MIT")

    first = api.client.list_layer_versions(LayerName="words", MaxItems=7)
    api.client.delete_layer_version(LayerName="words", VersionNumber=6)
    second = api.client.list_layer_versions(LayerName="words", Marker=first["NextMarker"], MaxItems=7)

    assert numbers(first) == [12, 11, 10, 9, 8, 7, 6]
    assert numbers(second) == [5, 4, 3, 2, 1]
    assert "NextMarker" not in second
    assert first["LayerVersions"][0].keys() == LISTED_MEMBERS | {"LicenseInfo"}


def test_layers_are_listed_with_their_newest_version_that_fits(api: Api) -> None:
    publish(api, "a", CompatibleRuntimes=["python3.13"], CompatibleArchitectures=["arm64"])
    publish(api, "a", CompatibleRuntimes=["nodejs24.x"])
    publish(api, "b")

    every = api.client.list_layers()["Layers"]
    python = api.client.list_layers(CompatibleRuntime="python3.13", CompatibleArchitecture="arm64")["Layers"]

    assert [(each["LayerName"], each["LatestMatchingVersion"]["Version"]) for each in every] == [("a", 2), ("b", 1)]
    assert [(each["LayerArn"], each["LatestMatchingVersion"]["Version"]) for each in python] == [(f"{ARN}a", 1)]
    assert numbers(api.client.list_layer_versions(LayerName="a", CompatibleRuntime="nodejs24.x")) == [2]
    assert numbers(api.client.list_layer_versions(LayerName="a", CompatibleArchitecture="x86_64")) == []


def test_layers_are_listed_in_pages(api: Api) -> None:
    for name in ("c", "a", "b"):
        publish(api, name)

    pages = api.client.get_paginator("list_layers").paginate(PaginationConfig={"PageSize": 2})

    assert [[layer["LayerName"] for layer in page["Layers"]] for page in pages] == [["a", "b"], ["c"]]


def test_what_does_not_exist(api: Api) -> None:
    publish(api)

    with refused(*MISSING):
        api.client.get_layer_version(LayerName="words", VersionNumber=2)
    with refused(*MISSING):
        api.client.get_layer_version_by_arn(Arn=f"{ARN}none:1")
    with refused(*MISSING):
        api.client.get_layer_version_by_arn(Arn="arn:aws:lambda:::awslayer:AmazonLinux1803")
    assert shown(api.client.list_layer_versions(LayerName="none")) == {"LayerVersions": []}
    assert shown(api.client.delete_layer_version(LayerName="words", VersionNumber=2)) == {}
    assert shown(api.client.delete_layer_version(LayerName="none", VersionNumber=1)) == {}


def test_a_number_below_one_is_none(api: Api) -> None:
    text = "Layer Version Cannot be less than 1"

    with refused(INVALID, text):
        api.client.get_layer_version(LayerName="none", VersionNumber=0)
    with refused(INVALID, text):
        api.client.delete_layer_version(LayerName="none", VersionNumber=-1)
    with refused(INVALID, text):
        api.client.get_layer_version_by_arn(Arn=f"{ARN}none:0")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({}, "Please provide a source for layer content."),
        ({"S3Key": "k"}, "Please provide a source for layer content."),
        (
            {"ZipFile": b"", "S3Bucket": "bucket"},
            "Please do not provide other LayerVersionContent parameters when providing a ZipFile.",
        ),
        (
            {"ZipFile": b"no zip"},
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
        ),
    ],
)
def test_content_that_cannot_be_used_makes_no_version(api: Api, content: Any, text: str) -> None:
    with refused(INVALID, text):
        api.client.publish_layer_version(LayerName="words", Content=content)

    assert api.client.list_layers()["Layers"] == []


def test_unknown_runtimes_are_told_before_architectures(api: Api) -> None:
    listed = f"[{', '.join(LISTED)}]"

    with refused(
        "ValidationException",
        "2 validation errors detected: Value '[python3.13, cobol]' at 'compatibleRuntimes' failed to satisfy "
        f"constraint: Member must satisfy enum value set: {listed}; Value '[z80]' at 'compatibleArchitectures' "
        "failed to satisfy constraint: Member must satisfy constraint: "
        "[Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
    ):
        publish(api, CompatibleRuntimes=["python3.13", "cobol"], CompatibleArchitectures=["z80"])
    reply = api.send("GET /2018-10-31/layers?CompatibleRuntime=cobol").json["message"]
    assert reply.startswith(
        "1 validation error detected: Value 'cobol' at 'compatibleRuntime' failed to satisfy constraint: "
        "Member must satisfy enum value set: [ruby3.5, ruby2.6, "
    )


def test_a_layer_can_be_for_any_runtime_there_ever_was(api: Api) -> None:
    for number, runtime in enumerate(RUNTIMES, 1):
        assert publish(api, CompatibleRuntimes=[runtime])["CompatibleRuntimes"] == [runtime]
        assert numbers(api.client.list_layer_versions(LayerName="words", CompatibleRuntime=runtime)) == [number]


def test_the_layer_of_another_account_is_theirs_until_they_share_it(api: Api) -> None:
    publish(api)
    other, arn = api.client_of(OTHER), f"{ARN}words:1"

    with refused(*not_shared(arn)):
        other.get_layer_version_by_arn(Arn=arn)
    with refused(*not_shared(f"{ARN}none:1")):
        other.get_layer_version(LayerName=f"{ARN}none", VersionNumber=1)
    share(api.client, "words", OTHER)

    assert other.get_layer_version_by_arn(Arn=arn)["Version"] == 1
    assert other.get_layer_version(LayerName=f"{ARN}words", VersionNumber=1)["LayerVersionArn"] == arn
    assert other.list_layers()["Layers"] == []


def test_no_policy_lets_others_change_a_layer(api: Api) -> None:
    publish(api)
    share(api.client, "words", "*")
    other, layer = api.client_of(OTHER), f"{ARN}words"

    with refused(*not_shared(layer, "lambda:PublishLayerVersion")):
        other.publish_layer_version(LayerName=layer, Content={"ZipFile": ZIP})
    with refused(*not_shared(layer, "lambda:DeleteLayerVersion")):
        other.delete_layer_version(LayerName=layer, VersionNumber=1)
    with refused(*not_shared(layer, "lambda:ListLayerVersions")):
        other.list_layer_versions(LayerName=layer)


def test_a_layer_stays_in_its_region(api: Api) -> None:
    publish(api)
    text = f"Layers from '{REGION}' are not reachable in this region ('eu-west-1')"

    with refused("ResourceNotFoundException", text):
        api.client_of("any", "eu-west-1").get_layer_version_by_arn(Arn=f"{ARN}words:1")


def test_a_function_mounts_what_was_published(api: Api) -> None:
    publish(api)
    api.created("f", Layers=[f"{ARN}words:1"])

    layers = api.client.get_function_configuration(FunctionName="f")["Layers"]

    assert layers == [{"Arn": f"{ARN}words:1", "CodeSize": len(ZIP)}]
    unknown = f"Layer version {ARN}words:2 does not exist."
    with refused(INVALID, unknown):
        api.client.update_function_configuration(FunctionName="f", Layers=[f"{ARN}words:2"])
    with refused(INVALID, unknown):
        api.create("g", Layers=[f"{ARN}words:2"])
    with refused(
        INVALID,
        "Two different versions of the same layer are not allowed to be referenced in the same function. "
        f"{ARN}words:1 and {ARN}words:1 are versions of the same layer.",
    ):
        api.create("g", Layers=[f"{ARN}words:1", f"{ARN}words:1"])


def test_a_deleted_version_stays_with_the_functions_that_have_it(api: Api) -> None:
    publish(api)
    arn = f"{ARN}words:1"
    api.created("f", Layers=[arn])

    api.client.delete_layer_version(LayerName="words", VersionNumber=1)
    api.client.update_function_configuration(FunctionName="f", Layers=[arn], Timeout=9)

    (mounted,) = api.store.functions.all(api.scope)[0].latest.layers
    assert (mounted.arn, api.store.artifacts.zip_path(mounted.content.sha256).read_bytes()) == (arn, ZIP)
    with refused(INVALID, f"Layer version {arn} does not exist."):
        api.create("g", Layers=[arn])


def test_a_function_mounts_a_foreign_layer_only_if_it_is_shared(api: Api) -> None:
    foreign = f"arn:aws:lambda:{REGION}:{OTHER}:layer:theirs:1"
    api.client_of(OTHER).publish_layer_version(LayerName="theirs", Content={"ZipFile": ZIP})

    with refused(*not_shared(foreign, account=ACCOUNT)):
        api.create("f", Layers=[foreign])
    share(api.client_of(OTHER), "theirs", "*")

    assert api.created("f", Layers=[foreign])["Layers"] == [{"Arn": foreign, "CodeSize": len(ZIP)}]


def test_code_and_layers_together_have_a_limit_when_code_changes_too(api: Api) -> None:
    publish(api)
    api.created("f", Layers=[f"{ARN}words:1"])
    function = api.store.functions.all(api.scope)[0]
    (layer,) = function.latest.layers
    huge = replace(layer, content=replace(layer.content, unzipped_size=262_144_000))
    api.store.change(function.id, lambda f: replace(f, latest=replace(f.latest, layers=(huge,))))

    with refused(
        INVALID,
        "Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. "
        "The actual size is 262144001 bytes.",
    ):
        api.client.update_function_code(FunctionName="f", ZipFile=zipped({"app.py": "1"}))
