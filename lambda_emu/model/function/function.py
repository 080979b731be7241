"""What a function IS: its configuration and code, as one immutable record a version.

docs/contract/api.md#configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field

from lambda_emu.arn import LATEST, LATEST_PUBLISHED, FunctionId
from lambda_emu.model.function.durable import Durability
from lambda_emu.model.function.event_invoke import EventInvokeConfig
from lambda_emu.model.function.function_url import FunctionUrl
from lambda_emu.model.function.runtime_management import RuntimeManagement
from lambda_emu.model.policies.policy import Policy

NOTHING: Mapping[Any, Any] = MappingProxyType({})


class FunctionState(StrEnum):
    """Whether a version can be invoked. docs/contract/api.md#states."""

    PENDING = "Pending"
    ACTIVE = "Active"
    ACTIVE_NON_INVOCABLE = "ActiveNonInvocable"  # $LATEST on Managed Instances
    FAILED = "Failed"


class UpdateStatus(StrEnum):
    """How the last update of a function went. docs/contract/api.md#states."""

    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    IN_PROGRESS = "InProgress"


class Progress(Struct, frozen=True):
    """State and last update of a version, as the wire shows them."""

    state: FunctionState = FunctionState.PENDING
    reason: str | None = "The function is being created."
    reason_code: str | None = "Creating"
    update: UpdateStatus | None = None
    update_reason: str | None = None
    update_reason_code: str | None = None


class S3Object(Struct, frozen=True):
    """Where in S3 a zip lies. version: None where the newest is meant, or the bucket has no versions."""

    bucket: str
    key: str
    version: str | None = None


class Artifact(Struct, frozen=True):
    """Code kept by the store: the zip as it came, and its files unpacked.

    sha256: base64, as CodeSha256 shows it; it is also the artifact's name in the store.
    size: bytes of the zip. unzipped_size: bytes of its files.
    reference: the object that the caller wants used in place (REFERENCE mode); here it is only shown.
    """

    sha256: str
    size: int
    unzipped_size: int
    reference: S3Object | None = None


class ImageConfig(Struct, frozen=True):
    """What a function sets in place of its image's ENTRYPOINT, CMD and WORKDIR; empty: the image's own holds."""

    entry_point: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    working_directory: str = ""


class ContainerImage(Struct, frozen=True):
    """The image that a version is packaged as. uri: as it was given. digest: in hex, shown as CodeSha256.

    id: what the engine calls the very image that the URI meant then; empty until it was found, and the digest is none.
    """

    uri: str
    digest: str
    id: str = ""
    config: ImageConfig = field(default_factory=ImageConfig)

    @property
    def artifact(self) -> Artifact:
        """As code, which the store does not keep."""
        return Artifact(self.digest, 0, 0)


class LayerReference(Struct, frozen=True):
    """A layer version that a function mounts at /opt, in list order."""

    arn: str
    content: Artifact


class LoggingConfig(Struct, frozen=True):
    """Where and how a function logs. Levels exist only with JSON."""

    log_group: str
    log_format: str = "Text"
    application_log_level: str | None = None
    system_log_level: str | None = None


class FunctionVersion(Struct, frozen=True):
    """One version of a function: what runs, under which limits.

    runtime and handler are empty, and image is set, for a function packaged as an image.
    deployment_id changes whenever code or configuration do; environments belong to one deployment.
    other: members kept and echoed that change nothing about how the code runs, by their wire names.
    tenant_isolation: PER_TENANT, or None for a function that knows no tenants; fixed at creation.
    durable: None for a function that is not; it can only become so at creation.
    """

    id: FunctionId
    runtime: str
    handler: str
    role: str
    code: Artifact
    logging: LoggingConfig
    deployment_id: str
    revision_id: str
    last_modified: str
    version: str = LATEST
    description: str = ""
    timeout_s: int = 3
    memory_mb: int = 128
    ephemeral_storage_mb: int = 512
    architecture: str = "x86_64"
    environment: Mapping[str, str] | None = None
    layers: tuple[LayerReference, ...] = ()
    tracing_mode: str = "PassThrough"
    package_type: str = "Zip"
    tenant_isolation: str | None = None
    durable: Durability | None = None
    image: ContainerImage | None = None
    other: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    progress: Progress = field(default_factory=Progress)


class Alias(Struct, frozen=True):
    """weights: the share (0.0 to 1.0) of invocations by additional version; the rest goes to function_version."""

    name: str
    function_version: str
    revision_id: str
    description: str = ""
    weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def points_to(self, version: str) -> bool:
        return version == self.function_version or version in self.weights

    def choose(self, draw: float) -> str:
        """The version that serves one invocation. draw: evenly distributed in [0, 1)."""
        for version, weight in self.weights.items():
            if draw < weight:
                return version
            draw -= weight
        return self.function_version


class Provisioned(Struct, frozen=True):
    """requested: how many environments. last_modified: as the wire shows it. What there is of them, the pool knows."""

    requested: int
    last_modified: str


class ScalingConfig(Struct, frozen=True):
    """None: not set."""

    min_environments: int | None = None
    max_environments: int | None = None


class Function(Struct, frozen=True):
    """A function with all that hangs on it, and goes with it. `running` is what invocations of $LATEST use.

    While an update is in progress `latest` shows the new configuration and `running` still is the old one.
    versions: the published ones, by number, ascending. last_version: the highest number ever given;
    published_description: the description that $LATEST had then, for that version may have been given another.
    policies are by qualifier, "" for the function's own; invoke_configs, urls, provisioned, runtime_management and
    scaling are by qualifier too, $LATEST for the function itself.
    latest_published: the version named $LATEST.PUBLISHED, which only functions on Managed Instances can have.
    origin: "api", or "project" for one that lambda-emu.yaml declares.
    """

    id: FunctionId
    latest: FunctionVersion
    running: FunctionVersion
    reserved_concurrency: int | None = None
    tags: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    origin: str = "api"
    last_version: int = 0
    published_description: str = ""
    versions: Mapping[int, FunctionVersion] = field(default_factory=lambda: NOTHING)
    aliases: Mapping[str, Alias] = field(default_factory=lambda: NOTHING)
    policies: Mapping[str, Policy] = field(default_factory=lambda: NOTHING)
    invoke_configs: Mapping[str, EventInvokeConfig] = field(default_factory=lambda: NOTHING)
    urls: Mapping[str, FunctionUrl] = field(default_factory=lambda: NOTHING)
    provisioned: Mapping[str, Provisioned] = field(default_factory=lambda: NOTHING)
    runtime_management: Mapping[str, RuntimeManagement] = field(default_factory=lambda: NOTHING)
    scaling: Mapping[str, ScalingConfig] = field(default_factory=lambda: NOTHING)
    recursive_loop: str = "Terminate"
    code_signing_config_arn: str | None = None
    latest_published: FunctionVersion | None = None

    def published_version(self, qualifier: str) -> FunctionVersion | None:
        """The published version that this qualifier names, a number or $LATEST.PUBLISHED."""
        if qualifier == LATEST_PUBLISHED:
            return self.latest_published
        return self.versions.get(int(qualifier)) if qualifier.isascii() and qualifier.isdigit() else None

    def published_versions(self) -> Iterator[FunctionVersion]:
        """$LATEST.PUBLISHED if there is one, then the numbered, ascending."""
        if self.latest_published is not None:
            yield self.latest_published
        for number in sorted(self.versions):
            yield self.versions[number]

    def version(self, qualifier: str | None) -> FunctionVersion | None:
        """What a qualifier shows: $LATEST (also for None), a version, or the one that an alias points to."""
        if qualifier in (None, LATEST):
            return self.latest
        alias = self.aliases.get(qualifier)
        if alias is not None:
            qualifier = alias.function_version
        return self.latest if qualifier == LATEST else self.published_version(qualifier)

    def runnable(self, qualifier: str | None, draw: float) -> FunctionVersion | None:
        """What an invocation with this qualifier runs. draw: chooses by an alias's weights, in [0, 1)."""
        alias = self.aliases.get(qualifier) if qualifier is not None else None
        if alias is not None:
            qualifier = alias.choose(draw)
        return self.running if qualifier in (None, LATEST) else self.published_version(qualifier)
