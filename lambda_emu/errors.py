"""Every error AWS Lambda answers, once. Each builds its own text from values; nobody else knows a status code.

LambdaError
├── what the caller did (4xx, Type User)
└── what we or the engine did (5xx, Type Service)

Contract: api.md 1.2 (status, text key, Type) and 1.3 (exact messages).
"""

from __future__ import annotations

from typing import ClassVar


class LambdaError(Exception):
    """An answer of the Lambda API that is not a success.

    `code` goes to x-amzn-ErrorType, `status` is the HTTP status, `text_key` is `message` or `Message`;
    `kind` is the body's Type (None: the body has none); `reason` is TooManyRequestsException's Reason.
    """

    code: ClassVar[str]
    status: ClassVar[int]
    text_key: ClassVar[str] = "message"
    kind: ClassVar[str | None] = "User"
    reason: str | None = None

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class TooManyRequests(LambdaError):
    """More invocations at once than a limit allows. Contract 2.3."""

    code, status = "TooManyRequestsException", 429

    def __init__(self, reason: str) -> None:
        super().__init__("Rate Exceeded.")
        self.reason = reason


class ServiceFailure(LambdaError):
    """The emulator or its engine could not do its part."""

    code, status, text_key, kind = "ServiceException", 500, "Message", "Service"
