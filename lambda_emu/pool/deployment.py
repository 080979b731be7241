"""What is to run: a version of a function, and what its environments are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lambda_emu.model.function.function import FunctionVersion
from lambda_emu.model.function.vpc import network_of
from lambda_emu.sandbox.base import StemKind


@dataclass(frozen=True, slots=True)
class Deployment:
    """A version with what its environments are made of. The last three are None for custom runtimes.

    task: None where the code is in the version's own image.
    """

    version: FunctionVersion
    task: Path | None
    layers: tuple[Path, ...]
    execution_env: str | None
    runtime_version: str | None
    runtime_version_arn: str | None


def kind_of(version: FunctionVersion, networks: Mapping[str, str]) -> StemKind:
    """Which stems it can use. networks: by subnet, those that environments of a function in a VPC join."""
    image = "" if version.image is None else version.image.id
    network = network_of(version, networks)
    return StemKind(version.runtime, version.architecture, version.ephemeral_storage_mb, image, network)
