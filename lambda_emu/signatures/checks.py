"""What is wrong with a signature before anybody looks at the key: its form, and its time. In AWS's words."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from time import gmtime, strftime
from urllib.parse import parse_qsl

from lambda_emu.gateway.request import Request
from lambda_emu.signatures.refusals import BadSignature, Family, Reason, refused
from lambda_emu.signatures.signature import SIGNATURE, Signed, at_s, members_of, scope_of
from lambda_emu.signatures.version2 import BEGINS, SignedV2, dated_s

SKEW_S, S3_SKEW_S = 300, 900
"""A signature that is older, or newer, is none any more."""
MOST_EXPIRES_S = 7 * 24 * 3600
_OF_VERSION_2 = re.compile(rb"(?:^|[&-])Signature=")
OF_S3 = b"x-amz-"
NOT_HASHED = b"x-amz-content-sha256"


def check_unreadable(asked: Request, family: Family) -> None:
    """Of what has no signature that can be read: whether it has none at all. BadSignature."""
    authorization = asked.head.first.get(b"authorization")
    if authorization is None:
        if SIGNATURE in asked.query:
            raise _unreadable_query(asked, family)
        if family is Family.S3 and _OF_VERSION_2.search(asked.query):
            text = "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"
            raise BadSignature("AccessDenied", 403, text)
        return
    if family is Family.S3:
        raise _unreadable_of_s3(authorization)
    members = members_of(authorization) if authorization.startswith(b"AWS4") else {}
    credential = members.get(b"Credential")
    if credential is not None and scope_of(credential) is None:
        text = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term"
        raise refused(Reason.INCOMPLETE, family, f"{text}, got '{credential.decode('latin-1')}'")
    missing = [
        f"Authorization header requires '{name.decode()}' parameter."
        for name in (b"Credential", b"Signature", b"SignedHeaders")
        if not members.get(name)
    ]
    if b"x-amz-date" not in asked.head.first and b"date" not in asked.head.first:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if not missing:
        raise refused(Reason.WRONG, family)
    digest = b64encode(sha256(authorization).digest()).decode()
    told = f"(Hashed with SHA-256 and encoded with Base64) Authorization={digest}"
    raise refused(Reason.INCOMPLETE, family, " ".join((*missing, told)))


def check_form(signed: Signed, asked: Request, family: Family) -> None:
    """BadSignature."""
    begin = signed.begin
    if b"host" not in begin.headers:
        text = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        raise _malformed(signed, text, family) if family is Family.S3 else refused(Reason.WRONG, family, text)
    day = signed.time[:8].decode("latin-1")
    if begin.date != day and at_s(signed.time) is not None:
        text = (
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{begin.date}' != '{day}', from '{signed.time.decode('latin-1')}'."
        )
        raise _malformed(signed, text, family) if family is Family.S3 else refused(Reason.WRONG, family, text)
    if family is Family.S3:
        _check_headers(signed, asked)


def check_time(signed: Signed | SignedV2, now_s: float, family: Family) -> None:
    """Whether it is of now. BadSignature."""
    if isinstance(signed, SignedV2):
        _check_time_of_v2(signed, now_s)
        return
    made_s = at_s(signed.time)
    if signed.in_query and family is Family.S3:
        _check_lifetime(signed, made_s, now_s)
        return
    if made_s is None:
        raise _dateless(signed, family)
    if family is Family.S3:
        if abs(now_s - made_s) > S3_SKEW_S:
            raise _skewed(made_s, now_s)
        return
    lifetime_s = SKEW_S
    if signed.lifetime is not None and signed.lifetime.isascii() and signed.lifetime.isdigit():
        lifetime_s = min(int(signed.lifetime[:9]), MOST_EXPIRES_S)
    if now_s > made_s + lifetime_s:
        text = f"Signature expired: {_text(made_s)} is now earlier than {_text(now_s - lifetime_s)}"
        raise refused(Reason.UNTIMELY, family, f"{text} ({_text(now_s)} - {lifetime_s / 60:g} min.)")
    if now_s < made_s - SKEW_S:
        text = f"Signature not yet current: {_text(made_s)} is still later than {_text(now_s + SKEW_S)}"
        raise refused(Reason.UNTIMELY, family, f"{text} ({_text(now_s)} + 5 min.)")


def _check_time_of_v2(signed: SignedV2, now_s: float) -> None:
    if signed.expires is not None:
        _check_expiry(_number(signed.expires, "Invalid date (should be seconds since epoch)"), now_s)
        return
    made_s = dated_s(signed)
    if made_s is None:
        raise BadSignature("AccessDenied", 403, "AWS authentication requires a valid Date or x-amz-date header")
    if abs(now_s - made_s) > S3_SKEW_S:
        raise _skewed(made_s, now_s)


def _check_headers(signed: Signed, asked: Request) -> None:
    """S3 wants all of its own headers signed, and says of the body what is signed of it."""
    if not signed.in_query and NOT_HASHED not in asked.head.first:
        text = f"Missing required header for this request: {NOT_HASHED.decode()}"
        raise BadSignature("InvalidRequest", 400, text)
    loose = [name for name in asked.head.first if name.startswith(OF_S3) and name not in signed.begin.headers]
    if loose and loose != [NOT_HASHED]:
        names = ", ".join(name.decode("latin-1") for name in loose)
        text = "There were headers present in the request which were not signed"
        raise BadSignature("AccessDenied", 403, text, members={"HeadersNotSigned": names})


def _check_lifetime(signed: Signed, made_s: int | None, now_s: float) -> None:
    """Of a URL that was signed beforehand for S3."""
    if made_s is None:
        raise _query_error("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    lifetime_s = _number(signed.lifetime or "", "X-Amz-Expires should be a number")
    if lifetime_s < 0:
        raise _query_error("X-Amz-Expires must be non-negative")
    if lifetime_s > MOST_EXPIRES_S:
        raise _query_error(
            f"X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
            f"{MOST_EXPIRES_S} seconds"
        )
    if made_s > now_s + S3_SKEW_S:
        raise BadSignature("AccessDenied", 403, "Request is not valid yet")
    _check_expiry(made_s + lifetime_s, now_s)


def _check_expiry(until_s: int, now_s: float) -> None:
    if now_s > until_s:
        members = {"Expires": _iso(until_s), "ServerTime": _iso(now_s)}
        raise BadSignature("AccessDenied", 403, "Request has expired", members=members)


def _number(text: str, otherwise: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 12):
        raise _query_error(otherwise)
    return int(text)


def _skewed(made_s: float, now_s: float) -> BadSignature:
    members = {
        "RequestTime": _text(made_s),
        "ServerTime": _iso(now_s),
        "MaxAllowedSkewMilliseconds": str(S3_SKEW_S * 1000),
    }
    return refused(Reason.UNTIMELY, Family.S3, members=members)


def _dateless(signed: Signed, family: Family) -> BadSignature:
    if family is Family.S3:
        return BadSignature("AccessDenied", 403, "AWS authentication requires a valid Date or x-amz-date header")
    text = f"Date must be in ISO-8601 'basic format'. Got '{signed.time.decode('latin-1')}'. See http://en.wikipedia.org/wiki/ISO_8601"
    return refused(Reason.INCOMPLETE, family, text)


def _unreadable_query(asked: Request, family: Family) -> BadSignature:
    told = dict(parse_qsl(asked.query.decode("latin-1"), keep_blank_values=True))
    names = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders")
    if family is Family.S3:
        return _query_error(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
            "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
        )
    missing = [f"AWS query-string parameters must include '{name}'." for name in names if not told.get(name)]
    return refused(Reason.INCOMPLETE, family, " ".join(missing)) if missing else refused(Reason.WRONG, family)


def _unreadable_of_s3(authorization: bytes) -> BadSignature:
    if not authorization.startswith((b"AWS4-", BEGINS)):
        text = "Unsupported Authorization Type"
        shown = authorization[:256].decode("latin-1")
        return BadSignature(
            "InvalidArgument", 400, text, members={"ArgumentName": "Authorization", "ArgumentValue": shown}
        )
    text = "the authorization header requires three components: Credential, SignedHeaders, and Signature."
    return refused(Reason.INCOMPLETE, Family.S3, f"The authorization header is malformed; {text}")


def _malformed(signed: Signed, text: str, family: Family) -> BadSignature:
    if signed.in_query:
        return _query_error(text)
    return refused(Reason.INCOMPLETE, family, f"The authorization header is malformed; {text}")


def _query_error(text: str) -> BadSignature:
    return BadSignature("AuthorizationQueryParametersError", 400, text)


def _text(time_s: float) -> str:
    return strftime("%Y%m%dT%H%M%SZ", gmtime(time_s))


def _iso(time_s: float) -> str:
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(time_s))
