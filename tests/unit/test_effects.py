"""What a function is given without effect is said in the log: when it is given, at start, and once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from api_rig import ACCOUNT, REGION, ROLE, Api, serving, zipped
from mapping_rig import PASSING

from lambda_emu.api.effects import has_extensions, tell_of_all
from lambda_emu.model.function.vpc import network_of
from lambda_emu.model.function.without_effect import OPERATIONS, ROWS, Here
from lambda_emu.notices import MOST, Notices
from lambda_emu.public_layers.finder import PublicLayers
from lambda_emu.store import Store

NAMED: Any = {"FunctionName": "f"}
STREAMED: Any = {"AuthType": "NONE", "InvokeMode": "RESPONSE_STREAM"}
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/12345678-1234-1234-1234-123456789012"
FILES = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:access-point/fsap-0123456789abcdef0"
VERSION = f"arn:aws:lambda:{REGION}::runtime:{'0' * 64}"
VPC: Any = {"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}
INSIGHTS = f"arn:aws:lambda:{REGION}:580247275435:layer:LambdaInsightsExtension:52"
PROFILES: Any = {"SigningProfileVersionArns": [f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/p/0123456789"]}
INSTANCES: Any = {
    "CapacityProviderName": "p",
    "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": []},
    "PermissionsConfig": {"CapacityProviderOperatorRoleArn": ROLE},
}

Give = Callable[[Api], object]


def configured(**members: Any) -> Give:
    return lambda api: api.client.update_function_configuration(**NAMED, **members)


def mount_extension(api: Api) -> None:
    content = {"ZipFile": zipped({"extensions/watch": "#!/bin/sh"})}
    arn = api.client.publish_layer_version(LayerName="l", Content=content)["LayerVersionArn"]  # type: ignore[arg-type]
    api.client.update_function_configuration(**NAMED, Layers=[arn])


def sign(api: Api) -> None:
    config = api.client.create_code_signing_config(AllowedPublishers=PROFILES)["CodeSigningConfig"]
    api.client.put_function_code_signing_config(**NAMED, CodeSigningConfigArn=config["CodeSigningConfigArn"])


def put_on_instances(api: Api) -> None:
    api.client.create_capacity_provider(**INSTANCES)
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:capacity-provider:p"
    config: Any = {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": arn}}
    api.create("on", CapacityProviderConfig=config)


# By the member or operation: how a function gets it, and the name that the line begins with.
GIVEN: dict[str, tuple[Give, str]] = {
    "VpcConfig": (configured(**VPC), "f"),
    "SnapStart": (configured(SnapStart={"ApplyOn": "PublishedVersions"}), "f"),
    "FileSystemConfigs": (configured(**VPC, FileSystemConfigs=[{"Arn": FILES, "LocalMountPath": "/mnt/f"}]), "f"),
    "TracingConfig": (configured(TracingConfig={"Mode": "Active"}), "f"),
    "KMSKeyArn": (configured(KMSKeyArn=KEY), "f"),
    "Extensions": (mount_extension, "f"),
    "Layers": (configured(Layers=[INSIGHTS]), "f"),
    "CodeSigningConfigArn": (sign, "f"),
    "DurableConfig": (lambda api: api.create("d", DurableConfig={"ExecutionTimeout": 60}), "d"),
    "CapacityProviderConfig": (put_on_instances, "on"),
    "InvokeMode": (lambda api: api.client.create_function_url_config(**NAMED, **STREAMED), "f"),
    "RuntimeVersionArn": (
        lambda api: api.client.put_runtime_management_config(
            **NAMED, UpdateRuntimeOn="Manual", RuntimeVersionArn=VERSION
        ),
        "f",
    ),
    "CreateEventSourceMapping": (
        lambda api: api.client.create_event_source_mapping(**NAMED, **PASSING["mq"]),
        "f",
    ),
    "CreateCapacityProvider": (lambda api: api.client.create_capacity_provider(**INSTANCES), "p"),
}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """Which can tell what layers bring, and maps no subnet."""
    stores: list[Store] = []

    def known_layers() -> PublicLayers:
        return PublicLayers(stores[0].artifacts, tmp_path / "cache", ())

    here = Here({}, lambda version: has_extensions(stores[0], version))
    with serving(tmp_path, here=here, find_layer=lambda *asked: known_layers().find(*asked)) as served:
        stores.append(served.store)
        served.created("f")
        yield served


@pytest.fixture(autouse=True)
def _all_lines(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.WARNING, "lambda_emu"):
        yield


@pytest.mark.parametrize("member", [*(row[0] for row in ROWS), *OPERATIONS])
def test_what_is_given_without_effect_is_said(api: Api, caplog: pytest.LogCaptureFixture, member: str) -> None:
    give, name = GIVEN[member]

    give(api)

    assert len([line for line in caplog.messages if line.startswith(f"{name}: {member} ")]) == 1
    assert all(" without effect here: " in line for line in caplog.messages)


def test_of_a_source_that_is_polled_nothing_is_said(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    api.client.create_event_source_mapping(**NAMED, **PASSING["sqs"])

    tell_of_all(api.store, Here({}, lambda _: False), Notices())

    assert caplog.messages == []


def test_it_is_said_once(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    for timeout in (5, 6):
        api.client.update_function_configuration(**NAMED, **VPC, Timeout=timeout)
        api.activations.finish()

    assert len(caplog.messages) == 1


def test_it_is_said_again_at_start(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    api.client.update_function_configuration(**NAMED, KMSKeyArn=KEY)
    api.client.create_event_source_mapping(**NAMED, **PASSING["mq"])
    caplog.clear()

    tell_of_all(api.store, Here({}, lambda _: False), Notices())

    assert caplog.messages == [
        "f: KMSKeyArn without effect here: nothing is encrypted with it",
        "f: CreateEventSourceMapping without effect here: the source is not polled (mq)",
    ]


def test_a_plain_function_and_what_is_refused_say_nothing(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    api.created("plain", TracingConfig={"Mode": "PassThrough"}, SnapStart={"ApplyOn": "None"})
    api.send("PUT /2015-03-31/functions/none/configuration", VPC)
    api.send("PUT /2015-03-31/functions/f/configuration", VPC | {"Timeout": 901})

    assert caplog.messages == []


@pytest.mark.parametrize(
    ("networks", "network"),
    [
        ({}, ""),
        ({"subnet-2": "b"}, "b"),
        ({"subnet-1": "a", "subnet-2": "b"}, "a"),
        ({"subnet-3": "c"}, ""),
        ({"*": "all", "subnet-2": "b"}, "all"),
        ({"*": "all", "subnet-1": "a"}, "a"),
    ],
)
def test_the_first_subnet_that_has_a_network_says_which(api: Api, networks: dict[str, str], network: str) -> None:
    both: Any = {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
    api.client.update_function_configuration(**NAMED, VpcConfig=both)
    function = api.store.functions.get(api.scope, "f")

    assert function is not None
    assert network_of(function.latest, networks) == network
    assert network_of(function.running, networks) == ""


def test_a_subnet_with_a_network_is_none_without_effect(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with serving(tmp_path, here=Here({"subnet-1": "a"}, lambda _: False)) as api:
        api.create("f", **VPC)

    assert caplog.messages == []


def test_so_many_lines_are_not_read_and_none_more_are_said(caplog: pytest.LogCaptureFixture) -> None:
    notices = Notices()

    for number in range(MOST + 10):
        notices.tell(f"line {number}")

    assert len(caplog.messages) == MOST
