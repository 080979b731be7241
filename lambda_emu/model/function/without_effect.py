"""What a function may be given that is kept and shown, but changes nothing about how it runs here; in one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.model.function.extensions import INSIGHTS, has_extension
from lambda_emu.model.function.function import Function, FunctionVersion
from lambda_emu.model.function.vpc import network_of, subnets_of


class Here(Struct, frozen=True):
    """What this emulator can do. networks: by subnet, those that environments can join.

    has_extensions: whether the layers of a version bring programs at /opt/extensions.
    """

    networks: Mapping[str, str]
    has_extensions: Callable[[FunctionVersion], bool]


Holds = Callable[[Function, Here], Any]


def _other(member: str) -> Holds:
    return lambda function, _: function.latest.other.get(member)


def _outside_networks(function: Function, here: Here) -> bool:
    return bool(subnets_of(function.latest)) and not network_of(function.latest, here.networks)


def _streams(function: Function, _: Here) -> bool:
    return any(url.invoke_mode == "RESPONSE_STREAM" for url in function.urls.values())


# The member, when a function has it, and what happens in its stead.
ROWS: tuple[tuple[str, Holds, str], ...] = (
    ("VpcConfig", _outside_networks, "its environments join no network of theirs: `subnet_networks` can name one"),
    (
        "SnapStart",
        lambda function, _: function.latest.other.get("SnapStart", {}).get("ApplyOn") == "PublishedVersions",
        "no snapshot is taken, each environment initialises",
    ),
    ("FileSystemConfigs", _other("FileSystemConfigs"), "nothing is mounted"),
    ("TracingConfig", lambda function, _: function.latest.tracing_mode == "Active", "no trace is sent to X-Ray"),
    ("KMSKeyArn", _other("KMSKeyArn"), "nothing is encrypted with it"),
    (
        "Extensions",
        lambda function, here: here.has_extensions(function.latest),
        "the programs at /opt/extensions are not started",
    ),
    (
        "Layers",
        lambda function, _: has_extension((layer.arn for layer in function.latest.layers), INSIGHTS),
        "the extension of Lambda Insights is not started, and sends no metrics",
    ),
    ("CodeSigningConfigArn", lambda function, _: function.code_signing_config_arn, "signatures are not read"),
    ("DurableConfig", lambda function, _: function.latest.durable, "it cannot be invoked"),
    ("CapacityProviderConfig", _other("CapacityProviderConfig"), "it cannot be invoked"),
    ("InvokeMode", _streams, "an answer of its URL goes out when all of it is there"),
    (
        "RuntimeVersionArn",
        lambda function, _: any(one.version_arn for one in function.runtime_management.values()),
        "the version of the image runs",
    ),
)

# Operations that leave no trace in the function by which a row could tell.
OPERATIONS: Mapping[str, str] = {
    "CreateEventSourceMapping": "the source is not polled",
    "CreateCapacityProvider": "no instance is started",
}


def without_effect(function: Function, here: Here) -> Iterator[tuple[str, str]]:
    """Which members of the function have no effect, each with what happens in its stead."""
    for member, holds, instead in ROWS:
        if holds(function, here):
            yield member, instead
