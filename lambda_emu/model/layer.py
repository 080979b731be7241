"""A layer and its versions. Contract: api.md 1.8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from lambda_emu.model.function import Artifact
from lambda_emu.model.policy import Policy


@dataclass(frozen=True, slots=True)
class LayerVersion:
    """runtimes, architectures, license None: never given, which differs from an empty list. created: as shown."""

    number: int
    content: Artifact
    created: str
    description: str = ""
    runtimes: tuple[str, ...] | None = None
    architectures: tuple[str, ...] | None = None
    license: str | None = None
    policy: Policy | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """last_version: the highest number ever given; numbers do not restart, so a layer stays when its versions go."""

    name: str
    last_version: int = 0
    versions: Mapping[int, LayerVersion] = field(default_factory=lambda: MappingProxyType({}))
