"""Functions packaged as images: what is refused about their code and members. Contract: api.md 1.3."""

from __future__ import annotations

from lambda_emu.errors.parameters import InvalidParameter


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
