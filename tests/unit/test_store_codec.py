"""Functions as JSON: every member survives, and a record of an older version is read."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import fields
from store_rig import function_id, new_function

from lambda_emu.model.function.durable import Durability
from lambda_emu.model.function.function import (
    Artifact,
    ContainerImage,
    Function,
    FunctionState,
    FunctionVersion,
    ImageConfig,
    LayerReference,
    LoggingConfig,
    Progress,
    UpdateStatus,
)
from lambda_emu.store.rows import decode_function, encode_function

FULL = FunctionVersion(
    function_id("full"),
    runtime="nodejs24.x",
    handler="index.handler",
    role="arn:aws:iam::123456789012:role/r",
    code=Artifact("Y29kZQ==", 11, 12),
    logging=LoggingConfig("/shared", "JSON", "WARN", "DEBUG"),
    deployment_id="d",
    revision_id="r",
    last_modified="2026-01-01T00:00:00.000+0000",
    version="7",
    description="Größe",
    timeout_s=900,
    memory_mb=10240,
    ephemeral_storage_mb=1024,
    architecture="arm64",
    environment={"A": "1", "B": ""},
    layers=(LayerReference("arn:l:1", Artifact("bDE=", 1, 2)), LayerReference("arn:l:2", Artifact("bDI=", 3, 4))),
    tracing_mode="Active",
    package_type="Image",
    tenant_isolation="PER_TENANT",
    durable=Durability(60, 30, "arn:aws:kms:us-east-1:123456789012:key/k"),
    image=ContainerImage("any:tag", "ab" * 32, "sha256:" + "cd" * 32, ImageConfig(("/e",), ("c", ""), "/d")),
    other={"VpcConfig": {"SubnetIds": ["subnet-1"], "Ipv6AllowedForDualStack": False}, "KMSKeyArn": None},
    progress=Progress(FunctionState.FAILED, "why", "InternalError", UpdateStatus.FAILED, "because", "ImageDeleted"),
)


def test_the_full_function_has_no_default_left() -> None:
    """So that a member which is added without being kept is noticed here."""
    plain = new_function("plain").latest
    optional = [one.name for one in fields(FunctionVersion) if not one.required]

    assert [name for name in optional if getattr(FULL, name) == getattr(plain, name)] == []


@pytest.mark.parametrize(
    "function",
    [
        new_function("plain"),
        Function(function_id("full"), FULL, FULL, 0, {"team": "blue"}, "project"),
        Function(function_id("full"), latest=FULL, running=new_function("full").latest),
    ],
    ids=["defaults", "every member", "an update in progress"],
)
def test_a_function_is_read_as_it_was_written(function: Function) -> None:
    assert decode_function(encode_function(function), {}) == function


def test_what_is_read_has_the_types_of_what_was_written() -> None:
    latest = decode_function(encode_function(Function(function_id("full"), FULL, FULL)), {}).latest

    assert isinstance(latest.progress.state, FunctionState)
    assert isinstance(latest.progress.update, UpdateStatus)
    assert isinstance(latest.layers, tuple)


def test_a_record_without_members_that_came_later_gets_their_defaults() -> None:
    record = json.loads(encode_function(new_function("old")))
    for name in ("origin", "tags", "reserved_concurrency"):
        del record[name]
    for name in ("other", "package_type", "tracing_mode", "architecture"):
        record["latest"].pop(name)

    assert decode_function(json.dumps(record), {}) == new_function("old")
