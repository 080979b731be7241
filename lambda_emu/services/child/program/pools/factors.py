"""What comes between a password and tokens: states of the user, a new password, a second factor, the pool's functions.

A challenge is a session and what is asked; its answer is held to what the session remembers.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.services.child.program.clock import clock
from lambda_emu.services.child.program.pools import changes, srp
from lambda_emu.services.child.program.pools.context import PoolContext
from lambda_emu.services.child.program.pools.errors import NotAuthorized, NotConfirmed, ResetRequired
from lambda_emu.services.child.program.pools.finding import PoolCall, told_attributes
from lambda_emu.services.child.program.pools.messages import MFA, Way
from lambda_emu.services.child.program.pools.triggers import POST_AUTHENTICATION

NEW_PASSWORD, PROOF = "NEW_PASSWORD_REQUIRED", "PASSWORD_VERIFIER"
BY_SMS, BY_APP, CHOICE, SETUP = "SMS_MFA", "SOFTWARE_TOKEN_MFA", "SELECT_MFA_TYPE", "MFA_SETUP"
SIGNED_IN, WITH_NEW_PASSWORD = "TokenGeneration_Authentication", "TokenGeneration_NewPasswordChallenge"
MINUTE_S = 60.0
APP_STEP_S = 30


class Step(Struct, frozen=True):
    """Where a sign-in is. user: None: there is none, and nobody is to find out; name: as it was given.

    after: the session that ends by the next step. is_answer: to a challenge; else it is the first request of all.
    """

    call: PoolCall
    user: Any
    name: str
    after: str | None = None
    is_answer: bool = False

    @property
    def key(self) -> str:
        """As functions and clients are told of the user."""
        return self.name if self.user is None else str(self.user.username)

    def request(self) -> dict[str, Any]:
        """What functions are told. ClientMetadata that came with an answer is; of the first request it is not."""
        told: dict[str, Any] = {"userAttributes": {} if self.user is None else told_attributes(self.user)}
        if self.call.hides_users:
            told["userNotFound"] = self.user is None
        return told | ({"clientMetadata": self.metadata} if self.metadata else {})

    @property
    def metadata(self) -> dict[str, str]:
        return self.call.asked.texts("ClientMetadata") if self.is_answer else {}

    @property
    def session_s(self) -> float:
        return float(self.call.client.extended_config.get("AuthSessionValidity") or 3) * MINUTE_S


def check_state(user: Any) -> None:
    """NotConfirmed, ResetRequired."""
    if user.status.value == "UNCONFIRMED":
        raise NotConfirmed
    if user.status.value == "RESET_REQUIRED":
        raise ResetRequired


def after_password(context: PoolContext, step: Step) -> dict[str, Any]:
    """It was right."""
    user = step.user
    check_state(user)
    if user.status.value != "FORCE_CHANGE_PASSWORD":
        return after_first(context, step, SIGNED_IN)
    until_s = getattr(user, "password_until_s", 0.0)
    if until_s and until_s <= clock.now_s():
        raise NotAuthorized("Temporary password has expired and must be reset by an administrator.")
    shown = {name: value for name, value in user.attribute_lookup.items() if name != "sub"}
    asked = {"USER_ID_FOR_SRP": step.key, "requiredAttributes": "[]", "userAttributes": json.dumps(shown)}
    return challenge(context, step, NEW_PASSWORD, asked, {})


def after_first(context: PoolContext, step: Step, source: str) -> dict[str, Any]:
    """A second factor, if the user has one. source: of the tokens that are made at last."""
    pool, user, memo = step.call.pool, step.user, {"source": source}
    ready = _ready(pool, user)
    if len(ready) > 1 and user.preferred_mfa_setting in ready:
        ready = [user.preferred_mfa_setting]
    if len(ready) > 1:
        asked = {"MFAS_CAN_CHOOSE": json.dumps(ready), "USER_ID_FOR_SRP": step.key}
        return challenge(context, step, CHOICE, asked, memo)
    if ready:
        return ask_for_code(context, step, ready[0], memo)
    if pool.mfa_config == "ON" and (possible := _possible(pool)):
        asked = {"MFAS_CAN_SETUP": json.dumps(possible), "USER_ID_FOR_SRP": step.key}
        return challenge(context, step, SETUP, asked, memo)
    return finish(context, step, source)


def ask_for_code(context: PoolContext, step: Step, factor: str, memo: dict[str, Any]) -> dict[str, Any]:
    asked = {"USER_ID_FOR_SRP": step.key}
    if factor == BY_SMS:
        way = Way("phone_number", step.user.attribute_lookup.get("phone_number", ""))
        context.messages.send_code(step.call, step.user, way, "CustomMessage_Authentication", MFA, step.session_s)
        told = way.details()
        asked |= {"CODE_DELIVERY_DELIVERY_MEDIUM": "SMS", "CODE_DELIVERY_DESTINATION": told["Destination"]}
    return challenge(context, step, factor, asked, memo)


def ask_for_proof(context: PoolContext, step: Step, a_hex: str, memo: dict[str, Any]) -> dict[str, Any]:
    """Of a password, by SRP; where there is no user no proof will do."""
    password = (None if step.user is None else step.user.password) or secrets.token_hex(16)
    kept = srp.begin(pool_name(step.call.pool), step.key, password, a_hex)
    block = base64.b64encode(secrets.token_bytes(96)).decode()
    asked = {name: kept[name] for name in ("SALT", "SRP_B")}
    asked |= {"USER_ID_FOR_SRP": step.key, "USERNAME": step.key, "SECRET_BLOCK": block}
    return challenge(context, step, PROOF, asked, {**memo, **kept}, id=block)


def challenge(
    context: PoolContext,
    step: Step,
    kind: str,
    asked: Mapping[str, str],
    memo: Mapping[str, Any],
    *,
    id: str | None = None,
) -> dict[str, Any]:
    """Open a session for it."""
    id, now_s = id or base64.b64encode(secrets.token_bytes(48)).decode(), clock.now_s()
    said = {
        "name": "" if step.user is None else step.key,
        "asked_name": step.key,
        "client_id": step.call.client.id,
        "challenge": kind,
        "until_s": now_s + step.session_s,
        "memo": dict(memo),
    }
    pool = step.call.pool.id
    context.changes.make(changes.open_session, pool=pool, id=id, after=step.after, now_s=now_s, said=said)
    return {"ChallengeName": kind, "Session": id, "ChallengeParameters": dict(asked)}


def finish(context: PoolContext, step: Step, source: str) -> dict[str, Any]:
    """All was well: the pool's functions are told and asked, and tokens made."""
    call, user = step.call, step.user
    if step.after is not None:
        context.changes.make(changes.close_session, pool=call.pool.id, id=step.after)
    request = step.request() | {"newDeviceUsed": False}
    context.triggers.run(call, POST_AUTHENTICATION, "PostAuthentication_Authentication", user.username, request)
    return {
        "ChallengeParameters": {},
        "AuthenticationResult": context.tokens.sign_in(call, user, source, step.metadata),
    }


def pool_name(pool: Any) -> str:
    """As SRP has it."""
    return str(pool.id).partition("_")[2]


def _possible(pool: Any) -> list[str]:
    """Factors that users may set up."""
    by_app = (pool.token_mfa_config or {}).get("Enabled")
    return [*([BY_SMS] if pool.sms_mfa_config else []), *([BY_APP] if by_app else [])]


def _ready(pool: Any, user: Any) -> list[str]:
    """Factors that the user has, where they are asked for."""
    must = pool.mfa_config == "ON"
    by_sms = bool(user.attribute_lookup.get("phone_number")) and (
        user.sms_mfa_enabled or (must and bool(pool.sms_mfa_config))
    )
    by_app = user.software_token_mfa_enabled or (must and user.token_verified)
    return [*([BY_SMS] if by_sms else []), *([BY_APP] if by_app else [])]


def is_app_code(given: str) -> bool:
    """Of now, or of the step before or after, by moto's one secret of all users."""
    from cryptography.hazmat.primitives.twofactor import InvalidToken
    from moto.cognitoidp.models import COGNITO_TOTP_MFA_SECRET
    from moto.cognitoidp.utils import cognito_totp

    totp, now_s = cognito_totp(COGNITO_TOTP_MFA_SECRET), int(clock.now_s())
    for step in (-1, 0, 1):
        try:
            totp.verify(given.encode(), now_s + step * APP_STEP_S)
        except InvalidToken:
            continue
        return True
    return False
