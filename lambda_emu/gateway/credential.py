"""The credential that a request is signed with, as SigV4 writes it. Signatures are not checked."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from msgspec import Struct

_BEGINS = b"Credential="
_CREDENTIAL = re.compile(rb"([^/\s,]++)/[^/\s,]++/([a-z0-9-]++)/([a-z0-9-]++)/aws4_request")
_IN_QUERY = re.compile(rb"(?:^|&)X-Amz-Credential=([^&]{1,512})")
MOST_BYTES = 512
"""Of a credential; AWS's have about 70. Only the first one of a header is looked at, so that a search stays linear."""


class Credential(Struct, frozen=True):
    """access_key: whose. region, service: of the signature's scope."""

    access_key: str
    region: str
    service: str


def credential_of(authorization: bytes | None) -> Credential | None:
    """The one in an Authorization header; None: it names none."""
    if authorization is None:
        return None
    begin = authorization.find(_BEGINS) + len(_BEGINS)
    found = _CREDENTIAL.match(authorization, begin, begin + MOST_BYTES)
    if begin < len(_BEGINS) or found is None:
        return None
    return Credential(found[1].decode("latin-1"), found[2].decode("ascii"), found[3].decode("ascii"))


def credential_in(query: bytes) -> Credential | None:
    """The one of a URL that was signed beforehand; None: it names none."""
    written = _IN_QUERY.search(query)
    if written is None:
        return None
    found = _CREDENTIAL.fullmatch(unquote_to_bytes(written[1]))
    return None if found is None else Credential(found[1].decode("latin-1"), found[2].decode(), found[3].decode())
