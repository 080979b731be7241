"""InitiateAuth: each flow up to tokens or to a first challenge; and how tokens end before their time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lambda_emu.services.child.program.pools import changes, custom, factors
from lambda_emu.services.child.program.pools.context import PoolContext, operation
from lambda_emu.services.child.program.pools.errors import (
    InvalidParameter,
    NotAuthorized,
    NotMigrated,
    NoUser,
    WrongPassword,
)
from lambda_emu.services.child.program.pools.factors import Step
from lambda_emu.services.child.program.pools.finding import (
    PoolCall,
    PoolsRequest,
    call_by_admin,
    call_by_client,
    check_secret,
    find_user,
)
from lambda_emu.services.child.program.pools.migration import migrate
from lambda_emu.services.child.program.pools.triggers import PRE_AUTHENTICATION

Parameters = Mapping[str, str]
Begin = Callable[[PoolContext, PoolCall, Parameters], dict[str, Any]]
BY_DEFAULT = frozenset(("ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"))
SAME = {"ADMIN_NO_SRP_AUTH": "ADMIN_USER_PASSWORD_AUTH", "REFRESH_TOKEN": "REFRESH_TOKEN_AUTH"}
"""Flows that have an older name."""
OLDER = {"ADMIN_NO_SRP_AUTH": "ALLOW_ADMIN_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH": "ALLOW_USER_PASSWORD_AUTH"}
OLDER_CUSTOM = "CUSTOM_AUTH_FLOW_ONLY"


@operation("InitiateAuth")
def initiate_auth(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    flow = _flow(asked)
    if flow.startswith("ADMIN_"):
        raise InvalidParameter("Initiate Auth method not supported.")
    call = call_by_client(asked)
    if not _is_allowed(call.client, flow):
        raise InvalidParameter(f"{flow} flow not enabled for this client")
    return FLOWS[flow](context, call, asked.texts("AuthParameters"))


@operation("AdminInitiateAuth")
def admin_initiate_auth(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    flow = _flow(asked)
    if flow == "USER_PASSWORD_AUTH":
        raise InvalidParameter("Initiate Auth method not supported.")
    call = call_by_admin(asked, with_client=True)
    if not _is_allowed(call.client, flow):
        raise InvalidParameter("Auth flow not enabled for this client")
    return FLOWS[flow](context, call, asked.texts("AuthParameters"))


@operation("GetTokensFromRefreshToken")
def get_tokens_from_refresh_token(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    call = call_by_client(asked)
    if call.client.generate_secret and asked.given.get("ClientSecret") != call.client.secret:
        raise NotAuthorized(f"Client {call.client.id} is configured with secret but it was not received")
    result = context.tokens.refresh(call, asked.text("RefreshToken"), asked.texts("ClientMetadata"))
    return {"AuthenticationResult": result}


@operation("RevokeToken")
def revoke_token(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    """One that is not known is no error."""
    call, token = call_by_client(asked), asked.text("Token")
    if call.client.generate_secret and asked.given.get("ClientSecret") != call.client.secret:
        raise NotAuthorized(f"Invalid client secret for client {call.client.id}")
    context.changes.make(changes.revoke, pool=call.pool.id, token=token)
    return {}


def by_password(context: PoolContext, call: PoolCall, parameters: Parameters) -> dict[str, Any]:
    name, password = needed(parameters, "USERNAME"), needed(parameters, "PASSWORD")
    check_secret(call, name, parameters.get("SECRET_HASH"))
    user = find_user(call.pool, name) or _migrated(context, call, name, password)
    if user is None:
        raise _nobody(context, call, name)
    _ask_before(context, Step(call, user, name))
    if user.password is None or user.password != password:
        if user.status.value == "RESET_REQUIRED":
            factors.check_state(user)
        raise WrongPassword
    return factors.after_password(context, Step(call, user, name))


def by_srp(context: PoolContext, call: PoolCall, parameters: Parameters) -> dict[str, Any]:
    """The password comes with the answer to a challenge, and never itself."""
    name, a_hex = needed(parameters, "USERNAME"), needed(parameters, "SRP_A")
    check_secret(call, name, parameters.get("SECRET_HASH"))
    user = find_user(call.pool, name)
    if user is None and not call.hides_users:
        raise NoUser
    step = Step(call, user, name)
    if user is not None:
        _ask_before(context, step)
    return factors.ask_for_proof(context, step, a_hex, {})


def by_refresh_token(context: PoolContext, call: PoolCall, parameters: Parameters) -> dict[str, Any]:
    token = needed(parameters, "REFRESH_TOKEN")
    if call.client.generate_secret:
        _, user = context.tokens.signed_in(call, token)
        check_secret(call, (user.username, user.id, *user.attribute_lookup.values()), parameters.get("SECRET_HASH"))
    return {"ChallengeParameters": {}, "AuthenticationResult": context.tokens.refresh(call, token, {})}


def by_function(context: PoolContext, call: PoolCall, parameters: Parameters) -> dict[str, Any]:
    """The pool's functions say what is asked, and whether it is answered well."""
    name = needed(parameters, "USERNAME")
    check_secret(call, name, parameters.get("SECRET_HASH"))
    user = find_user(call.pool, name)
    if user is None and not call.hides_users:
        raise NoUser
    step = Step(call, user, name)
    if user is not None:
        _ask_before(context, step)
        if user.status.value == "UNCONFIRMED":
            factors.check_state(user)
    history: list[dict[str, Any]] = []
    memo: dict[str, Any] = {}
    if parameters.get("CHALLENGE_NAME") == "SRP_A":
        memo["SRP_A"] = needed(parameters, "SRP_A")
        history.append({"challengeName": "SRP_A", "challengeResult": True, "challengeMetadata": None})
    return custom.next_challenge(context, custom.Course(step, history, memo))


FLOWS: Mapping[str, Begin] = {
    "ADMIN_USER_PASSWORD_AUTH": by_password,
    "USER_PASSWORD_AUTH": by_password,
    "USER_SRP_AUTH": by_srp,
    "REFRESH_TOKEN_AUTH": by_refresh_token,
    "CUSTOM_AUTH": by_function,
}


def needed(parameters: Parameters, name: str) -> str:
    """InvalidParameter."""
    value = parameters.get(name)
    if not value:
        raise InvalidParameter(f"Missing required parameter {name}")
    return value


def _flow(asked: PoolsRequest) -> str:
    """InvalidParameter: it is none, or one that is not served."""
    flow = asked.text("AuthFlow")
    flow = SAME.get(flow, flow)
    if flow == "USER_AUTH":
        raise InvalidParameter("USER_AUTH is not served by lambda-emu; name the flow")
    if flow not in FLOWS:
        raise InvalidParameter(
            f"1 validation error detected: Value '{flow}' at 'authFlow' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(sorted({*FLOWS, *SAME, 'USER_AUTH'}))}]"
        )
    return flow


def _is_allowed(client: Any, flow: str) -> bool:
    given = client.extended_config.get("ExplicitAuthFlows") or ()
    allowed = {OLDER.get(one, one) for one in given}
    if not any(one.startswith("ALLOW_") for one in given):  # as clients were made at first
        allowed |= {"ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_CUSTOM_AUTH"} if OLDER_CUSTOM in given else BY_DEFAULT
    return f"ALLOW_{flow}" in allowed


def _ask_before(context: PoolContext, step: Step) -> None:
    """The pool's function, whether somebody may sign in. NotAuthorized: the user is disabled."""
    if step.user is not None and not step.user.enabled:
        raise NotAuthorized("User is disabled.")
    request = step.request() | {"validationData": step.call.asked.texts("ClientMetadata") or None}
    context.triggers.run(step.call, PRE_AUTHENTICATION, "PreAuthentication_Authentication", step.key, request)


def _migrated(context: PoolContext, call: PoolCall, name: str, password: str) -> Any:
    try:
        return migrate(context, call, name, password)
    except NotMigrated:
        if call.hides_users:
            raise WrongPassword from None
        raise


def _nobody(context: PoolContext, call: PoolCall, name: str) -> Exception:
    """Where nobody is to find that out, the pool's function is asked all the same."""
    if not call.hides_users:
        return NoUser()
    _ask_before(context, Step(call, None, name))
    return WrongPassword()
