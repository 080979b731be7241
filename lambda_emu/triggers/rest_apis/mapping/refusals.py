"""What a caller is told where a request cannot be mapped: the kind of gateway response, and its message."""

from __future__ import annotations


class MappingRefused(Exception):
    """response_type: of the gateway responses. details: `$context.error.validationErrorString`, else None."""

    response_type = "DEFAULT_5XX"
    details: str | None = None

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ParametersMissing(MappingRefused):
    response_type = "BAD_REQUEST_PARAMETERS"

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"Missing required request parameters: [{', '.join(names)}]")


class BodyInvalid(MappingRefused):
    response_type = "BAD_REQUEST_BODY"

    def __init__(self, details: str) -> None:
        super().__init__("Invalid request body")
        self.details = details


class BodyUnreadable(MappingRefused):
    """Of a request: a template or a mapping asks for what is in it, and it is no JSON."""

    response_type = "DEFAULT_4XX"
    status = 400

    def __init__(self, problem: str) -> None:
        super().__init__(f"Could not parse request body into json: {problem}")


class MediaTypeUnsupported(MappingRefused):
    """There is no template for it, and bodies do not pass without one."""

    response_type = "UNSUPPORTED_MEDIA_TYPE"

    def __init__(self) -> None:
        super().__init__("Unsupported Media Type")


class MappingFailed(MappingRefused):
    """The API is at fault: a template that fails, no integration response for an answer. reason: for the log."""

    response_type = "API_CONFIGURATION_ERROR"

    def __init__(self, reason: str) -> None:
        super().__init__("Internal server error")
        self.reason = reason


class MappingLate(MappingRefused):
    """The machine did not get it done in time; nothing is wrong with the mapping."""

    response_type = "INTEGRATION_TIMEOUT"

    def __init__(self, reason: str) -> None:
        super().__init__("Endpoint request timed out")
        self.details = reason
