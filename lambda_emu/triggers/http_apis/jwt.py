"""What a JWT authorizer says of a token whose signature holds. No I/O. docs/contract/events.md#http-apis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lambda_emu.triggers.execute_api.refusals import Forbidden, Unauthorized
from lambda_emu.triggers.http_apis.api import Authorizer

ALGORITHMS = ("RS256", "RS384", "RS512")
"""AWS takes tokens that RSA signed, and no others."""
BEARER = "bearer "


class BadToken(Exception):
    """Why it is none; the text goes into WWW-Authenticate."""


class VerifiedToken(NamedTuple):
    """A token that may be used. until_s: its end, as the wall clock has it."""

    claims: Mapping[str, Any]
    until_s: float

    @property
    def scopes(self) -> tuple[str, ...]:
        said = self.claims.get("scope") or self.claims.get("scp") or ()
        return tuple(said.split()) if isinstance(said, str) else tuple(str(one) for one in said)


def token_in(value: str) -> str:
    """Of what the identity source says, with or without `Bearer`."""
    return (value[len(BEARER) :] if value[: len(BEARER)].lower() == BEARER else value).strip()


def check_claims(claims: Mapping[str, Any], authorizer: Authorizer, now_s: float) -> VerifiedToken:
    """BadToken, in AWS's order: who issued it, for whom, and when it may be used."""
    if claims.get("iss") != authorizer.issuer:
        raise BadToken("the token has an invalid issuer")
    audience = claims.get("aud")
    said = [audience] if isinstance(audience, str) else audience or [claims.get("client_id")]
    if not isinstance(said, list) or not set(map(str, said)) & set(authorizer.audience):
        raise BadToken("the token does not have a valid audience")
    ends_s = _time(claims, "exp")
    if ends_s is None or ends_s <= now_s:
        raise BadToken("the token has expired")
    for name, words in (("nbf", "the token is not valid yet"), ("iat", "the token was issued in the future")):
        if (_time(claims, name) or 0) > now_s:
            raise BadToken(words)
    return VerifiedToken(claims, ends_s)


def check_scopes(verified: VerifiedToken, wanted: tuple[str, ...]) -> None:
    """One of those that the route wants is enough. Forbidden."""
    if wanted and not set(wanted) & set(verified.scopes):
        words = f'Bearer scope="{" ".join(wanted)}" error="insufficient_scope"'
        raise Forbidden("The token has none of the route's authorizationScopes.", words)


def unauthorized(error: BadToken, wanted: tuple[str, ...]) -> Unauthorized:
    words = str(error).replace('"', "'")
    challenge = f'Bearer scope="{" ".join(wanted)}" error="invalid_token" error_description="{words}"'
    return Unauthorized(str(error), challenge)


def token_context(verified: VerifiedToken, wanted: tuple[str, ...]) -> Mapping[str, Any]:
    """As an event has it: every claim as a text; scopes where the route wants some."""
    claims = {name: _text(value) for name, value in verified.claims.items()}
    return {"jwt": {"claims": claims, "scopes": list(verified.scopes) if wanted else None}}


def _text(value: Any) -> str:
    """Lists are written as `[a b]`."""
    if isinstance(value, list):
        return f"[{' '.join(_text(one) for one in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadToken(f"{name} is no time")
    return float(value)
