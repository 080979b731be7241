"""CUSTOM_AUTH: one function says which challenge is next, one makes it, one looks at the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.services.child.program.pools import factors
from lambda_emu.services.child.program.pools.context import PoolContext
from lambda_emu.services.child.program.pools.errors import BadAnswer, BadMember, InvalidParameter, WrongPassword
from lambda_emu.services.child.program.pools.triggers import (
    CREATE_CHALLENGE,
    DEFINE_CHALLENGE,
    VERIFY_CHALLENGE,
    Trigger,
)

CHALLENGE = "CUSTOM_CHALLENGE"
NOT_THERE = "Custom auth lambda trigger is not configured for the user pool."


class Course(Struct, frozen=True):
    """A sign-in so far. history: what was asked, and how it went.

    memo: what else is remembered of it: SRP_A, if a password may be asked for.
    """

    step: factors.Step
    history: list[dict[str, Any]]
    memo: dict[str, Any]

    def kept(self, **more: Any) -> dict[str, Any]:
        """For the session."""
        return {**self.memo, "is_custom": True, "history": self.history, **more}

    def after(self, challenge: str, *, is_right: bool, metadata: str | None) -> Course:
        told = {"challengeName": challenge, "challengeResult": is_right, "challengeMetadata": metadata}
        return Course(self.step, [*self.history, told], self.memo)


def next_challenge(context: PoolContext, course: Course) -> dict[str, Any]:
    """Or tokens, or none."""
    said = _ask(context, course, DEFINE_CHALLENGE, {"session": course.history})
    user = course.step.user
    if said["failAuthentication"] or (said["issueTokens"] and user is None):
        raise WrongPassword
    if said["issueTokens"]:
        return factors.finish(context, course.step, factors.SIGNED_IN)
    if said["challengeName"] == CHALLENGE:
        return _create(context, course)
    if said["challengeName"] == factors.PROOF and "SRP_A" in course.memo:
        return factors.ask_for_proof(context, course.step, course.memo["SRP_A"], course.kept())
    raise BadAnswer


def answer(context: PoolContext, course: Course, memo: Mapping[str, Any], given: str) -> dict[str, Any]:
    """To a custom challenge. memo: of its session."""
    request = {"privateChallengeParameters": memo["private"], "challengeAnswer": given}
    said = _ask(context, course, VERIFY_CHALLENGE, request)
    is_right = said["answerCorrect"] is True
    return next_challenge(context, course.after(CHALLENGE, is_right=is_right, metadata=memo["metadata"]))


def _create(context: PoolContext, course: Course) -> dict[str, Any]:
    said = _ask(context, course, CREATE_CHALLENGE, {"challengeName": CHALLENGE, "session": course.history})
    public, private = _texts(said["publicChallengeParameters"]), _texts(said["privateChallengeParameters"])
    memo = course.kept(private=private, metadata=said["challengeMetadata"])
    return factors.challenge(context, course.step, CHALLENGE, {**public, "USERNAME": course.step.key}, memo)


def _ask(context: PoolContext, course: Course, trigger: Trigger, request: Mapping[str, Any]) -> dict[str, Any]:
    """InvalidParameter: the pool has no such function."""
    step = course.step
    source = f"{trigger.name}_Authentication"
    said = context.triggers.run(step.call, trigger, source, step.key, {**step.request(), **request})
    if said is None:
        raise InvalidParameter(NOT_THERE)
    return said


def _texts(told: Mapping[str, Any] | None) -> dict[str, str]:
    """BadMember."""
    if any(isinstance(value, dict | list) for value in (told or {}).values()):
        raise BadMember
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in (told or {}).items() if value is not None
    }  # fmt: skip
