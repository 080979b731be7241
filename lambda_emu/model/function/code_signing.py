"""A code signing config: whose signatures a function's code needs. docs/contract/api.md#code-signing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.resources import Conflict, NotFound
from lambda_emu.model.function.function import Function
from lambda_emu.model.function.tags import new_tags

KIND = "code-signing-config"


class CodeSigningConfig(Struct, frozen=True):
    """id: `csc-` and 17 characters. untrusted: Warn or Enforce. last_modified: as the wire shows it."""

    id: str
    publishers: tuple[str, ...]
    last_modified: str
    description: str = ""
    untrusted: str = "Warn"
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def new_config(wanted: Mapping[str, Any], token: str, modified: str) -> CodeSigningConfig:
    """wanted: the members of CreateCodeSigningConfig. token: at least 17 characters nobody has used.

    Raises TooManyTags.
    """
    id = f"csc-{token[:17]}"
    return update_config(CodeSigningConfig(id, (), modified, tags=new_tags(wanted.get("Tags", {}))), wanted, modified)


def update_config(config: CodeSigningConfig, wanted: Mapping[str, Any], modified: str) -> CodeSigningConfig:
    """What is not sent stays."""
    publishers = wanted.get("AllowedPublishers", {}).get("SigningProfileVersionArns", config.publishers)
    return replace(
        config,
        publishers=tuple(publishers),
        description=wanted.get("Description", config.description),
        untrusted=wanted.get("CodeSigningPolicies", {}).get("UntrustedArtifactOnDeployment", config.untrusted),
        last_modified=modified,
    )


def check_trusted(config: CodeSigningConfig, what: str) -> None:
    """Raises CodeUntrusted where only signed code may be deployed: no signature is ever found here.

    what: the function as the refusal names it.
    """
    if config.untrusted == "Enforce":
        raise CodeUntrusted(what)


def users(functions: Iterable[Function], config_arn: str) -> Sequence[Function]:
    """The functions that have this config, in their order."""
    return [function for function in functions if function.code_signing_config_arn == config_arn]


def check_unused(functions: Iterable[Function], config_arn: str) -> None:
    """Raises CodeSigningConfigInUse."""
    if users(functions, config_arn):
        raise CodeSigningConfigInUse(config_arn)


class CodeSigningConfigMissing(NotFound):
    """Of the operations on a config itself; recorded without a Type."""

    kind = None

    def __init__(self, arn: str) -> None:
        super().__init__(f"The Lambda code signing configuration {arn} can not be found.")


class CodeSigningConfigNotFound(LambdaError):
    """Of the operations that give a function a config."""

    code, status, text_key = "CodeSigningConfigNotFoundException", 404, "Message"

    def __init__(self, arn: str) -> None:
        super().__init__(
            "The code signing configuration cannot be found. "
            f"Check that the provided configuration is not deleted: {arn}."
        )


class CodeSigningConfigInUse(Conflict):
    """AWS's text is not recorded."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"The code signing configuration {arn} cannot be deleted while functions use it.")


class CodeUntrusted(LambdaError):
    """`what`: a new function's name, or the ARN of one that is updated. The text is from public reports."""

    code, status, text_key = "CodeVerificationFailedException", 400, "Message"

    def __init__(self, what: str) -> None:
        super().__init__(
            "Lambda cannot deploy the function. The function or layer might be signed using a signature that the "
            f"client is not configured to accept. Check the provided signature for {what}."
        )
