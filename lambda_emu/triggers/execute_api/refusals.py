"""What callers of an API are told that does not come from its function, in HTTP APIs' words. docs/contract/events.md.

The texts are AWS's; hints, which go into a header, are ours.
"""

from __future__ import annotations

import json
import re

from lambda_emu.errors.base import BriefError
from lambda_emu.gateway.answers import Answer, hint_headers
from lambda_emu.triggers.http_answer import JSON

LABEL = "execute-api"
"""Stands in an API's host between its id and the region."""
PATH = "/_lambda-emu/api/"
"""What the short path form begins with; the id follows, and then the path as it would be below the API's own host."""
REQUEST_ID = "Apigw-Requestid"
SIGNED_FOR = "execute-api"
INVOKE_API, MANAGE_CONNECTIONS = "execute-api:Invoke", "execute-api:ManageConnections"
"""As IAM's policies name what is done to APIs. docs/security.md#iam."""

_ACCOUNT_BEGIN = re.compile(r"(?<=:)[0-9]{8}(?=[0-9]{4}:)")


class ApiRefusal(BriefError):
    """challenge: of WWW-Authenticate: what a JWT authorizer says is wrong."""

    code, status = "ApiRefusal", 500

    def __init__(self, hint: str | None = None, challenge: str | None = None) -> None:
        super().__init__(hint)
        self.challenge = challenge


class ApiNotFound(ApiRefusal):
    """No API, stage or route."""

    status, words = 404, "Not Found"


class Unauthorized(ApiRefusal):
    """Nobody knows who asks."""

    status, words = 401, "Unauthorized"


class Forbidden(ApiRefusal):
    """Who asks may not."""

    status, words = 403, "Forbidden"


class TooLargeForApi(ApiRefusal):
    status, words = 413, "Request Entity Too Large"


class ApiThrottled(ApiRefusal):
    """More requests than the stage allows."""

    status, words = 429, "Too Many Requests"


class ApiFailure(ApiRefusal):
    """The function or the authorizer failed, or may not be invoked, or what it returned is no answer."""

    status, words = 500, "Internal Server Error"


class ApiUnavailable(ApiRefusal):
    """Nobody answers in time, or there is no room for it."""

    status, words = 503, "Service Unavailable"


def refusal_answer(error: ApiRefusal, request_id: str) -> Answer:
    headers = [("Content-Type", JSON), (REQUEST_ID, request_id)]
    if error.challenge is not None:
        headers.append(("WWW-Authenticate", error.challenge))
    headers += hint_headers(error)
    return Answer(error.status, headers, json.dumps({"message": error.text}, separators=(",", ":")).encode())


def refusal_text(who: str, action: str, arn: str) -> str:
    """In IAM's words."""
    return f"User: {who} is not authorized to perform: {action} on resource: {masked(arn)}"


def masked(arn: str) -> str:
    """AWS does not tell strangers the first digits of an account."""
    return _ACCOUNT_BEGIN.sub("*" * 8, arn, count=1)
