"""What Terraform's AWS provider asks of each resource: create, wait, read, update in place, delete, wait again.

A resource drifts when what is read differs from what was sent: then each plan would want to change it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from api_rig import ARN, Api, serving, zipped
from mapping_rig import HandClock
from terraform_resources import RESOURCES
from terraform_rig import Applied, drift

Apply = Callable[[str], Applied]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def api(tmp_path: Path, clock: HandClock) -> Iterator[Api]:
    """An empty account, in which time passes between one poll and the next."""
    with serving(tmp_path, clock) as served:
        yield served


@pytest.fixture
def apply(api: Api, clock: HandClock) -> Apply:
    """Gives a resource that is still to be created; what it hangs on is there."""

    def apply(name: str) -> Applied:
        for layer in ("l", "m"):
            api.client.publish_layer_version(LayerName=layer, Content={"ZipFile": zipped({"python/ours.py": ""})})
        if name != "aws_lambda_function":
            api.created("f", Publish=True)
            api.client.update_function_configuration(FunctionName="f", Description="for version 2")
            api.activations.finish()
            api.client.publish_version(FunctionName="f")
            api.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
        return Applied(api, clock, RESOURCES[name])

    return apply


@pytest.mark.parametrize("name", RESOURCES)
def test_what_was_sent_is_what_is_read(apply: Apply, name: str) -> None:
    resource = apply(name)

    assert drift(resource.create(), resource.read()) is None
    assert drift(resource.update(), resource.read()) is None
    assert resource.read() == resource.read()


@pytest.mark.parametrize("name", RESOURCES)
def test_what_was_deleted_is_not_found_and_can_be_created_again(apply: Apply, name: str) -> None:
    resource = apply(name)
    resource.create()

    resource.delete()

    assert resource.is_gone()
    assert drift(resource.create(), resource.read()) is None


def test_the_version_of_a_function_is_the_last_that_is_listed(apply: Apply) -> None:
    function = apply("aws_lambda_function")
    function.create()
    function.update()

    latest = function.read()["Versions"][-1]

    assert (latest["Version"], latest["FunctionArn"]) == ("2", f"{ARN}f:2")


def test_blocks_that_are_taken_out_of_a_function_are_gone(apply: Apply) -> None:
    function = apply("aws_lambda_function")
    function.create()
    emptied: dict[str, Any] = {
        "DeadLetterConfig": {"TargetArn": ""},
        "Environment": {"Variables": {}},
        "FileSystemConfigs": [],
        "KMSKeyArn": "",
        "Layers": [],
        "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": [], "Ipv6AllowedForDualStack": False},
    }

    function.perform([("update_function_configuration", emptied), ("delete_function_concurrency", {})])

    found = function.read()
    assert not found.get("FileSystemConfigs")
    assert not found.get("KMSKeyArn")
    assert found["Layers"] == []
    assert not found.get("DeadLetterConfig", {}).get("TargetArn")
    assert not found.get("Environment", {}).get("Variables")
    assert not found.get("VpcConfig", {}).get("SubnetIds")
    assert "ReservedConcurrentExecutions" not in found


def test_weights_that_are_taken_out_of_an_alias_are_gone(apply: Apply) -> None:
    alias = apply("aws_lambda_alias")
    alias.create()
    alias.update()

    alias.perform([("update_alias", {"Description": "", "FunctionVersion": "2", "RoutingConfig": {}})])

    assert alias.read().get("RoutingConfig", {}) == {}


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        ("aws_lambda_function", "FunctionArn"),
        ("aws_lambda_code_signing_config", "CodeSigningConfigArn"),
        ("aws_lambda_event_source_mapping", "EventSourceMappingArn"),
    ],
)
def test_tags_are_changed_by_calls_of_their_own(api: Api, apply: Apply, name: str, arn: str) -> None:
    resource = apply(name)
    resource.create()
    tagged = resource.read()[arn]

    api.client.untag_resource(Resource=tagged, TagKeys=["team"])
    api.client.tag_resource(Resource=tagged, Tags={"stage": "live"})

    assert resource.read()["Tags"] == {"stage": "live"}
