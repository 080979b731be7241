"""Code that could not be had from S3. Contract: api.md 1.3."""

from __future__ import annotations

from lambda_emu.errors.parameters import InvalidParameter
from lambda_emu.errors.resources import AccessDenied


class S3Refused(InvalidParameter):
    """code and text: S3's own, or ours where it was not S3 that said no."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {text}")


class S3Unreachable(S3Refused):
    """Nobody answers there, or not as S3 does; AWS has no such error."""

    def __init__(self, endpoint: str, reason: str) -> None:
        super().__init__(
            "EndpointUnreachable",
            f"{endpoint} cannot be used ({reason}). Start it, or name another "
            "by --s3-endpoint or LAMBDA_EMU_S3_ENDPOINT.",
        )


class S3WithoutCredentials(S3Refused):
    """AWS has no such error."""

    def __init__(self) -> None:
        super().__init__(
            "NoCredentials",
            "lambda-emu found no credentials for AWS's own S3. Give it some, or name another S3 "
            "by --s3-endpoint or LAMBDA_EMU_S3_ENDPOINT.",
        )


class S3AccessDenied(AccessDenied):
    """Its words are known from public reports of users."""

    def __init__(self, bucket: str, key: str, text: str) -> None:
        super().__init__(
            "Your access has been denied by S3, please make sure your request credentials have permission to "
            f"GetObject for {bucket}/{key}. S3 Error Code: AccessDenied. S3 Error Message: {text}"
        )
