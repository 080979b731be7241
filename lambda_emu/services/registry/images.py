"""Which images repositories have, as whoever serves ECR knows it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from lambda_emu.services.clients import Call
from lambda_emu.services.registry.errors import NoImage, NoRepository, Refused, TagImmutable, Unanswered
from lambda_emu.services.registry.manifests import DIGEST
from lambda_emu.services.registry.names import Repository


class Image(Struct, frozen=True):
    """manifest: as it was pushed."""

    digest: str
    media_type: str
    manifest: str


class Images:
    """call: asks ECR. Blocks; not on the loop."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def check(self, repository: Repository) -> None:
        """NoRepository."""
        self._ask(repository, "DescribeRepositories", repositoryNames=[repository.name])

    def find(self, repository: Repository, reference: str) -> Image:
        """reference: a tag or a digest. NoImage, NoRepository."""
        said = self._ask(repository, "BatchGetImage", repositoryName=repository.name, imageIds=[_id(reference)])
        if not said["images"]:
            raise NoImage
        (found, *_) = said["images"]
        return Image(found["imageId"]["imageDigest"], found["imageManifestMediaType"], found["imageManifest"])

    def put(self, repository: Repository, image: Image, tag: str | None) -> None:
        """TagImmutable, NoRepository."""
        told = {
            "imageManifest": image.manifest,
            "imageManifestMediaType": image.media_type,
            "imageDigest": image.digest,
            **({} if tag is None else {"imageTag": tag}),
        }
        try:
            self._ask(repository, "PutImage", repositoryName=repository.name, **told)
        except Refused as error:
            if error.error_code not in ("ImageAlreadyExistsException", "ImageTagAlreadyExistsException"):
                raise
            if tag is not None and self.find(repository, tag).digest != image.digest:
                raise TagImmutable(tag, repository) from error

    def tags(self, repository: Repository) -> list[str]:
        """NoRepository."""
        said = self._ask(repository, "DescribeImages", repositoryName=repository.name)
        return sorted(tag for one in said["imageDetails"] for tag in one.get("imageTags", ()))

    def _ask(self, repository: Repository, operation: str, **members: Any) -> dict[str, Any]:
        """NoRepository, Refused, Unanswered."""
        from botocore.exceptions import ClientError, ParamValidationError

        try:
            return self._call("ecr", operation, members, account=repository.account, region=repository.region)
        except ClientError as error:
            if error.response["Error"]["Code"] == "RepositoryNotFoundException":
                raise NoRepository(repository) from error
            said = error.response["Error"]
            raise Refused(str(said.get("Code")), str(said.get("Message"))) from error
        except ParamValidationError as error:
            raise Refused("InvalidParameterException", str(error)) from error
        except (ConnectionError, TimeoutError) as error:
            raise Unanswered(str(error)) from error


def _id(reference: str) -> dict[str, str]:
    return {"imageDigest" if DIGEST.fullmatch(reference) else "imageTag": reference}
