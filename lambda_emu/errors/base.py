"""The one base: what every answer that is not a success consists of."""

from __future__ import annotations

from typing import ClassVar


class LambdaError(Exception):
    """An answer of the Lambda API that is not a success.

    `code` goes to x-amzn-ErrorType, `status` is the HTTP status, `text_key` is `message` or `Message`;
    `kind` is the body's Type (None: the body has none); `reason` is TooManyRequestsException's Reason.
    Where services write the same error in several ways, code and status are each instance's own.
    `text` is None where AWS answers null. `hint` is what we add beside AWS's words, in a header.
    """

    code: str
    status: int
    text_key: ClassVar[str] = "message"
    kind: ClassVar[str | None] = "User"
    reason: str | None = None
    hint: str | None = None

    def __init__(self, text: str | None) -> None:
        super().__init__(text)
        self.text = text


class BriefError(LambdaError):
    """One that AWS tells in the same few words, whatever the cause. words: these. hint: the cause."""

    code, status, kind = "InternalServerErrorException", 500, None
    words: str | None = ""

    def __init__(self, hint: str | None = None, words: str | None = None) -> None:
        """words: where a few causes have their own."""
        super().__init__(self.words if words is None else words)
        self.hint = hint


class InvalidParameter(LambdaError):
    """A business rule of Lambda says no."""

    code, status = "InvalidParameterValueException", 400
