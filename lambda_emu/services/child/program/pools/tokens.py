"""Makes tokens: by a sign-in, and by the token to refresh them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from lambda_emu.services.child.program.clock import clock
from lambda_emu.services.child.program.pools import changes
from lambda_emu.services.child.program.pools.changes import Changes
from lambda_emu.services.child.program.pools.claims import (
    ACCESS_OWN,
    ID_OWN,
    SCOPE,
    Moment,
    Wishes,
    access_claims,
    edited,
    groups_of,
    id_claims,
    seconds,
    wishes_v1,
    wishes_v2,
)
from lambda_emu.services.child.program.pools.errors import NotAuthorized
from lambda_emu.services.child.program.pools.finding import PoolCall, find_user, sign_in_of, told_attributes
from lambda_emu.services.child.program.pools.keys import signed
from lambda_emu.services.child.program.pools.sessions import SignIn
from lambda_emu.services.child.program.pools.triggers import (
    TOKEN_CLAIMS,
    TOKEN_CLAIMS_AND_SCOPES,
    Triggers,
    version_of_tokens,
)

DAY_S = 86400


class Tokens:
    """What each token says is asked of the pool's function, if it has one."""

    def __init__(self, triggers: Triggers, changes: Changes) -> None:
        self._triggers = triggers
        self._changes = changes

    def sign_in(self, call: PoolCall, user: Any, source: str, metadata: Mapping[str, str]) -> dict[str, Any]:
        """AuthenticationResult, with a token to refresh the others. PoolError."""
        now_s, origin_jti, token = int(clock.now_s()), str(uuid4()), str(uuid4())
        result = self._make(call, user, source, metadata, Moment(now_s, now_s, origin_jti))
        valid_s = seconds(call.client, "RefreshToken", 30 * DAY_S)
        said = {"client_id": call.client.id, "origin_jti": origin_jti, "at_s": now_s, "until_s": now_s + valid_s}
        self._changes.make(
            changes.sign_in,
            pool=call.pool.id, token=token, access=result["AccessToken"], name=user.username, said=said, now_s=now_s,
        )  # fmt: skip
        return result | {"RefreshToken": token}

    def signed_in(self, call: PoolCall, token: str) -> tuple[SignIn, Any]:
        """By a token to refresh others: how, and who. NotAuthorized."""
        kept = call.pool.refresh_tokens.get(token)
        if kept is None:
            known = token in call.pool.refresh_tokens
            raise NotAuthorized("Refresh Token has been revoked" if known else "Invalid Refresh Token")
        signed_in = sign_in_of(kept)
        user = find_user(call.pool, signed_in.name)
        if signed_in.client_id != call.client.id or user is None:
            raise NotAuthorized("Invalid Refresh Token")
        if signed_in.until_s <= clock.now_s():
            raise NotAuthorized("Refresh Token has expired")
        if not user.enabled:
            raise NotAuthorized("User is disabled.")
        return signed_in, user

    def refresh(self, call: PoolCall, token: str, metadata: Mapping[str, str]) -> dict[str, Any]:
        """AuthenticationResult without another such token. PoolError."""
        (signed_in, user), now_s = self.signed_in(call, token), int(clock.now_s())
        moment = Moment(now_s, int(signed_in.at_s) or now_s, signed_in.origin_jti)
        result = self._make(call, user, "TokenGeneration_RefreshTokens", metadata, moment)
        self._changes.make(
            changes.refresh,
            pool=call.pool.id, access=result["AccessToken"], client_id=call.client.id,
            name=user.username, now_s=now_s,
        )  # fmt: skip
        return result

    def _make(
        self, call: PoolCall, user: Any, source: str, metadata: Mapping[str, str], moment: Moment
    ) -> dict[str, Any]:
        wishes = self._wishes(call, user, source, metadata)
        groups = groups_of(user) if wishes.groups is None else wishes.groups
        identity = edited(id_claims(call, user, groups, moment), wishes.id, ID_OWN)
        access = edited(access_claims(call, user, groups, moment), wishes.access, ACCESS_OWN)
        return {
            "AccessToken": signed(call.pool, access),
            "ExpiresIn": seconds(call.client, "AccessToken", 3600),
            "TokenType": "Bearer",
            "IdToken": signed(call.pool, identity),
        }

    def _wishes(self, call: PoolCall, user: Any, source: str, metadata: Mapping[str, str]) -> Wishes:
        version = version_of_tokens(call.pool)
        request: dict[str, Any] = {
            "userAttributes": told_attributes(user),
            "groupConfiguration": groups_of(user).told(),
        }
        if version != "1":
            request["scopes"] = [SCOPE]
        if metadata:
            request["clientMetadata"] = dict(metadata)
        trigger = TOKEN_CLAIMS if version == "1" else TOKEN_CLAIMS_AND_SCOPES
        said = self._triggers.run(call, trigger, source, user.username, request, version)
        if said is None:
            return Wishes()
        if version == "1":
            return wishes_v1(said["claimsOverrideDetails"])
        return wishes_v2(said["claimsAndScopeOverrideDetails"])
