"""The key that a user pool signs with, which is its own, and the pages by which others find it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from lambda_emu.services.child.program.pools.claims import SCOPE, Claims, issuer_of

ALGORITHM = "RS256"
PAGES = (".well-known/jwks.json", ".well-known/openid-configuration")


def signed(pool: Any, claims: Claims) -> str:
    from joserfc import jwt

    key = pool.json_web_key
    return str(jwt.encode({"kid": key.thumbprint(), "alg": ALGORITHM}, claims, key))


def key_set(pool: Any) -> dict[str, Any]:
    key = pool.json_web_key
    return {"keys": [key.as_dict(private=False, kid=key.thumbprint(), alg=ALGORITHM, use="sig")]}


def page_of(pool: Any, page: str, url: str) -> dict[str, Any]:
    """url: by which it is asked for."""
    if page == PAGES[0]:
        return key_set(pool)
    asked = urlsplit(url)
    return {
        "issuer": issuer_of(pool),
        "jwks_uri": f"{asked.scheme}://{asked.netloc}/{pool.id}/{PAGES[0]}",
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "response_types_supported": ["code", "token"],
        "scopes_supported": ["openid", "email", "phone", "profile", SCOPE],
        "subject_types_supported": ["public"],
    }
