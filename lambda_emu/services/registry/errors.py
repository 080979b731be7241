"""Errors of the registry, as Docker reads them. https://distribution.github.io/distribution/spec/api/#errors-2

Texts as ECR's, but where (?) says that it is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.json import encode

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.request import Request

if TYPE_CHECKING:
    from lambda_emu.services.registry.names import Repository

VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")


class RegistryError(LambdaError):
    code, status = "UNKNOWN", 500


class NotAuthorized(RegistryError):
    """host: of the registry, which `docker login` is told."""

    code, status = "UNAUTHORIZED", 401

    def __init__(self, host: str) -> None:
        super().__init__("Not Authorized")
        self.host = host


class TokenExpired(RegistryError):
    code, status = "DENIED", 403

    def __init__(self) -> None:
        super().__init__("Your authorization token has expired. Reauthenticate and try again.")


class Denied(RegistryError):
    """text: as policies' refusals say it."""

    code, status = "DENIED", 403


class NoRepository(RegistryError):
    code, status = "NAME_UNKNOWN", 404

    def __init__(self, repository: Repository) -> None:
        super().__init__(
            f"The repository with name '{repository.name}' does not exist in the registry with id "
            f"'{repository.account}'"
        )


class NoSuchPath(RegistryError):
    """(?)"""

    code, status = "NAME_INVALID", 404

    def __init__(self) -> None:
        super().__init__("Images are named ACCOUNT/REGION/REPOSITORY here, as the URI of their repository says")


class NotSupported(RegistryError):
    code, status = "UNSUPPORTED", 405

    def __init__(self) -> None:
        super().__init__("The operation is unsupported.")


class NoImage(RegistryError):
    code, status = "MANIFEST_UNKNOWN", 404

    def __init__(self) -> None:
        super().__init__("Requested image not found")


class NoBlob(RegistryError):
    """(?)"""

    code, status = "BLOB_UNKNOWN", 404

    def __init__(self) -> None:
        super().__init__("blob unknown to registry")


class NoUpload(RegistryError):
    """(?)"""

    code, status = "BLOB_UPLOAD_UNKNOWN", 404

    def __init__(self) -> None:
        super().__init__("blob upload unknown to registry")


class WrongRange(RegistryError):
    """(?) size: what there is of the upload, in bytes."""

    code, status = "RANGE_INVALID", 416

    def __init__(self, size: int) -> None:
        super().__init__(f"the next byte of this upload is {size}")


class WrongDigest(RegistryError):
    """(?)"""

    code, status = "DIGEST_INVALID", 400

    def __init__(self) -> None:
        super().__init__("provided digest did not match uploaded content")


class WrongManifest(RegistryError):
    """(?)"""

    code, status = "MANIFEST_INVALID", 400

    def __init__(self, why: str) -> None:
        super().__init__(f"manifest invalid: {why}")


class MissingLayers(RegistryError):
    """(?)"""

    code, status = "MANIFEST_BLOB_UNKNOWN", 404

    def __init__(self, digest: str) -> None:
        super().__init__(f"Layer with digest '{digest}' does not exist")


class TagImmutable(RegistryError):
    code, status = "TAG_INVALID", 400

    def __init__(self, tag: str, repository: Repository) -> None:
        super().__init__(
            f"The image tag '{tag}' already exists in the '{repository.name}' repository and cannot be overwritten "
            "because the repository is immutable."
        )


class Refused(RegistryError):
    """Whoever serves ECR does not do it, and says why. error_code: as ECR has it."""

    code, status = "DENIED", 400

    def __init__(self, error_code: str, text: str) -> None:
        super().__init__(text)
        self.error_code = error_code


class Unanswered(RegistryError):
    """Nobody says what is of ECR: AWS has no such answer."""

    code, status = "UNAVAILABLE", 503

    def __init__(self, why: str) -> None:
        super().__init__(f"ECR does not answer: {why}")


class Occupied(RegistryError):
    """AWS has no such answer."""

    code, status = "TOOMANYREQUESTS", 503

    def __init__(self) -> None:
        super().__init__("Another image is being put, or images are being removed, for too long")


class TooLarge(RegistryError):
    """(?)"""

    code, status = "SIZE_INVALID", 413

    def __init__(self, most_bytes: int) -> None:
        super().__init__(f"A layer has at most {most_bytes} bytes here")


class RegistryFull(RegistryError):
    """AWS has no such answer."""

    code, status = "TOOMANYREQUESTS", 507

    def __init__(self, most_bytes: int) -> None:
        super().__init__(
            f"lambda-emu keeps {most_bytes / 1024**3:.3g} GB of layers at most: delete images, or repositories"
        )


class DiskFull(RegistryError):
    """AWS has no such answer."""

    code, status = "TOOMANYREQUESTS", 507

    def __init__(self) -> None:
        super().__init__("There is no room left on the disk where lambda-emu keeps its data")


def error_answer(error: LambdaError, request: Request) -> Answer:
    """In the registry's form, whoever raised it."""
    code = error.code if isinstance(error, RegistryError) else "UNKNOWN"
    headers = [("Content-Type", "application/json"), VERSION]
    if isinstance(error, NotAuthorized):
        headers.append(("WWW-Authenticate", f'Basic realm="http://{error.host}/",service="ecr.amazonaws.com"'))
    told = encode({"errors": [{"code": code, "message": error.text}]})
    return Answer(error.status, headers, b"" if request.method == "HEAD" else told)
