"""What clients of WebSocket APIs, and back ends that ask for connections, are told. docs/contract/events.md.

The texts are AWS's; hints, which go into a header, are ours.
"""

from __future__ import annotations

import json

from lambda_emu.errors.base import BriefError, LambdaError
from lambda_emu.gateway.answers import Answer, error_answer, hint_headers
from lambda_emu.gateway.request import Request
from lambda_emu.triggers.execute_api.refusals import (
    ApiFailure,
    ApiRefusal,
    ApiUnavailable,
    Forbidden,
    Unauthorized,
    refusal_text,
)
from lambda_emu.triggers.http_answer import JSON

INTERNAL, LATE, FORBIDDEN = "Internal server error", "Endpoint request timed out", "Forbidden"


class SocketRefusal(BriefError):
    code, status = "ForbiddenException", 403
    words: str | None = FORBIDDEN


class MayNotConnect(SocketRefusal):
    """The stage is not there, or who asks may not."""


class MayNot(SocketRefusal):
    """No policy lets who signed do so. reason: the end of what AWS says elsewhere; API Gateway does not."""

    code = "AccessDeniedException"

    def __init__(self, who: str, action: str, arn: str, reason: str) -> None:
        super().__init__(reason, refusal_text(who, action, arn))


class MissingToken(SocketRefusal):
    code, words = "MissingAuthenticationTokenException", "Missing Authentication Token"


class WhoConnects(SocketRefusal):
    code, status, words = "UnauthorizedException", 401, "Unauthorized"


class NoUpgrade(SocketRefusal):
    """It asks for no WebSocket."""

    code, status, words = "UpgradeRequiredException", 426, "Upgrade Required"


class BadHandshake(SocketRefusal):
    code, status, words = "BadRequestException", 400, "Bad Request"


class ConnectFailed(SocketRefusal):
    code, status, words = "InternalServerErrorException", 500, INTERNAL


class BackEndFailed(SocketRefusal):
    """It failed, or what it said is no answer."""

    code, status, words = "BadGatewayException", 502, INTERNAL


class NotByModel(SocketRefusal):
    """The route's model is not met."""

    code, status, words = "BadRequestException", 400, "Invalid request body"


class BackEndLate(SocketRefusal):
    code, status, words = "GatewayTimeoutException", 504, LATE


class TooManyConnections(SocketRefusal):
    code, status, words = "LimitExceededException", 429, "Too Many Requests"


class TooOften(SocketRefusal):
    """Beyond what the stage allows of the route. The words on a message are not recorded (?)."""

    code, status, words = "TooManyRequestsException", 429, "Too Many Requests"


class Gone(SocketRefusal):
    """Nobody has this connection, or nobody any more. AWS says nothing."""

    code, status, words = "GoneException", 410, None


class BadConnectionId(SocketRefusal):
    code, status = "BadRequestException", 400

    def __init__(self, connection_id: str) -> None:
        super().__init__(None, f"Invalid connectionId: {connection_id}")


class MessageTooLong(SocketRefusal):
    code, status, words = "PayloadTooLargeException", 413, "Message too long"


class ReadsTooSlowly(SocketRefusal):
    """docs/contract/events.md: the client's buffer is full."""

    code, status, words = "LimitExceededException", 429, "Too Many Requests"


def as_refusal(error: LambdaError) -> LambdaError:
    """What the rooms that all APIs share raise, as a WebSocket API says it."""
    if isinstance(error, SocketRefusal) or not isinstance(error, ApiRefusal):
        return error
    for theirs, ours in _ALIKE:
        if isinstance(error, theirs):
            return ours(error.hint)
    return error


_ALIKE: tuple[tuple[type[ApiRefusal], type[SocketRefusal]], ...] = (
    (Unauthorized, WhoConnects),
    (Forbidden, MayNotConnect),
    (ApiUnavailable, BackEndLate),
    (ApiFailure, ConnectFailed),
)


def refusal_answer(
    error: LambdaError, request: Request, connection_id: str | None = None, request_id: str = ""
) -> Answer:
    """Of a handshake, or of a request for a connection. The ids are those that `$connect` was told, where it was."""
    request_id = request_id or request.request_id
    error = as_refusal(error)
    if not isinstance(error, SocketRefusal):
        return error_answer(error, request.request_id)
    headers = [("Content-Type", JSON), ("x-amzn-ErrorType", error.code), ("x-amzn-RequestId", request_id)]
    body = b"" if error.text is None else told(error.text, connection_id, request_id).encode()
    return Answer(error.status, headers + hint_headers(error), body)


def told(words: str, connection_id: str | None, request_id: str) -> str:
    """As JSON, to a client whose message came to nothing too."""
    said = {"message": words}
    if connection_id is not None:
        said |= {"connectionId": connection_id, "requestId": request_id}
    return json.dumps(said)
