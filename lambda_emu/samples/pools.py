"""Of user pools: docs/contract/events.md#user-pools."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from lambda_emu.samples.sample import SampleRequest, Samples
from lambda_emu.services.child.program.pools import triggers
from lambda_emu.services.child.program.pools.messages import CODE, LINK
from lambda_emu.services.child.program.pools.triggers import Trigger, event_of

COGNITO = Samples("cognito")
SAMPLES = (COGNITO,)

_WHO = {
    "user": "ada",
    "email": "ada@example.com",
    "pool": "us-east-1_Abc123xyz",
    "client": "1example23456789abcdefghij",
}
_SOURCES = {
    "PreSignUp": ("SignUp", "AdminCreateUser"),
    "PostConfirmation": ("ConfirmSignUp", "ConfirmForgotPassword"),
    "CustomMessage": (
        *("SignUp", "AdminCreateUser", "ResendCode", "ForgotPassword", "UpdateUserAttribute"),
        *("VerifyUserAttribute", "Authentication"),
    ),
    "TokenGeneration": ("Authentication", "NewPasswordChallenge", "RefreshTokens", "HostedAuth", "AuthenticateDevice"),
}
"""What a trigger runs for, which its triggerSource names."""


@COGNITO.add("pre-sign-up", "Somebody signs up.", **_WHO, reason="SignUp")
def pre_sign_up(asked: SampleRequest) -> dict[str, Any]:
    request = {"userAttributes": {"email": asked["email"]}, "validationData": None}
    return _event(asked, triggers.PRE_SIGN_UP, _source(asked, "PreSignUp"), request)


@COGNITO.add("post-confirmation", "Somebody is confirmed.", **_WHO, reason="ConfirmSignUp")
def post_confirmation(asked: SampleRequest) -> dict[str, Any]:
    source = _source(asked, "PostConfirmation")
    return _event(asked, triggers.POST_CONFIRMATION, source, {"userAttributes": _attributes(asked)})


@COGNITO.add("pre-authentication", "Somebody begins to sign in.", **_WHO)
def pre_authentication(asked: SampleRequest) -> dict[str, Any]:
    request = {"userAttributes": _attributes(asked), "validationData": None}
    return _event(asked, triggers.PRE_AUTHENTICATION, "PreAuthentication_Authentication", request)


@COGNITO.add("post-authentication", "Somebody has signed in.", **_WHO)
def post_authentication(asked: SampleRequest) -> dict[str, Any]:
    request = {"userAttributes": _attributes(asked), "newDeviceUsed": False}
    return _event(asked, triggers.POST_AUTHENTICATION, "PostAuthentication_Authentication", request)


@COGNITO.add("custom-message", "A message is to be sent.", **_WHO, reason="SignUp")
def custom_message(asked: SampleRequest) -> dict[str, Any]:
    source = _source(asked, "CustomMessage")
    request = {
        "userAttributes": _attributes(asked),
        "codeParameter": CODE,
        "linkParameter": LINK,
        "usernameParameter": "{username}" if asked["reason"] == "AdminCreateUser" else None,
    }
    return _event(asked, triggers.CUSTOM_MESSAGE, source, request)


@COGNITO.add(
    "pre-token-generation",
    "Tokens are made; version 1, or 2 with scopes.",
    **_WHO,
    reason="Authentication",
    version="1",
)
def pre_token_generation(asked: SampleRequest) -> dict[str, Any]:
    version, source = asked.one_of("version", ("1", "2")), _source(asked, "TokenGeneration")
    groups: dict[str, Any] = {"groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": None}
    request: dict[str, Any] = {"userAttributes": _attributes(asked), "groupConfiguration": groups}
    if version == "1":
        return _event(asked, triggers.TOKEN_CLAIMS, source, request)
    request["scopes"] = ["aws.cognito.signin.user.admin"]
    return _event(asked, triggers.TOKEN_CLAIMS_AND_SCOPES, source, request, version)


@COGNITO.add("user-migration", "Somebody signs in who is not in the pool yet.", **_WHO, password="Secret-1")
def user_migration(asked: SampleRequest) -> dict[str, Any]:
    request = {"password": asked["password"], "validationData": None}
    return _event(asked, triggers.MIGRATION, "UserMigration_Authentication", request)


@COGNITO.add("define-auth-challenge", "Which challenge comes next is asked.", **_WHO)
def define_challenge(asked: SampleRequest) -> dict[str, Any]:
    return _challenge(asked, triggers.DEFINE_CHALLENGE, {"session": []})


@COGNITO.add("create-auth-challenge", "A challenge is to be made.", **_WHO)
def create_challenge(asked: SampleRequest) -> dict[str, Any]:
    return _challenge(asked, triggers.CREATE_CHALLENGE, {"challengeName": "CUSTOM_CHALLENGE", "session": []})


@COGNITO.add("verify-auth-challenge", "An answer to a challenge is to be looked at.", **_WHO, answer="5", expected="5")
def verify_challenge(asked: SampleRequest) -> dict[str, Any]:
    private = {"answer": asked["expected"]}
    request = {"privateChallengeParameters": private, "challengeAnswer": asked["answer"]}
    return _challenge(asked, triggers.VERIFY_CHALLENGE, request)


def _challenge(asked: SampleRequest, trigger: Trigger, request: Mapping[str, Any]) -> dict[str, Any]:
    return _event(asked, trigger, f"{trigger.name}_Authentication", {"userAttributes": _attributes(asked), **request})


def _source(asked: SampleRequest, trigger: str) -> str:
    return f"{trigger}_{asked.one_of('reason', _SOURCES[trigger])}"


def _attributes(asked: SampleRequest) -> dict[str, str]:
    """As of a user who is confirmed."""
    known = {"sub": asked.clock.new_id(), "cognito:user_status": "CONFIRMED"}
    return {**known, "email_verified": "true", "email": asked["email"]}


def _event(
    asked: SampleRequest, trigger: Trigger, source: str, request: dict[str, Any], version: str = "1"
) -> dict[str, Any]:
    caller = {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": asked["client"]}
    pool: Any = SimpleNamespace(region=asked.scope.region, id=asked["pool"])
    place: Any = SimpleNamespace(pool=pool, caller=caller)
    return event_of(place, trigger, source, asked["user"], request, version)
