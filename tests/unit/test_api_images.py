"""Functions packaged as images, as boto3 sees them. docs/contract/api.md#texts, #states, #configuration."""

from __future__ import annotations

from typing import Any

import pytest
from api_rig import ROLE, Api, refused, shown, zipped

from lambda_emu.model.function.image_package import FoundImage

REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app"
URI = f"{REPOSITORY}:1"
NEXT_URI = f"{REPOSITORY}:2"
IMAGE, NEXT = FoundImage("sha256:" + "1" * 64, "a" * 64), FoundImage("sha256:" + "2" * 64, "b" * 64)
IMAGE_WANTED = "Please provide ImageUri when updating a function with packageType Image."
ZIP_WANTED = "Please don't provide ImageUri when updating a function with packageType Zip."
NO_ZIP_MEMBERS = "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."
LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:l:1"


@pytest.fixture
def api(api: Api) -> Api:
    """With an engine that has both images."""
    api.activations.images.update({URI: IMAGE, NEXT_URI: NEXT})
    return api


def create(api: Api, name: str = "f", uri: str = URI, **wanted: Any) -> dict[str, Any]:
    """A function of an image that is Pending."""
    settings: dict[str, Any] = {"PackageType": "Image", "Code": {"ImageUri": uri}, "Role": ROLE} | wanted
    return shown(api.client.create_function(FunctionName=name, **settings))


def created(api: Api, uri: str = URI, **wanted: Any) -> dict[str, Any]:
    """The function `f`, when its activation is over."""
    create(api, "f", uri, **wanted)
    api.activations.finish()
    return configuration(api)


def configuration(api: Api, **named: Any) -> dict[str, Any]:
    return shown(api.client.get_function_configuration(FunctionName="f", **named))


def code_of(api: Api, **named: Any) -> Any:
    return api.client.get_function(FunctionName="f", **named)["Code"]


def test_a_function_of_an_image_has_no_member_of_a_zip(api: Api) -> None:
    pending = create(api)

    assert (pending["State"], pending["PackageType"], pending["CodeSize"]) == ("Pending", "Image", 0)
    assert pending["CodeSha256"] == IMAGE.digest
    assert pending["SnapStart"] == {"ApplyOn": "None", "OptimizationStatus": "Off"}
    absent = {"Runtime", "Handler", "RuntimeVersionConfig", "ImageConfigResponse", "Layers", "LastUpdateStatus"}
    assert not absent & pending.keys()


def test_get_function_names_the_image_as_given_and_by_its_digest(api: Api) -> None:
    created(api)

    resolved = f"{REPOSITORY}@sha256:{IMAGE.digest}"
    assert code_of(api) == {"RepositoryType": "ECR", "ImageUri": URI, "ResolvedImageUri": resolved}


@pytest.mark.parametrize("config", [
    {"Command": ["app.handler"]},
    {"EntryPoint": ["/bin/sh", "-c"], "Command": ["a", ""], "WorkingDirectory": "/srv"},
])  # fmt: skip
def test_the_image_config_is_echoed_as_it_was_given(api: Api, config: dict[str, Any]) -> None:
    assert create(api, ImageConfig=config)["ImageConfigResponse"] == {"ImageConfig": config}


def test_an_update_replaces_the_image_config_whole_and_an_empty_one_removes_it(api: Api) -> None:
    created(api, ImageConfig={"Command": ["a.b"], "WorkingDirectory": "/srv"})

    replaced = api.client.update_function_configuration(FunctionName="f", ImageConfig={"EntryPoint": ["/e"]})
    api.activations.finish()
    kept = api.client.update_function_configuration(FunctionName="f", Timeout=9)
    api.activations.finish()
    removed = api.client.update_function_configuration(FunctionName="f", ImageConfig={})

    assert replaced["ImageConfigResponse"] == kept["ImageConfigResponse"] == {"ImageConfig": {"EntryPoint": ["/e"]}}
    assert "ImageConfigResponse" not in removed


def test_a_new_image_keeps_the_config_and_changes_the_digest(api: Api) -> None:
    created(api, ImageConfig={"Command": ["a.b"]})

    updating = api.client.update_function_code(FunctionName="f", ImageUri=NEXT_URI)

    assert (updating["LastUpdateStatus"], updating["CodeSha256"]) == ("InProgress", NEXT.digest)
    assert updating["ImageConfigResponse"] == {"ImageConfig": {"Command": ["a.b"]}}


def test_a_tag_means_another_image_only_after_an_update(api: Api) -> None:
    created(api)
    api.activations.images[URI] = NEXT

    api.client.update_function_configuration(FunctionName="f", Timeout=9)
    before = configuration(api)["CodeSha256"]
    api.activations.finish()
    after = api.client.update_function_code(FunctionName="f", ImageUri=URI)["CodeSha256"]

    assert (before, after) == (IMAGE.digest, NEXT.digest)


def test_the_digest_of_an_image_to_be_pulled_comes_with_it(api: Api) -> None:
    later = f"{REPOSITORY}:later"
    pending = create(api, uri=later)
    again = create(api, "g", uri=later)

    api.activations.images[later] = IMAGE
    api.activations.finish()

    assert pending["CodeSha256"] == again["CodeSha256"] != IMAGE.digest
    assert configuration(api)["CodeSha256"] == IMAGE.digest


def test_a_uri_with_a_digest_shows_it_before_the_image_is_there(api: Api) -> None:
    assert create(api, uri=f"{REPOSITORY}@sha256:{'c' * 64}")["CodeSha256"] == "c" * 64


def test_a_function_without_its_image_failed_and_a_new_image_mends_it(api: Api) -> None:
    failed = created(api, f"{REPOSITORY}:nowhere")

    pending = api.client.update_function_code(FunctionName="f", ImageUri=URI)
    api.activations.finish()

    assert (failed["State"], failed["StateReasonCode"]) == ("Failed", "InvalidImage")
    assert (failed["LastUpdateStatus"], failed["LastUpdateStatusReasonCode"]) == ("Failed", "InvalidImage")
    assert pending["State"] == "Pending"
    assert (configuration(api)["State"], configuration(api)["CodeSha256"]) == ("Active", IMAGE.digest)


def test_versions_keep_their_image_and_one_without_a_change_is_not_made(api: Api) -> None:
    created(api, Publish=True)
    api.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    unchanged = api.client.publish_version(FunctionName="f")["Version"]

    api.client.update_function_code(FunctionName="f", ImageUri=NEXT_URI, Publish=True)
    api.activations.finish()

    assert unchanged == "1"
    assert [code_of(api, Qualifier=of)["ImageUri"] for of in ("1", "live", "2")] == [URI, URI, NEXT_URI]
    assert configuration(api, Qualifier="2")["CodeSha256"] == NEXT.digest


def test_a_dry_run_shows_the_digest_and_changes_nothing(api: Api) -> None:
    before = created(api)

    dry = api.client.update_function_code(FunctionName="f", ImageUri=NEXT_URI, DryRun=True)

    assert dry["CodeSha256"] == NEXT.digest
    assert configuration(api) == before


def test_functions_of_images_outlive_the_server(api: Api) -> None:
    created(api, ImageConfig={"EntryPoint": ["/e"], "Command": ["c"]}, Publish=True)

    with api.reopened() as store:
        assert store.functions.all(api.scope) == api.store.functions.all(api.scope)


@pytest.mark.parametrize("member", [
    {"Runtime": "python3.13"},
    {"Handler": "app.handler"},
    {"Layers": [LAYER]},
    {"Runtime": "python3.13", "Handler": "app.handler", "Layers": [LAYER]},
])  # fmt: skip
def test_members_of_zips_are_refused(api: Api, member: dict[str, Any]) -> None:
    with refused("InvalidParameterValueException", NO_ZIP_MEMBERS):
        create(api, **member)
    created(api)
    with refused("InvalidParameterValueException", NO_ZIP_MEMBERS):
        api.client.update_function_configuration(FunctionName="f", **member)


@pytest.mark.parametrize(("code", "text"), [
    ({}, "Please provide a source for function code."),
    ({"ZipFile": zipped({})}, "Please provide a source for function code."),
    ({"ImageUri": URI, "ZipFile": zipped({})},
     "Please do not provide other FunctionCode parameters when providing a ZipFile."),
    ({"ImageUri": "Not An Image"}, "Source image Not An Image is not valid. Provide a valid source image."),
    ({"ImageUri": "app:"}, "Source image app: is not valid. Provide a valid source image."),
])  # fmt: skip
def test_creation_needs_an_image_and_nothing_else(api: Api, code: dict[str, Any], text: str) -> None:
    with refused("InvalidParameterValueException", text):
        create(api, Code=code)


def test_code_of_the_other_kind_is_refused(api: Api) -> None:
    created(api)
    api.created("zip")

    with refused("InvalidParameterValueException", IMAGE_WANTED):
        api.client.update_function_code(FunctionName="f", ZipFile=zipped({"app.py": ""}))
    with refused("InvalidParameterValueException", ZIP_WANTED):
        api.client.update_function_code(FunctionName="zip", ImageUri=URI)
    with refused("InvalidParameterValueException"):
        api.client.update_function_configuration(FunctionName="zip", ImageConfig={"Command": ["a"]})
    with refused("InvalidParameterValueException", "Please provide a source for function code."):
        api.create("new", Code={"ImageUri": URI})


def test_an_image_config_of_more_than_16_kb_is_refused(api: Api) -> None:
    assert create(api, ImageConfig={"Command": ["x" * 16_384]})["State"] == "Pending"
    with refused("InvalidParameterValueException"):
        create(api, "g", ImageConfig={"Command": ["x" * 16_384], "WorkingDirectory": "/"})


def test_a_version_published_with_its_function_gets_its_lasting_revision_when_it_is_active(api: Api) -> None:
    pending = create(api, Publish=True)["RevisionId"]
    api.activations.finish()

    active = configuration(api, Qualifier="1")["RevisionId"]

    assert active not in (pending, configuration(api)["RevisionId"])
    assert api.client.publish_version(FunctionName="f")["RevisionId"] == active
