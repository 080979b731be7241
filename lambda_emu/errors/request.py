"""The request itself is at fault: unreadable, forbidden by the model, too large.

docs/contract/api.md, docs/contract/invoke.md#request.
"""

from __future__ import annotations

from collections.abc import Sequence

from lambda_emu.errors.base import LambdaError


class MalformedRequest(LambdaError):
    """A body that is not JSON, or a member of another JSON type than the model's."""

    code, status, text_key, kind = "SerializationException", 400, "Message", None


class HeadTooLarge(LambdaError):
    """More header than this port takes. AWS takes 1 MB, and its answer to more is not recorded."""

    code, status, kind = "RequestHeaderFieldsTooLargeException", 431, None

    def __init__(self, most_bytes: int, most_fields: int) -> None:
        super().__init__(f"The request line and headers must have at most {most_bytes} bytes and {most_fields} fields")


class UnknownPath(LambdaError):
    """No operation of the model has this path and method. AWS's body has no text; ours helps a lost caller."""

    code, status, text_key, kind = "UnknownOperationException", 404, "Message", None

    def __init__(self, method: str, path: str) -> None:
        super().__init__(f"No operation of Lambda has {method} {path}")


class ConstraintViolations(LambdaError):
    """Members outside the model's constraints; one item each. docs/contract/api.md#validation."""

    code, status, kind = "ValidationException", 400, None

    def __init__(self, items: Sequence[str]) -> None:
        plural = "" if len(items) == 1 else "s"
        super().__init__(f"{len(items)} validation error{plural} detected: {'; '.join(items)}")


class InvalidRequestContent(LambdaError):
    """What Invoke was sent cannot be read."""

    code, status = "InvalidRequestContentException", 400


class PayloadNotJson(InvalidRequestContent):
    """`jackson` says what the parser met and where, as AWS's does (text/json_text.py)."""

    def __init__(self, jackson: str) -> None:
        super().__init__(f"Could not parse request body into json: Could not parse payload into json: {jackson}")


class TooLarge(LambdaError):
    """Not in botocore's model; recorded without a Type."""

    code, status, kind = "RequestEntityTooLargeException", 413, None


class RequestTooLarge(TooLarge):
    """`operation` as AWS writes it: InvokeFunction, CreateFunction …"""

    def __init__(self, limit_bytes: int, operation: str) -> None:
        super().__init__(f"Request must be smaller than {limit_bytes} bytes for the {operation} operation")


class ZippedTooLarge(TooLarge):
    def __init__(self, limit_bytes: int = 52_428_800) -> None:
        super().__init__(f"Zipped size must be smaller than {limit_bytes} bytes")
