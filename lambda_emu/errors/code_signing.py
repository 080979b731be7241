"""Code signing configs that are not there or are used, and code that a config forbids. Contract: api.md 1.3."""

from __future__ import annotations

from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.resources import Conflict, NotFound


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
