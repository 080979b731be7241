"""What callers of a REST API are told that does not come from its integration. docs/contract/events.md#rest-apis.

Each is of one of API Gateway's types of gateway responses, which an API may have told in other words. The texts are
AWS's; hints, which go into a header, are ours.
"""

from __future__ import annotations

from lambda_emu.errors.base import BriefError
from lambda_emu.triggers.rest_apis.api import Deployment

FAILED = "Internal server error"


class RestRefusal(BriefError):
    """type: of the gateway response. code: in x-amzn-ErrorType.

    deployment: whose gateway responses tell it, where no method was found; validation: what a validator says.
    """

    code, status = "InternalServerErrorException", 500
    type = "API_CONFIGURATION_ERROR"
    words: str | None = FAILED
    deployment: Deployment | None = None
    validation: str | None = None


class ForbiddenStage(RestRefusal):
    """No stage. No gateway response tells it."""

    code, status, type, words = "ForbiddenException", 403, "", "Forbidden"


class NoSuchMethod(RestRefusal):
    """No resource, or none of this method."""

    code, status, type = "MissingAuthenticationTokenException", 403, "MISSING_AUTHENTICATION_TOKEN"
    words = "Missing Authentication Token"

    def __init__(self, deployment: Deployment, hint: str) -> None:
        super().__init__(hint)
        self.deployment = deployment


class NotSigned(RestRefusal):
    """Nobody signed what has to be signed."""

    code, status, type = "MissingAuthenticationTokenException", 403, "MISSING_AUTHENTICATION_TOKEN"
    words = "Missing Authentication Token"


class BadlySigned(RestRefusal):
    code, status, type = "InvalidSignatureException", 403, "INVALID_SIGNATURE"
    words = "The request signature we calculated does not match the signature you provided."


class ExpiredToken(RestRefusal):
    code, status, type = "ExpiredTokenException", 403, "EXPIRED_TOKEN"
    words = "The security token included in the request is expired"


class UnknownCaller(RestRefusal):
    """Nobody knows who asks."""

    code, status, type, words = "UnauthorizedException", 401, "UNAUTHORIZED", "Unauthorized"


class CallerRefused(RestRefusal):
    """Who asks may not."""

    code, status, type, text_key = "AccessDeniedException", 403, "ACCESS_DENIED", "Message"
    words = "User is not authorized to access this resource"


class AuthorizerFailed(RestRefusal):
    """It did not answer. Its text is null."""

    code, status, type, words = "AuthorizerConfigurationException", 500, "AUTHORIZER_FAILURE", None


class AuthorizerMisconfigured(RestRefusal):
    """What it answered is no policy, or it cannot be asked. Its text is null."""

    code, status, type, words = "AuthorizerConfigurationException", 500, "AUTHORIZER_CONFIGURATION_ERROR", None


class BadApiKey(RestRefusal):
    """None, or one that is not of a plan of this stage."""

    code, status, type, words = "ForbiddenException", 403, "INVALID_API_KEY", "Forbidden"


class Throttled(RestRefusal):
    code, status, type, words = "TooManyRequestsException", 429, "THROTTLED", "Too Many Requests"


class QuotaExceeded(RestRefusal):
    code, status, type, words = "LimitExceededException", 429, "QUOTA_EXCEEDED", "Limit Exceeded"


class BadParameters(RestRefusal):
    """A required one is missing. words: which."""

    code, status, type, words = "BadRequestException", 400, "BAD_REQUEST_PARAMETERS", "Bad request"


class BadRequest(RestRefusal):
    """A template asks for what is in a body that is no JSON."""

    code, status, type, words = "BadRequestException", 400, "DEFAULT_4XX", "Bad request"


class BadBody(RestRefusal):
    """It is not as its model is. validation: where."""

    code, status, type, words = "BadRequestException", 400, "BAD_REQUEST_BODY", "Invalid request body"


class UnsupportedMediaType(RestRefusal):
    code, status, type = "BadRequestException", 415, "UNSUPPORTED_MEDIA_TYPE"
    words = "Unsupported Media Type"


class TooLargeForRest(RestRefusal):
    code, status, type = "RequestTooLargeException", 413, "REQUEST_TOO_LARGE"
    words = "Request Too Long"


class Misconfigured(RestRefusal):
    """The integration may not be asked, or cannot be, or what it says fits nothing."""


class IntegrationFailed(RestRefusal):
    """It cannot be reached."""

    status, type = 504, "INTEGRATION_FAILURE"


class BadProxyAnswer(IntegrationFailed):
    """A function failed, or what it returned is no answer."""

    status = 502


class IntegrationTimedOut(RestRefusal):
    status, type, words = 504, "INTEGRATION_TIMEOUT", "Endpoint request timed out"
