"""What is said to who signs wrongly, in the code that each family of services has for it.

From "Common errors" of Lambda, SNS and DynamoDB, and "Error responses" of S3; texts as users report them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.router import FORM


class Family(Enum):
    """How a service's errors are written: by X-Amz-Target, by the query protocol, by REST in JSON, by S3."""

    JSON = "json"
    QUERY = "query"
    REST = "rest"
    S3 = "s3"


class Reason(Enum):
    UNKNOWN_KEY = "no such key"
    WRONG = "not by this key"
    UNTIMELY = "too old, or too new"
    INCOMPLETE = "something of it is missing"
    MISSING = "not signed"
    EXPIRED = "the session is over"
    BAD_TOKEN = "the session token is none"


CODES: Mapping[Reason, Mapping[Family, tuple[str, int]]] = {
    Reason.UNKNOWN_KEY: {
        Family.JSON: ("UnrecognizedClientException", 400),
        Family.QUERY: ("InvalidClientTokenId", 403),
        Family.REST: ("UnrecognizedClientException", 403),
        Family.S3: ("InvalidAccessKeyId", 403),
    },
    Reason.WRONG: {
        Family.JSON: ("InvalidSignatureException", 400),
        Family.QUERY: ("SignatureDoesNotMatch", 403),
        Family.REST: ("InvalidSignatureException", 403),
        Family.S3: ("SignatureDoesNotMatch", 403),
    },
    Reason.UNTIMELY: {
        Family.JSON: ("InvalidSignatureException", 400),
        Family.QUERY: ("SignatureDoesNotMatch", 403),
        Family.REST: ("InvalidSignatureException", 403),
        Family.S3: ("RequestTimeTooSkewed", 403),
    },
    Reason.INCOMPLETE: {
        Family.JSON: ("IncompleteSignatureException", 400),
        Family.QUERY: ("IncompleteSignature", 400),
        Family.REST: ("IncompleteSignatureException", 403),
        Family.S3: ("AuthorizationHeaderMalformed", 400),
    },
    Reason.MISSING: {
        Family.JSON: ("MissingAuthenticationTokenException", 400),
        Family.QUERY: ("MissingAuthenticationToken", 403),
        Family.REST: ("MissingAuthenticationTokenException", 403),
        Family.S3: ("AccessDenied", 403),
    },
    Reason.EXPIRED: {
        Family.JSON: ("ExpiredTokenException", 400),
        Family.QUERY: ("ExpiredToken", 403),
        Family.REST: ("ExpiredTokenException", 403),
        Family.S3: ("ExpiredToken", 400),
    },
    Reason.BAD_TOKEN: {
        Family.JSON: ("UnrecognizedClientException", 400),
        Family.QUERY: ("InvalidClientTokenId", 403),
        Family.REST: ("UnrecognizedClientException", 403),
        Family.S3: ("InvalidToken", 400),
    },
}

TEXTS: Mapping[Reason, str] = {
    Reason.UNKNOWN_KEY: "The security token included in the request is invalid.",
    Reason.WRONG: (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details."
    ),
    Reason.MISSING: "Missing Authentication Token",
    Reason.EXPIRED: "The security token included in the request is expired",
    Reason.BAD_TOKEN: "The security token included in the request is invalid.",
}
S3_TEXTS: Mapping[Reason, str] = {
    Reason.UNKNOWN_KEY: "The AWS Access Key Id you provided does not exist in our records.",
    Reason.WRONG: (
        "The request signature we calculated does not match the signature you provided. Check your key and signing "
        "method."
    ),
    Reason.UNTIMELY: "The difference between the request time and the current time is too large.",
    Reason.MISSING: "Access Denied",
    Reason.EXPIRED: "The provided token has expired.",
    Reason.BAD_TOKEN: "The provided token is malformed or otherwise invalid.",
}


class BadSignature(LambdaError):
    """Code and status are those of the service's family. members: what S3 says beside code and text.

    query_code: of services whose clients know their errors from the query protocol, as SQS's do (?).
    """

    code, status, kind = "InvalidSignatureException", 403, None

    def __init__(
        self, code: str, status: int, text: str, reason: Reason | None = None, members: Mapping[str, str] = {}
    ) -> None:
        """reason: None: it is S3's own."""
        super().__init__(text)
        self.code = code
        self.status = status
        self.query_code = code if reason is None else CODES[reason][Family.QUERY][0]
        self.members = members


def refused(reason: Reason, family: Family, text: str | None = None, members: Mapping[str, str] = {}) -> BadSignature:
    """text: None: the one that it always has in this family."""
    code, status = CODES[reason][family]
    if text is None:
        text = S3_TEXTS[reason] if family is Family.S3 else TEXTS[reason]
        if reason is Reason.MISSING and family is Family.QUERY:
            text = "Request is missing Authentication Token"
    return BadSignature(code, status, text, reason, members)


def family_of(asked: Request, service: str | None) -> Family:
    """By the request's own form. service: for which it is signed."""
    if service in ("s3", "s3control"):
        return Family.S3
    first = asked.head.first
    kind = first.get(b"content-type", b"")
    if b"x-amz-target" in first or b"smithy-protocol" in first or b"cbor" in kind:
        return Family.JSON
    return Family.QUERY if kind.startswith(FORM) or b"Action=" in asked.query else Family.REST
