"""Functions packaged as container images: the names of images, and what a version takes from one.

docs/contract/api.md#texts, #states, #configuration, docs/contract/runtime.md#images.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.errors.base import InvalidParameter
from lambda_emu.errors.code import CodeMissing, CodeTwice
from lambda_emu.model import quotas
from lambda_emu.model.function.function import Artifact, ContainerImage, FunctionVersion, ImageConfig

Wanted = Mapping[str, Any]

ONLY_FOR_ZIPS = ("Runtime", "Handler", "Layers")
OTHER_SOURCES = ("ZipFile", "S3Bucket", "S3Key", "S3ObjectVersion", "S3ObjectStorageMode")

DOCKER_HUB = "registry-1.docker.io"

_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_NAME = rf"(?P<repository>(?:[a-zA-Z0-9.-]+(?::\d+)?/)?{_PART}(?:/{_PART})*)"
_IMAGE = re.compile(rf"{_NAME}(?P<tag>:[\w][\w.-]{{0,127}})?(?:@sha256:(?P<digest>[0-9a-f]{{64}}))?", re.ASCII)


class FoundImage(Struct, frozen=True):
    """An image that an engine has. id: its own name of it, which never means another. digest: 64 hex digits."""

    id: str
    digest: str


class PushedImage(Struct, frozen=True):
    """One of a registry of our own, which the engine may pull. name: of its repository there. digest: 64 hex digits.

    password: of user AWS.
    """

    name: str
    digest: str
    password: str


def check_new(wanted: Wanted) -> None:
    """A CreateFunction with PackageType Image. ZipMembersForImage, CodeMissing, CodeTwice, SourceImageInvalid."""
    _check_members(wanted)
    code = wanted["Code"]
    if "ImageUri" not in code:
        raise CodeMissing
    _check_source(code)


def check_update(version: FunctionVersion, wanted: Wanted) -> None:
    """An UpdateFunctionCode of this version: ImageForZip or ImageUriMissing, and of an image what is wrong with it."""
    if version.image is None:
        if "ImageUri" in wanted:
            raise ImageForZip
        return
    if "ImageUri" not in wanted:
        raise ImageUriMissing
    _check_source(wanted)


def check_configuration(version: FunctionVersion, wanted: Wanted) -> None:
    """Members that this version's package cannot have."""
    if version.image is not None:
        _check_members(wanted)
    elif wanted.get("ImageConfig"):
        raise ImageConfigForZip


def _check_members(wanted: Wanted) -> None:
    if any(wanted.get(member) for member in ONLY_FOR_ZIPS):
        raise ZipMembersForImage


def _check_source(code: Wanted) -> None:
    if any(member in code for member in OTHER_SOURCES):
        raise CodeTwice
    if not _IMAGE.fullmatch(code["ImageUri"]):
        raise SourceImageInvalid(code["ImageUri"])


def configure_image(version: FunctionVersion, wanted: Wanted) -> dict[str, Any]:
    """ImageConfig is replaced whole; what is empty in it is as if it were not there."""
    if version.image is None:
        return {}
    config = ImageConfig(
        tuple(wanted.get("EntryPoint", ())), tuple(wanted.get("Command", ())), wanted.get("WorkingDirectory", "")
    )
    texts = (*config.entry_point, *config.command, config.working_directory)
    if sum(len(text.encode()) for text in texts) > quotas.IMAGE_CONFIG_BYTES:
        raise ImageConfigTooLarge(quotas.IMAGE_CONFIG_BYTES)
    return {"image": replace(version.image, config=config)}


def package_image(uri: str, found: FoundImage | None) -> ContainerImage:
    """What a version has as its code. found: None while nobody has seen the image."""
    return ContainerImage(uri, _stand_in(uri)) if found is None else ContainerImage(uri, found.digest, found.id)


def with_code(version: FunctionVersion, code: Artifact | ContainerImage) -> FunctionVersion:
    """The version with other code of its kind; what was set of its image holds for the next one too."""
    if isinstance(code, Artifact):
        return replace(version, code=code)
    assert version.image is not None
    return replace(version, code=code.artifact, image=replace(code, config=version.image.config))


def resolve_image(version: FunctionVersion, found: FoundImage | None) -> FunctionVersion:
    """The version when its image was found; a zip's stays as it is."""
    if version.image is None or found is None:
        return version
    image = replace(version.image, id=found.id, digest=found.digest)
    return replace(version, code=image.artifact, image=image)


def _stand_in(uri: str) -> str:
    """Shown as CodeSha256 before the image is there: the digest that the URI names, else one of the URI itself."""
    return digest_of(uri) or sha256(uri.encode()).hexdigest()


def digest_of(uri: str) -> str | None:
    """The digest by which a URI names its image, if it does."""
    named = _IMAGE.fullmatch(uri)
    return named and named["digest"]


def repository_of(uri: str) -> str:
    """A URI without tag and digest."""
    named = _IMAGE.fullmatch(uri)
    return named["repository"] if named else uri


def registry_of(uri: str) -> str:
    """The host that a URI names, else Docker Hub's."""
    host, slash, _ = uri.partition("/")
    return host if slash and ("." in host or ":" in host or host == "localhost") else DOCKER_HUB


class ZipMembersForImage(InvalidParameter):
    """Everything that only a function made of a zip can have."""

    def __init__(self) -> None:
        super().__init__(
            "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."
        )


class ImageUriMissing(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("Please provide ImageUri when updating a function with packageType Image.")


class ImageForZip(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("Please don't provide ImageUri when updating a function with packageType Zip.")


class ImageConfigForZip(InvalidParameter):
    """AWS's text is not recorded."""

    def __init__(self) -> None:
        super().__init__("Please don't provide ImageConfig when the intended function PackageType is Zip.")


class ImageConfigTooLarge(InvalidParameter):
    """AWS's text is not recorded."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"ImageConfig must be smaller than {limit_bytes} bytes.")


class SourceImageInvalid(InvalidParameter):
    """What is given can be the name of no image."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"Source image {uri} is not valid. Provide a valid source image.")
