"""Signatures of version 2, which S3 alone has: boto3 signs URLs beforehand with it. No I/O.

The rules: "Signing and authenticating REST requests" in S3's user guide.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from hashlib import sha1
from urllib.parse import parse_qsl, unquote

from msgspec import Struct

from lambda_emu.gateway.request import Request

BEGINS = b"AWS "
SUBRESOURCES = frozenset(
    (
        *("accelerate", "acl", "analytics", "cors", "delete", "encryption", "inventory", "lifecycle", "location"),
        *("logging", "metrics", "notification", "partNumber", "policy", "replication", "requestPayment"),
        *("response-cache-control", "response-content-disposition", "response-content-encoding"),
        *("response-content-language", "response-content-type", "response-expires", "restore", "tagging", "torrent"),
        *("uploadId", "uploads", "versionId", "versioning", "versions", "website", "object-lock", "retention"),
        *("legal-hold", "select", "select-type"),
    )
)
"""Members of a query that are signed."""


MOST_S = 253_402_300_799
"""The end of the year 9999."""


class SignedV2(Struct, frozen=True):
    """expires: epoch seconds as they were written, of one in the query; None: of a header's, which has a date."""

    access_key: str
    signature: str
    expires: str | None
    token: str | None
    date: str = ""


def signed_v2_of(asked: Request) -> SignedV2 | None:
    """None: it has no signature of this version."""
    first = asked.head.first
    authorization = first.get(b"authorization")
    if authorization is not None:
        if not authorization.startswith(BEGINS):
            return None
        access_key, _, signature = authorization[len(BEGINS) :].decode("latin-1").strip().partition(":")
        token = first.get(b"x-amz-security-token")
        date = first.get(b"x-amz-date") or first.get(b"date") or b""
        session = None if token is None else token.decode("latin-1")
        return SignedV2(access_key, signature, None, session, date.decode("latin-1"))
    if b"AWSAccessKeyId=" not in asked.query:
        return None
    told = dict(parse_qsl(asked.query.decode("latin-1"), keep_blank_values=True))
    if not {"AWSAccessKeyId", "Signature", "Expires"} <= told.keys():
        return None
    return SignedV2(told["AWSAccessKeyId"], told["Signature"], told["Expires"], told.get("x-amz-security-token"))


def dated_s(signed: SignedV2) -> float | None:
    """When one of a header was made, in epoch seconds; None: it does not say."""
    from email.utils import mktime_tz, parsedate_tz  # here: nearly nobody signs so

    try:
        found = parsedate_tz(signed.date)
        made_s = None if found is None else float(mktime_tz(found))
    except (ValueError, OverflowError):  # no calendar has it
        return None
    return made_s if made_s is not None and abs(made_s) <= MOST_S else None


def is_by(secret: str, signed: SignedV2, asked: Request, bucket: str | None) -> bool:
    """Whether whoever signed it has this secret, and signed this request. bucket: the one that its host names."""
    texts = [text_to_sign(signed, asked, bucket)]
    if bucket is None and asked.path.count(b"/") == 1 and asked.path != b"/":
        texts.append(
            text_to_sign(signed, asked, bucket, behind="/")
        )  # of a bucket alone SDKs sign one that they do not send
    made = [b64encode(hmac.digest(secret.encode(), text.encode("latin-1", "replace"), sha1)) for text in texts]
    return any(hmac.compare_digest(each, signed.signature.encode("latin-1", "replace")) for each in made)


def text_to_sign(signed: SignedV2, asked: Request, bucket: str | None, behind: str = "") -> str:
    """behind: the path, which does not have it."""
    has_date = b"x-amz-date" in asked.head.first
    date = signed.expires or ("" if has_date else asked.header(b"date") or "")
    lines = (asked.method, asked.header(b"content-md5") or "", asked.header(b"content-type") or "", date)
    return "\n".join((*lines, _headers(signed, asked) + _resource(asked, bucket, behind)))


def _headers(signed: SignedV2, asked: Request) -> str:
    """Those of S3's own, each with a newline. boto3 signs those that it puts into the query as well."""
    found: dict[str, list[str]] = {}
    for name, value in asked.head.headers:
        if name.startswith(b"x-amz-"):
            found.setdefault(name.decode("latin-1"), []).append(" ".join(value.decode("latin-1").split()))
    if signed.expires is not None:
        for member, told in parse_qsl(asked.query.decode("latin-1"), keep_blank_values=True):
            if member.lower().startswith("x-amz-"):
                found.setdefault(member.lower(), [told])
    return "".join(f"{name}:{','.join(values)}\n" for name, values in sorted(found.items()))


def _resource(asked: Request, bucket: str | None, behind: str) -> str:
    path = asked.path.decode("latin-1") + behind
    parts = sorted(part.partition("=") for part in asked.query.decode("latin-1").split("&"))
    signed = [(name, sign, unquote(value, "latin-1")) for name, sign, value in parts if name in SUBRESOURCES]
    told = "&".join(map("".join, signed))
    return ("" if bucket is None else f"/{bucket}") + path + (f"?{told}" if told else "")
