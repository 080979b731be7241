"""RespondToAuthChallenge: an answer, held to what its session remembers, and what comes next."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from lambda_emu.services.child.program.clock import clock
from lambda_emu.services.child.program.pools import changes, custom, factors, srp
from lambda_emu.services.child.program.pools.changes import NO_SESSION
from lambda_emu.services.child.program.pools.context import PoolContext, check_password, operation
from lambda_emu.services.child.program.pools.errors import (
    InvalidParameter,
    NotAuthorized,
    WrongMfaCode,
    WrongPassword,
)
from lambda_emu.services.child.program.pools.finding import (
    PoolCall,
    PoolsRequest,
    call_by_admin,
    call_by_client,
    check_secret,
    find_user,
)
from lambda_emu.services.child.program.pools.messages import MFA
from lambda_emu.services.child.program.pools.sessions import Session
from lambda_emu.services.child.program.pools.sign_in import needed

OVER = "Invalid session for the user, session is expired."
ATTRIBUTE = "userAttributes."


class Answer:
    """One to a challenge. user: None: there is none, and nobody is to find out."""

    def __init__(self, call: PoolCall, session: Session, id: str, responses: Mapping[str, str]) -> None:
        self.call = call
        self.session = session
        self.id = id
        self.responses = responses
        self.user: Any = find_user(call.pool, session.name) if session.name else None

    @property
    def step(self) -> factors.Step:
        return factors.Step(self.call, self.user, self.session.asked_name, self.id, is_answer=True)

    @property
    def course(self) -> custom.Course:
        memo = {name: value for name, value in self.session.memo.items() if name == "SRP_A"}
        return custom.Course(self.step, self.session.memo["history"], memo)


@operation("RespondToAuthChallenge")
def respond_to_auth_challenge(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    return _respond(context, call_by_client(asked))


@operation("AdminRespondToAuthChallenge")
def admin_respond_to_auth_challenge(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    return _respond(context, call_by_admin(asked, with_client=True))


def _respond(context: PoolContext, call: PoolCall) -> dict[str, Any]:
    name, responses = call.asked.text("ChallengeName"), call.asked.texts("ChallengeResponses")
    take = ANSWERS.get(name)
    if take is None:
        raise InvalidParameter(f"{name} is not served by lambda-emu")
    user_name = needed(responses, "USERNAME")
    check_secret(call, user_name, responses.get("SECRET_HASH"))
    block = responses.get("PASSWORD_CLAIM_SECRET_BLOCK") if name == factors.PROOF else None
    id = block or str(call.asked.given.get("Session") or "")
    answer = Answer(call, _session(call, id, name), id, responses)
    if find_user(call.pool, user_name) is not answer.user or (answer.user is None and answer.session.name):
        raise NotAuthorized(NO_SESSION)
    if answer.user is not None and not answer.user.enabled:
        raise NotAuthorized("User is disabled.")
    return take(context, answer)


def _session(call: PoolCall, id: str, challenge: str) -> Session:
    """NotAuthorized."""
    kept: Any = call.pool.backend.sessions.get(id)
    if kept is not None and not isinstance(kept, Session):  # moto's own, once a factor is set up
        name, pool = kept
        kept = Session(pool, name, name, call.client.id, factors.SETUP, float("inf"), {"is_set_up": True})
    if kept is None or kept.pool is not call.pool or kept.client_id != call.client.id:
        raise NotAuthorized(NO_SESSION)
    if kept.until_s <= clock.now_s():
        raise NotAuthorized(OVER)
    if kept.challenge != challenge:
        raise NotAuthorized(NO_SESSION)
    found: Session = kept
    return found


def take_proof(context: PoolContext, answer: Answer) -> dict[str, Any]:
    """Of a password, by SRP. A wrong one ends the session."""
    session, call = answer.session, answer.call
    signature, timestamp = (needed(answer.responses, name) for name in ("PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP"))
    signed = f"{factors.pool_name(call.pool)}{answer.step.key}".encode() + _decoded(answer.id) + timestamp.encode()
    is_right = srp.proves(session.memo, signed, signature) and answer.user is not None
    if session.memo.get("is_custom"):
        course = answer.course.after(factors.PROOF, is_right=is_right, metadata=None)
        return custom.next_challenge(context, course)
    if not is_right:
        context.changes.make(changes.close_session, pool=call.pool.id, id=answer.id)
        raise WrongPassword
    return factors.after_password(context, answer.step)


def take_password(context: PoolContext, answer: Answer) -> dict[str, Any]:
    """A new one, with what the user adds of attributes. Of two at once the session says whose it is."""
    call, user = answer.call, answer.user
    check_password(call.pool, password := needed(answer.responses, "NEW_PASSWORD"))
    attributes = {
        name.removeprefix(ATTRIBUTE): value for name, value in answer.responses.items() if name.startswith(ATTRIBUTE)
    }
    said = {"name": user.username, "password": password, "attributes": attributes}
    context.changes.make(changes.answer_by_password, pool=call.pool.id, id=answer.id, **said)
    return factors.after_first(context, replace(answer.step, after=None), factors.WITH_NEW_PASSWORD)


def take_sms_code(context: PoolContext, answer: Answer) -> dict[str, Any]:
    call, user = answer.call, answer.user
    context.messages.check_code(call, user, MFA, needed(answer.responses, "SMS_MFA_CODE"), WrongMfaCode)
    context.changes.make(changes.use_code, pool=call.pool.id, name=user.username, purpose=MFA)
    return factors.finish(context, answer.step, answer.session.memo["source"])


def take_app_code(context: PoolContext, answer: Answer) -> dict[str, Any]:
    """By moto's one secret of all users, as AssociateSoftwareToken tells it."""
    if not factors.is_app_code(needed(answer.responses, "SOFTWARE_TOKEN_MFA_CODE")):
        raise WrongMfaCode
    return factors.finish(context, answer.step, answer.session.memo["source"])


def take_choice(context: PoolContext, answer: Answer) -> dict[str, Any]:
    """Of a second factor."""
    chosen = needed(answer.responses, "ANSWER")
    if chosen not in (factors.BY_SMS, factors.BY_APP):
        raise InvalidParameter("Invalid MFA type selected")
    return factors.ask_for_code(context, answer.step, chosen, dict(answer.session.memo))


def take_setup(context: PoolContext, answer: Answer) -> dict[str, Any]:
    """Of a second factor, which VerifySoftwareToken has seen."""
    if not answer.session.memo.get("is_set_up"):
        raise NotAuthorized(NO_SESSION)
    return factors.finish(context, answer.step, factors.SIGNED_IN)


def take_custom(context: PoolContext, answer: Answer) -> dict[str, Any]:
    given = needed(answer.responses, "ANSWER")
    return custom.answer(context, answer.course, answer.session.memo, given)


ANSWERS: Mapping[str, Callable[[PoolContext, Answer], dict[str, Any]]] = {
    factors.PROOF: take_proof,
    factors.NEW_PASSWORD: take_password,
    factors.BY_SMS: take_sms_code,
    factors.BY_APP: take_app_code,
    factors.CHOICE: take_choice,
    factors.SETUP: take_setup,
    custom.CHALLENGE: take_custom,
}


def _decoded(block: str) -> bytes:
    try:
        return base64.b64decode(block)
    except binascii.Error:
        return b""
