"""A layer and its versions. docs/contract/api.md#layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from lambda_emu.model.function.function import Artifact, Function
from lambda_emu.model.policies.policy import Policy


class LayerVersion(Struct, frozen=True):
    """created: as shown. None for the others: never given, which differs from what is given and empty.

    origin: "api", or "project" for one that lambda-emu.yaml declares.
    """

    number: int
    content: Artifact
    created: str
    description: str | None = None
    runtimes: tuple[str, ...] | None = None
    architectures: tuple[str, ...] | None = None
    license: str | None = None
    policy: Policy | None = None
    origin: str = "api"

    def fits(self, runtime: str | None, architecture: str | None) -> bool:
        """Whether it was published for both. None: any; one that names nothing is found only so."""
        return (runtime is None or runtime in (self.runtimes or ())) and (
            architecture is None or architecture in (self.architectures or ())
        )

    def shared_with(self, account: str) -> bool:
        """Whether its policy lets another account have it. Nobody here belongs to an organization."""
        statements = self.policy.statements if self.policy is not None else ()
        return any(_allows(statement, account) for statement in statements)


class Layer(Struct, frozen=True):
    """last_version: the highest number ever given; numbers do not restart, so a layer stays when its versions go.

    versions: by number, ascending.
    """

    name: str
    last_version: int = 0
    versions: Mapping[int, LayerVersion] = field(default_factory=lambda: MappingProxyType({}))

    def with_version(self, version: LayerVersion) -> Layer:
        """With this one as its newest; it gets the next number."""
        number = self.last_version + 1
        versions = {**self.versions, number: replace(version, number=number)}
        return replace(self, last_version=number, versions=MappingProxyType(versions))

    def without_version(self, number: int) -> Layer:
        versions = {other: version for other, version in self.versions.items() if other != number}
        return replace(self, versions=MappingProxyType(versions))

    def fitting(self, runtime: str | None, architecture: str | None) -> Iterator[LayerVersion]:
        """The versions published for both, newest first."""
        return (version for version in reversed([*self.versions.values()]) if version.fits(runtime, architecture))


def _allows(statement: Mapping[str, Any], account: str) -> bool:
    """Statements are as AddLayerVersionPermission makes them: Allow, of lambda:GetLayerVersion."""
    if "Condition" in statement:
        return False
    principal = statement["Principal"]
    return principal == "*" or account in str(principal["AWS"]).split(":")


def code_bytes(functions: Iterable[Function], layers: Iterable[Layer]) -> int:
    """Bytes of all zips: of $LATEST, of each published version and of each layer version, alike or not.

    What is used in place, from S3, takes nothing of the account. docs/contract/api.md#account.
    """
    of_functions = (
        version.code for function in functions for version in (function.latest, *function.published_versions())
    )
    of_layers = (version.content for layer in layers for version in layer.versions.values())
    return sum(code.size for code in (*of_functions, *of_layers) if code.reference is None)
