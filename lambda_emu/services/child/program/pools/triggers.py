"""Runs the functions of a user pool: what each is told, how long it has, and what it may answer.

A function has five seconds, and two more tries if it does not answer in time or cannot be run, as on AWS.
docs/contract/events.md#user-pools.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.model.policies.decision import allows
from lambda_emu.model.policies.policy import Policy
from lambda_emu.services.child.program.front import Answered, Front, FrontError, FrontGone, FrontSlow
from lambda_emu.services.child.program.pools.errors import BadAnswer, BadMember, FunctionFailed, FunctionNotRun
from lambda_emu.services.child.program.pools.finding import PoolCall

log = logging.getLogger(__name__)

LIMIT_S = 5.0
TRIES = 3
PRINCIPAL = "cognito-idp.amazonaws.com"
INVOKE = "lambda:InvokeFunction"
SLOW = "Socket timeout while invoking Lambda function"
LATER = ("TooManyRequestsException", "ServiceException", "EC2ThrottledException", "ResourceNotReadyException")
TOKENS = "PreTokenGeneration"
VERSIONS = {"V1_0": "1", "V2_0": "2", "V3_0": "3"}

Members = Mapping[str, type | tuple[type, ...]]
Said = dict[str, Any]


class Trigger(Struct, frozen=True):
    """name: in LambdaConfig. members: of its response, and what each is; told: what they are before it runs."""

    name: str
    members: Members = {}
    told: Mapping[str, Any] | None = None

    def response(self) -> Said:
        return dict.fromkeys(self.members) if self.told is None else dict(self.told)


PRE_SIGN_UP = Trigger(
    "PreSignUp",
    {"autoConfirmUser": bool, "autoVerifyEmail": bool, "autoVerifyPhone": bool},
    {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False},
)
POST_CONFIRMATION = Trigger("PostConfirmation")
PRE_AUTHENTICATION = Trigger("PreAuthentication")
POST_AUTHENTICATION = Trigger("PostAuthentication")
CUSTOM_MESSAGE = Trigger("CustomMessage", {"smsMessage": str, "emailMessage": str, "emailSubject": str})
DEFINE_CHALLENGE = Trigger(
    "DefineAuthChallenge", {"challengeName": str, "issueTokens": bool, "failAuthentication": bool}
)
CREATE_CHALLENGE = Trigger(
    "CreateAuthChallenge",
    {"publicChallengeParameters": dict, "privateChallengeParameters": dict, "challengeMetadata": str},
)
VERIFY_CHALLENGE = Trigger("VerifyAuthChallengeResponse", {"answerCorrect": bool})
MIGRATION = Trigger(
    "UserMigration",
    {
        "userAttributes": dict,
        "forceAliasCreation": bool,
        "enableSMSMFA": bool,
        "finalUserStatus": str,
        "messageAction": str,
        "desiredDeliveryMediums": list,
    },
)
TOKEN_CLAIMS = Trigger(TOKENS, {"claimsOverrideDetails": dict})
TOKEN_CLAIMS_AND_SCOPES = Trigger(TOKENS, {"claimsAndScopeOverrideDetails": dict})


class Triggers:
    """front: runs functions and tells their policies."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def run(
        self, call: PoolCall, trigger: Trigger, source: str, user_name: str, request: Said, version: str = "1"
    ) -> Said | None:
        """The response, with what the function made of it; None: the pool has no such function. PoolError."""
        arn = function_of(call.pool, trigger.name)
        if arn is None:
            return None
        event = event_of(call, trigger, source, user_name, request, version)
        self.check_permission(call, trigger, arn)
        answered = self._answer(trigger, arn, json.dumps(event).encode())
        if "X-Amz-Function-Error" in answered.headers:
            raise FunctionFailed(trigger.name, _error_in(answered.body))
        return _response_in(answered.body, trigger)

    def _answer(self, trigger: Trigger, arn: str, event: bytes) -> Answered:
        problem = SLOW
        for _ in range(TRIES):
            try:
                answered = self._front.try_run(arn, event, LIMIT_S)
            except FrontSlow:
                problem = SLOW
                continue
            except FrontGone:
                raise
            except FrontError as error:
                problem = str(error)
                continue
            if answered.status < 300:
                return answered
            problem = answered.headers.get("x-amzn-ErrorType", "ServiceException").partition(":")[0]
            if problem not in LATER:
                break
        raise FunctionNotRun(trigger.name, problem)

    def check_permission(self, call: PoolCall, trigger: Trigger, arn: str) -> None:
        """FunctionNotRun: the function's policy does not let Cognito run it for this pool."""
        context = {"aws:SourceArn": call.pool.arn, "aws:SourceAccount": call.pool.account_id}
        document = self._front.function_policy(arn)
        if document and allows(Policy("", document), PRINCIPAL, INVOKE, arn, context):
            return
        try:
            self._front.find_function(arn)
        except FrontGone:
            raise
        except FrontError:
            raise FunctionNotRun(trigger.name, "ResourceNotFoundException") from None
        log.warning("%s has no permission for %s to run it for %s", arn, PRINCIPAL, call.pool.arn)
        raise FunctionNotRun(trigger.name, "AccessDeniedException")


def event_of(call: PoolCall, trigger: Trigger, source: str, user_name: str, request: Said, version: str = "1") -> Said:
    """What a function is told."""
    return {
        "version": version,
        "region": call.pool.region,
        "userPoolId": call.pool.id,
        "userName": user_name,
        "callerContext": call.caller,
        "triggerSource": source,
        "request": request,
        "response": trigger.response(),
    }


def function_of(pool: Any, trigger: str) -> str | None:
    """The ARN of the one that a pool has for it."""
    config = pool.extended_config.get("LambdaConfig") or {}
    found = config.get(trigger) or config.get(f"{trigger}Config")
    arn = found.get("LambdaArn") if isinstance(found, dict) else found
    return str(arn) if arn else None


def version_of_tokens(pool: Any) -> str:
    """Of the event that the function before tokens is told."""
    config = (pool.extended_config.get("LambdaConfig") or {}).get(f"{TOKENS}Config") or {}
    return VERSIONS.get(str(config.get("LambdaVersion")), "1")


def _error_in(body: bytes) -> str:
    try:
        said = json.loads(body)
        return str(said.get("errorMessage") or said.get("errorType") or "")
    except (ValueError, AttributeError):
        return body.decode("utf-8", "replace")


def _response_in(body: bytes, trigger: Trigger) -> Said:
    """BadAnswer, BadMember. What it left out is as it was before."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise BadAnswer from None
    if not isinstance(said, dict) or not isinstance(said.get("response"), dict):
        raise BadAnswer
    answered = trigger.response()
    for name, kind in trigger.members.items():
        value = said["response"].get(name)
        if value is None:
            continue
        if not isinstance(value, kind):
            raise BadMember
        answered[name] = value
    return answered
