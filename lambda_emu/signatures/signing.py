"""Signs requests of our own that no SDK makes."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from time import gmtime, strftime

from msgspec import Struct

from lambda_emu.gateway.request import Request
from lambda_emu.http.message import Head
from lambda_emu.model.credentials import Credentials
from lambda_emu.signatures.signature import ALGORITHM, END, Begin, Signed, canonical, signing_key, text_to_sign


class Unsigned(Struct, frozen=True):
    """A request that is to be signed. target: path and query, as they are sent. service: as signatures name it.

    headers: that are signed with it, by their names in lower case.
    """

    method: str
    target: str
    host: str
    body: bytes
    service: str
    region: str
    headers: Mapping[str, str] = {}


def signature_headers(asked: Unsigned, credentials: Credentials, now_s: float) -> dict[str, str]:
    """Those that are sent with it beside Host and its own; now_s: epoch seconds."""
    time, digest = strftime("%Y%m%dT%H%M%SZ", gmtime(now_s)), sha256(asked.body).hexdigest()
    told = {"x-amz-content-sha256": digest, "x-amz-date": time}
    if credentials.token:
        told["x-amz-security-token"] = credentials.token
    signed_too = {**asked.headers, "host": asked.host, **told}
    fields = sorted((name.encode(), value.encode("latin-1", "replace")) for name, value in signed_too.items())
    names = tuple(name for name, _ in fields)
    target = asked.target.encode("latin-1")
    path, _, query = target.partition(b"?")
    request = Request(Head(asked.method.encode(), target, fields, "1.1", True), path, query, "")
    scope = b"/".join((time[:8].encode(), asked.region.encode(), asked.service.encode(), END))
    begin = Begin(credentials.access_key, scope, time[:8], asked.region, asked.service, names, b";".join(names))
    signed = Signed(begin, b"", time.encode())
    text = text_to_sign(signed, canonical(signed, request, digest.encode()))
    signature = hmac.digest(signing_key(credentials.secret, begin), text, sha256).hex()
    said = f"Credential={credentials.access_key}/{scope.decode()}, SignedHeaders={begin.joined.decode()}"
    return told | {"Authorization": f"{ALGORITHM.decode()} {said}, Signature={signature}"}
