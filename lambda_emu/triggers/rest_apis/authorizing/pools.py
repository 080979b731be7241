"""Authorizers that are user pools of Cognito: whose token it is, and what it says. On the loop.

docs/contract/events.md#authorizers-of-rest-apis.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lambda_emu.triggers.execute_api.refusals import ApiFailure
from lambda_emu.triggers.execute_api.service import Seams
from lambda_emu.triggers.http_apis.issuers import Issuers
from lambda_emu.triggers.http_apis.jwt import BadToken, token_in
from lambda_emu.triggers.rest_apis.api import Authorizer
from lambda_emu.triggers.rest_apis.authorizing.identity import identity_values
from lambda_emu.triggers.rest_apis.authorizing.patterns import fits
from lambda_emu.triggers.rest_apis.authorizing.permit import Permit, told
from lambda_emu.triggers.rest_apis.entering import Entered
from lambda_emu.triggers.rest_apis.refusals import AuthorizerMisconfigured, UnknownCaller

KIND = "COGNITO_USER_POOLS"
EXPIRED = "The incoming token has expired"
TIMES = ("exp", "iat")
"""Claims that are told as a date; other times are told as the number they are."""
MOST_TOKEN = 16 * 1024

_POOL = re.compile(r"arn:[a-z-]+:cognito-idp:([a-z0-9-]+):\d{12}:userpool/([\w-]{1,55})", re.ASCII)


class PoolAuthorizers:
    """Tokens of a pool's own: those that say who somebody is, or, for a method with scopes, what he may."""

    def __init__(self, seams: Seams, issuers: Issuers) -> None:
        self._clock = seams.clock
        self._issuers = issuers

    async def authorize(self, entered: Entered) -> Permit:
        """UnknownCaller, AuthorizerMisconfigured."""
        authorizer = entered.method.authorizer
        if authorizer is None or authorizer.kind != KIND:
            raise AuthorizerMisconfigured("The method's authorizer does not exist, or has no user pool.")
        values = identity_values(authorizer.identity_source, entered, {})
        token = token_in(values[0]) if values else ""
        if not token or len(token) > MOST_TOKEN:
            raise UnknownCaller("The request brings no token where the identity source says.")
        issuer = _issuer(authorizer, token)
        try:
            claims = await self._issuers.claims(token, issuer)
        except BadToken as error:
            raise UnknownCaller(str(error)) from error
        except ApiFailure as error:
            raise AuthorizerMisconfigured(error.hint) from error
        left_s = self._check(claims, authorizer, entered.method.scopes)
        context = {"claims": {name: _text(name, value) for name, value in claims.items()}}
        return Permit(told(entered, context), self._clock.monotonic_s() + left_s)

    def _check(self, claims: Mapping[str, Any], authorizer: Authorizer, scopes: tuple[str, ...]) -> float:
        """How long it may be used. UnknownCaller."""
        ends_s = claims.get("exp")
        if not isinstance(ends_s, int | float) or isinstance(ends_s, bool):
            raise UnknownCaller("The token has no end.")
        left_s = ends_s - self._clock.now_s()
        if left_s <= 0:
            raise UnknownCaller("The token's exp is over.", EXPIRED)
        if scopes and not set(scopes) & set(str(claims.get("scope") or "").split()):
            raise UnknownCaller("The token has none of the method's authorizationScopes.")
        if not scopes and claims.get("token_use") != "id":
            raise UnknownCaller("The method has no authorizationScopes, so it takes tokens that say who somebody is.")
        if authorizer.validation and not fits(authorizer.validation, str(claims.get("aud") or "")):
            raise UnknownCaller("The token's aud does not fit the authorizer's identityValidationExpression.")
        return float(left_s)


def _issuer(authorizer: Authorizer, token: str) -> str:
    """The pool that the token says it is of, if it is one of the authorizer's. UnknownCaller."""
    try:
        written = token.split(".")[1]
        said = json.loads(urlsafe_b64decode(written + "=" * (-len(written) % 4)))["iss"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise UnknownCaller("The token is none.") from error
    found = [_POOL.fullmatch(arn) for arn in authorizer.pools]
    pools = [f"https://cognito-idp.{one[1]}.amazonaws.com/{one[2]}" for one in found if one is not None]
    if said not in pools:
        raise UnknownCaller("The token is of no user pool of the authorizer's.")
    return str(said)


def _text(name: str, value: Any) -> str:
    """Times as Java writes dates, lists with commas."""
    if name in TIMES and isinstance(value, int | float):
        return f"{datetime.fromtimestamp(value, UTC):%a %b %d %H:%M:%S UTC %Y}"
    if isinstance(value, list):
        return ",".join(_text("", one) for one in value)
    return value if isinstance(value, str) else json.dumps(value)
