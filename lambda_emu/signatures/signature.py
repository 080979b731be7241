"""What a signature of version 4 says, and whether it is by the key that it names. No I/O.

The rules: "Create a signed AWS API request" in the IAM user guide, and "Authenticating Requests" in S3's API reference,
which has the path as it is, and bodies that are not signed.
"""

from __future__ import annotations

import hmac
import posixpath
import re
from calendar import timegm
from hashlib import sha256
from typing import TypeVar
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from msgspec import Struct

from lambda_emu.gateway.request import Request
from lambda_emu.http.message import Head

ALGORITHM = b"AWS4-HMAC-SHA256"
END = b"aws4_request"
S3 = "s3"
SIGNATURE = b"X-Amz-Signature="
UNSIGNED = b"UNSIGNED-PAYLOAD"
STREAMING = b"STREAMING-"
EMPTY_DIGEST = sha256(b"").hexdigest().encode()
UNRESERVED = "-_.~"
KEPT = 1024
KEPT_BYTES = 1024
"""Of what is read once for all requests that say the same; strangers choose it."""

_MEMBER = re.compile(rb"([A-Za-z]{1,32})=([^,\s]*)")
_HEX = re.compile(rb"[0-9a-f]{64}")
_TIME = re.compile(rb"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z")
_PLAIN = re.compile(rb"/?(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*/)*(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)?")
"""A path that is canonical as it was sent, in any service's way."""


class Begin(Struct, frozen=True):
    """What a signature says before it is one: alike for all requests of one client on one day.

    scope: date, region, service and `aws4_request`, with slashes between. headers: names of those that are signed.
    """

    access_key: str
    scope: bytes
    date: str
    region: str
    service: str
    headers: tuple[bytes, ...]
    joined: bytes


class Signed(Struct, frozen=True):
    """A signature. time: as it was written. lifetime: of one in the query, as it was written; None: of a header's.

    token: of temporary credentials.
    """

    begin: Begin
    signature: bytes
    time: bytes
    lifetime: str | None = None
    token: str | None = None

    @property
    def in_query(self) -> bool:
        return self.lifetime is not None

    @property
    def access_key(self) -> str:
        return self.begin.access_key


Key = TypeVar("Key")
Value = TypeVar("Value")

_begins: dict[bytes, Begin] = {}
_keys: dict[tuple[str, bytes], bytes] = {}
_times: dict[bytes, int] = {}


def signed_of(asked: Request) -> Signed | None:
    """None: it has no signature of this version, or none that can be read."""
    first = asked.head.first
    authorization = first.get(b"authorization")
    if authorization is not None:
        text, _, signature = authorization.rpartition(b"Signature=")
        begin = _begins.get(text)
        if begin is None:
            begin, signature = _read_header(authorization, text, signature)
        if begin is None or _HEX.fullmatch(signature) is None:
            return None
        token = first.get(b"x-amz-security-token")
        time = first.get(b"x-amz-date", b"")
        return Signed(begin, signature, time, None, None if token is None else token.decode("latin-1"))
    return _in_query(asked.query) if SIGNATURE in asked.query else None


def at_s(time: bytes) -> int | None:
    """When a signature was made that has this time, in epoch seconds; None: it is no moment that a calendar has."""
    made_s = _times.get(time)
    if made_s is None and (found := _TIME.fullmatch(time)) is not None:
        try:
            made_s = timegm((*map(int, found.groups()), 0, 0, 0))
        except ValueError:
            return None
        _keep(_times, time, made_s)
    return made_s


def is_by(secret: str, signed: Signed, asked: Request, digest: bytes) -> bool:
    """Whether whoever signed it has this secret, and signed this request. digest: of its body, as it is signed."""
    made = hmac.digest(
        signing_key(secret, signed.begin), text_to_sign(signed, canonical(signed, asked, digest)), sha256
    )
    return hmac.compare_digest(made.hex().encode(), signed.signature)


def signing_key(secret: str, begin: Begin) -> bytes:
    """Of a day, a region and a service."""
    found = _keys.get((secret, begin.scope))
    if found is None:
        found = f"AWS4{secret}".encode()
        for part in (begin.date.encode(), begin.region.encode(), begin.service.encode(), END):
            found = hmac.digest(found, part, sha256)
        _keep(_keys, (secret, begin.scope), found)
    return found


def text_to_sign(signed: Signed, request: bytes) -> bytes:
    """request: in the canonical form."""
    return b"\n".join((ALGORITHM, signed.time, signed.begin.scope, sha256(request).hexdigest().encode()))


def canonical(signed: Signed, asked: Request, digest: bytes) -> bytes:
    """The request as it is signed."""
    begin, head = signed.begin, asked.head
    first = head.first if len(head.first) == len(head.headers) else _joined(head)
    lines = [asked.head.method, _path(asked.path, begin.service), _query(asked.query, signed)]
    for name in begin.headers:
        value = first.get(name, b"")
        lines.append(name + b":" + (b" ".join(value.split()) if b" " in value or b"\t" in value else value))
    lines += (b"", begin.joined, digest)
    return b"\n".join(lines)


def scope_of(credential: bytes) -> tuple[str, bytes, str, str, str] | None:
    """Access key, scope, date, region and service; None: it is no credential."""
    access_key, *scope = credential.split(b"/")
    if len(scope) != 4 or scope[3] != END or not all((access_key, *scope)):
        return None
    date, region, service, _ = (part.decode("latin-1") for part in scope)
    return access_key.decode("latin-1"), b"/".join(scope), date, region, service


def members_of(authorization: bytes) -> dict[bytes, bytes]:
    """Those of a header: Credential, SignedHeaders, Signature."""
    return dict(_MEMBER.findall(authorization[len(ALGORITHM) :]))


def _read_header(authorization: bytes, text: bytes, signature: bytes) -> tuple[Begin | None, bytes]:
    """The same, and its signature, wherever it stands."""
    if not authorization.startswith(ALGORITHM):
        return None, b""
    members = members_of(authorization)
    begin = _begin(members.get(b"Credential", b""), members.get(b"SignedHeaders", b""))
    if begin is not None and members.get(b"Signature") == signature and len(text) <= KEPT_BYTES:
        _keep(_begins, text, begin)
    return begin, members.get(b"Signature", b"")


def _begin(credential: bytes, headers: bytes) -> Begin | None:
    found = scope_of(credential)
    if found is None or not headers:
        return None
    access_key, scope, date, region, service = found
    return Begin(access_key, scope, date, region, service, tuple(headers.split(b";")), headers)


def _in_query(query: bytes) -> Signed | None:
    told = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="latin-1"))
    begin = _begin(
        told.get("X-Amz-Credential", "").encode("latin-1"), told.get("X-Amz-SignedHeaders", "").encode("latin-1")
    )
    signature = told.get("X-Amz-Signature", "").encode("latin-1")
    if begin is None or _HEX.fullmatch(signature) is None:
        return None
    time, lifetime = told.get("X-Amz-Date", "").encode("latin-1"), told.get("X-Amz-Expires", "")
    return Signed(begin, signature, time, lifetime, told.get("X-Amz-Security-Token"))


def _joined(head: Head) -> dict[bytes, bytes]:
    """Values of headers that are repeated follow each other, with commas between."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in head.headers:
        found.setdefault(name, []).append(value)
    return {name: b",".join(values) for name, values in found.items()}


def _path(sent: bytes, service: str) -> bytes:
    if is_plain(sent):
        return sent
    if service == S3:
        return quote(unquote_to_bytes(sent), safe="/" + UNRESERVED).encode()
    return _encoded_again(sent)


def is_plain(sent: bytes) -> bool:
    """Whether a path is signed as it was sent, whatever the service."""
    return sent != b"" and _PLAIN.fullmatch(sent) is not None


def _encoded_again(sent: bytes) -> bytes:
    """Encoded once more than it was sent, without dots and empty parts."""
    path = sent.decode("latin-1") or "/"
    clean = posixpath.normpath(path).replace("//", "/", 1)
    if path.endswith("/") and clean != "/":
        clean += "/"
    return quote(clean, safe="/" + UNRESERVED, encoding="latin-1").encode()


def _query(query: bytes, signed: Signed) -> bytes:
    if not query:
        return b""
    pairs = []
    for part in query.decode("latin-1").split("&"):
        name, _, value = part.partition("=")
        if part and not (signed.in_query and name == "X-Amz-Signature"):
            pairs.append((_again(name), _again(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs)).encode()


def _again(text: str) -> str:
    """Percent-encoded in the one way that signatures have."""
    if text.isalnum() and text.isascii():
        return text
    [(name, _)] = parse_qsl(f"{text}=", keep_blank_values=True, encoding="latin-1") or [("", "")]
    return quote(name, safe=UNRESERVED, encoding="latin-1")


def _keep(kept: dict[Key, Value], key: Key, value: Value) -> None:
    """Others may do the same meanwhile."""
    if len(kept) >= KEPT:
        kept.clear()
    kept[key] = value
