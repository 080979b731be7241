"""Whether a signature of version 4 is by the key that it names. No I/O. Of any service but S3, which has other rules.

The rules: "Create a signed AWS API request" in the IAM user guide.
"""

from __future__ import annotations

import hmac
import posixpath
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import parse_qsl, quote

from msgspec import Struct

from lambda_emu.gateway.request import Request

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW_S = 300.0
"""A signature that is older, or newer, is none any more."""
MOST_EXPIRES_S = 7 * 24 * 3600
UNSIGNED = "UNSIGNED-PAYLOAD"
UNRESERVED = "-_.~"

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<credential>[^,\s]+),\s*SignedHeaders=(?P<headers>[^,\s]+),"
    r"\s*Signature=(?P<signature>[0-9a-f]{64})\s*"
)


class Signed(Struct, frozen=True):
    """What a request says of its signature. lifetime_s: None: not said. in_query: it is there, not in a header."""

    credential: str
    headers: tuple[str, ...]
    signature: str
    time: str
    lifetime_s: float | None
    in_query: bool


def signed_of(asked: Request) -> Signed | None:
    """None: it has no signature that can be read."""
    authorization = asked.header(b"authorization")
    if authorization is not None:
        found = _HEADER.fullmatch(authorization)
        if found is None:
            return None
        time = asked.header(b"x-amz-date") or ""
        return Signed(found["credential"], tuple(found["headers"].split(";")), found["signature"], time, None, False)
    if b"X-Amz-Signature=" not in asked.query:
        return None
    told = dict(parse_qsl(asked.query.decode("latin-1"), keep_blank_values=True))
    expires = told.get("X-Amz-Expires", "")
    return Signed(
        told.get("X-Amz-Credential", ""),
        tuple(told.get("X-Amz-SignedHeaders", "").split(";")),
        told.get("X-Amz-Signature", ""),
        told.get("X-Amz-Date", ""),
        min(int(expires), MOST_EXPIRES_S) if expires.isascii() and expires.isdigit() and len(expires) < 9 else None,
        True,
    )


def is_timely(signed: Signed, now_s: float) -> bool:
    try:
        at_s = datetime.strptime(signed.time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return False
    latest_s = SKEW_S if signed.lifetime_s is None else signed.lifetime_s
    return at_s - SKEW_S <= now_s <= at_s + latest_s


def is_by(secret: str, signed: Signed, asked: Request) -> bool:
    """Whether whoever signed it has this secret, and signed this request, its body included."""
    scope = signed.credential.partition("/")[2]
    date, region, service = (*scope.split("/"), "", "", "")[:3]
    told = asked.header(b"x-amz-content-sha256")
    digest = sha256(asked.body).hexdigest()
    if told is not None and told not in (digest, UNSIGNED):
        return False
    canonical = _canonical(signed, asked, told or digest)
    text = "\n".join((ALGORITHM, signed.time, scope, sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), signed.signature)


def _canonical(signed: Signed, asked: Request, digest: str) -> str:
    values = _values(asked)
    headers = [f"{name}:{values.get(name, '')}\n" for name in signed.headers]
    query = _query(asked.query, signed)
    return "\n".join((asked.method, _path(asked.path), query, "".join(headers), ";".join(signed.headers), digest))


def _values(asked: Request) -> Mapping[str, str]:
    found: dict[str, list[str]] = {}
    for name, value in asked.head.headers:
        found.setdefault(name.decode("latin-1"), []).append(" ".join(value.decode("latin-1").split()))
    return {name: ",".join(values) for name, values in found.items()}


def _path(sent: bytes) -> str:
    """Encoded once more than it was sent, without dots and empty parts."""
    path = sent.decode("latin-1") or "/"
    clean = posixpath.normpath(path).replace("//", "/", 1)
    if path.endswith("/") and clean != "/":
        clean += "/"
    return quote(clean, safe="/" + UNRESERVED)


def _query(query: bytes, signed: Signed) -> str:
    pairs = []
    for part in query.decode("latin-1").split("&") if query else ():
        name, _, value = part.partition("=")
        if not (signed.in_query and name == "X-Amz-Signature"):
            pairs.append((_again(name), _again(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _again(text: str) -> str:
    """Percent-encoded in the one way that signatures have."""
    [(name, _)] = parse_qsl(f"{text}=", keep_blank_values=True, encoding="latin-1") or [("", "")]
    return quote(name, safe=UNRESERVED, encoding="latin-1")
