"""Functions packaged as images, as the API shows them and finds their code. Contract: api.md 1.7."""

from __future__ import annotations

from lambda_emu.api.context import RequestContext
from lambda_emu.api.operations import Result
from lambda_emu.model.function.function import ContainerImage, ImageConfig
from lambda_emu.model.image_package import packaged, repository_of


def image_source(context: RequestContext, uri: str, architecture: str) -> ContainerImage:
    """What a version has as its code, with the digest where the engine knows the image already."""
    return packaged(uri, context.find_image(uri, architecture))


def image_location(image: ContainerImage) -> Result:
    """GetFunction's Code."""
    return {
        "RepositoryType": "ECR",
        "ImageUri": image.uri,
        "ResolvedImageUri": f"{repository_of(image.uri)}@sha256:{image.digest}",
    }


def image_config_response(config: ImageConfig) -> Result | None:
    """ImageConfigResponse: only the members that were given, and nothing where none was."""
    given = {
        "EntryPoint": list(config.entry_point),
        "Command": list(config.command),
        "WorkingDirectory": config.working_directory,
    }
    shown = {member: value for member, value in given.items() if value}
    return {"ImageConfig": shown} if shown else None
