"""Whose tokens are good: the keys of issuers, found by OIDC's discovery, and who signed a token. On the loop.

What blocks is done by workers. An issuer that hangs holds up those who bring its tokens, and nobody else.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing, suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from msgspec.json import decode
from msgspec.structs import replace

from lambda_emu.clock import Clock
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.triggers.execute_api.refusals import ApiFailure
from lambda_emu.triggers.http_apis.api import Authorizer
from lambda_emu.triggers.http_apis.jwt import ALGORITHMS, BadToken, VerifiedToken, check_claims

KEYS = Workers("keys of token issuers", 4, 64)
SIGNATURES = Workers("signatures of tokens", 2, 256)
DISCOVERY = "/.well-known/openid-configuration"
UNREACHABLE = "OIDC discovery endpoint communication error"
KEPT_KEYS_S = 2 * 3600.0
"""As long as AWS does."""
AGAIN_S = 5.0
"""Keys are not asked for more often: also not for a token whose key is unknown, nor after a failure."""
FETCH_S = 3.0
MOST_BYTES = 1024 * 1024
MOST_ISSUERS, MOST_TOKENS = 256, 1024
MISSING = "JWT authorizers need joserfc, which is not installed: pip install 'lambda-emu[services]'"

OwnKeys = Callable[[str], Awaitable[bytes | None]]
"""The key set of a user pool of our own, by its id; None: there is none."""
_COGNITO = re.compile(r"https://cognito-idp\.([a-z0-9-]+)\.amazonaws\.com/([\w-]{1,64})", re.ASCII)
_HERE = re.compile(
    r"http://(?:127\.0\.0\.1|localhost|localhost\.localstack\.cloud):([0-9]+)/(([a-z0-9-]+)_[0-9A-Za-z]{1,55})/?"
)
"""A user pool by the port that its pages are at."""


class Keys(NamedTuple):
    """What an issuer told when it was asked at at_s. told: None: it told nothing."""

    told: tuple[bytes, ...]
    at_s: float


class Issuers:
    """own_keys: asked for the pools that have the names of Cognito's. port: where they can be asked for, too."""

    def __init__(self, loop: Loop, clock: Clock, own_keys: OwnKeys, port: int | None) -> None:
        self._loop = loop
        self._clock = clock
        self._own_keys = own_keys
        self._port = port
        self._keys: dict[str, Keys] = {}
        self._asking: dict[str, asyncio.Future[Keys]] = {}
        self._claims: dict[tuple[str, str], Mapping[str, Any]] = {}  # by issuer and token: its signature holds

    async def verify(self, token: str, authorizer: Authorizer) -> VerifiedToken:
        """BadToken; ApiFailure without the library."""
        authorizer = replace(authorizer, issuer=issuer_named(authorizer.issuer, self._port))
        return check_claims(await self.claims(token, authorizer.issuer), authorizer, self._clock.now_s())

    async def claims(self, token: str, issuer: str) -> Mapping[str, Any]:
        """Of a token that this issuer signed, whatever they say. BadToken; ApiFailure without the library."""
        known = (issuer, token)
        claims = self._claims.get(known)
        if claims is None:
            claims = await self._check(token, issuer)
            while len(self._claims) >= MOST_TOKENS:
                del self._claims[next(iter(self._claims))]
            self._claims[known] = claims
        return claims

    async def _check(self, token: str, issuer: str) -> Mapping[str, Any]:
        keys = await self._keys_of(issuer, KEPT_KEYS_S)
        try:
            return await self._verified(token, keys)
        except UnknownKey as error:
            newer = await self._keys_of(issuer, AGAIN_S)
            if newer is keys:
                raise BadToken(str(error)) from error
            try:
                return await self._verified(token, newer)
            except UnknownKey as still:
                raise BadToken(str(still)) from still

    async def _verified(self, token: str, keys: Keys) -> Mapping[str, Any]:
        if not keys.told:
            raise BadToken(UNREACHABLE)
        try:
            return await self._loop.work(SIGNATURES, signed_claims, token, keys.told)
        except ImportError as error:
            raise ApiFailure(MISSING) from error
        except (Full, Closed) as error:
            raise ApiFailure(str(error)) from error

    async def _keys_of(self, issuer: str, most_s: float) -> Keys:
        """Those that are not older than that, or new ones; many may wait for the same."""
        known = self._keys.get(issuer)
        if known is not None and self._clock.monotonic_s() - known.at_s < (most_s if known.told else AGAIN_S):
            return known
        asking = self._asking.get(issuer)
        if asking is None:
            asking = self._asking[issuer] = asyncio.ensure_future(self._ask(issuer))
            asking.add_done_callback(lambda _: self._asking.pop(issuer, None))
        return await asyncio.shield(asking)

    async def _ask(self, issuer: str) -> Keys:
        found = []
        cognito = _COGNITO.fullmatch(issuer)
        if cognito is not None and (own := await self._own_keys(cognito[2])) is not None:
            found.append(own)
        else:
            with suppress(OSError, ValueError, TimeoutError, Full, Closed):  # who asks is told that it is not reached
                found.append(await asyncio.wait_for(self._loop.work(KEYS, fetch_keys, issuer), 2 * FETCH_S))
        keys = Keys(tuple(found), self._clock.monotonic_s())
        while len(self._keys) >= MOST_ISSUERS:
            del self._keys[next(iter(self._keys))]
        self._keys[issuer] = keys
        return keys


def issuer_named(issuer: str, port: int | None) -> str:
    """As its tokens name it: AWS's name of a user pool that is named by our port, and any other as it is."""
    here = _HERE.fullmatch(issuer)
    if here is None or int(here[1]) != port:
        return issuer
    return f"https://cognito-idp.{here[3]}.amazonaws.com/{here[2]}"


class UnknownKey(Exception):
    """None of the issuer's keys is the token's."""


def signed_claims(token: str, key_sets: tuple[bytes, ...]) -> Mapping[str, Any]:
    """Of a token whose signature is by one of the keys. On a worker. BadToken, UnknownKey, ImportError."""
    from joserfc import jws
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        header = jws.extract_compact(token.encode()).headers()
        if header.get("alg") not in ALGORITHMS:
            raise BadToken(f"signing method {header.get('alg')} is invalid")
        keys = [key for told in key_sets for key in json.loads(told)["keys"] if key.get("kty") == "RSA"]
        fitting = [key for key in keys if key.get("kid") == header.get("kid")]
        if not fitting:
            raise UnknownKey("the token's kid names no key of its issuer")
        held = jws.deserialize_compact(token, KeySet.import_key_set({"keys": fitting}), algorithms=list(ALGORITHMS))
        claims = decode(held.payload)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadToken(f"the token cannot be verified: {type(error).__name__}") from error
    if not isinstance(claims, dict):
        raise BadToken("the token has no claims")
    return claims


def fetch_keys(issuer: str) -> bytes:
    """By discovery. On a worker. OSError, ValueError."""
    configuration = json.loads(_fetch(issuer.removesuffix("/") + DISCOVERY))
    if not isinstance(configuration, dict) or not isinstance(configuration.get("jwks_uri"), str):
        raise ValueError("its configuration names no keys")
    keys = _fetch(configuration["jwks_uri"])
    if not isinstance(json.loads(keys).get("keys"), list):
        raise ValueError("these are no keys")
    return keys


def _fetch(url: str) -> bytes:
    from urllib.request import Request, urlopen  # here: it takes its time

    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError("no URL of HTTP")
    with closing(urlopen(Request(url, headers={"Accept": "application/json"}), timeout=FETCH_S)) as answer:
        found: bytes = answer.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise ValueError("it is too large")
    return found
