"""Passwords that are changed, forgotten, or set and reset by an administrator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_emu.services.child.program.pools import changes
from lambda_emu.services.child.program.pools.context import PoolContext, check_password, given_until_s, operation
from lambda_emu.services.child.program.pools.errors import (
    InvalidParameter,
    NobodyOfClient,
    NoCode,
    NotAuthorized,
    WrongPassword,
)
from lambda_emu.services.child.program.pools.finding import (
    PoolCall,
    PoolsRequest,
    call_by_admin,
    call_by_client,
    call_by_token,
    check_secret,
    find_user,
)
from lambda_emu.services.child.program.pools.messages import HOUR_S, PASSWORD, Way, way_to_recover
from lambda_emu.services.child.program.pools.migration import migrate

UNREACHABLE = "Cannot reset password for the user as there is no registered/verified email or phone_number"


@operation("ForgotPassword")
def forgot_password(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    call, name = call_by_client(asked), asked.text("Username")
    check_secret(call, name, asked.given.get("SecretHash"))
    user = find_user(call.pool, name) or migrate(context, call, name, None)
    if user is None:
        if call.hides_users:  # it is answered as if there were one
            return {"CodeDeliveryDetails": Way("email", f"{name}@example.com").details()}
        raise NobodyOfClient
    return {"CodeDeliveryDetails": _send(context, call, user, ("CONFIRMED", "RESET_REQUIRED", "UNCONFIRMED"))}


@operation("ConfirmForgotPassword")
def confirm_forgot_password(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    call, name = call_by_client(asked), asked.text("Username")
    check_secret(call, name, asked.given.get("SecretHash"))
    user = find_user(call.pool, name)
    if user is None:
        raise NoCode if call.hides_users else NobodyOfClient
    check_password(call.pool, password := asked.text("Password"))
    context.messages.check_code(call, user, PASSWORD, asked.text("ConfirmationCode"))
    said = {"password": password, "status": "CONFIRMED"}
    context.changes.make(changes.set_user, pool=call.pool.id, name=user.username, **said, uses=PASSWORD)
    context.confirmed(call, user, "PostConfirmation_ConfirmForgotPassword")
    return {}


@operation("AdminResetUserPassword")
def admin_reset_user_password(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    call = call_by_admin(asked)
    user = call.user(asked.text("Username"))
    _send(context, call, user, ("CONFIRMED", "RESET_REQUIRED"))
    context.changes.make(changes.set_user, pool=call.pool.id, name=user.username, status="RESET_REQUIRED")
    return {}


@operation("ChangePassword")
def change_password(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    call, user = call_by_token(asked)
    if user.password is None or user.password != asked.given.get("PreviousPassword"):
        raise WrongPassword
    check_password(call.pool, password := asked.text("ProposedPassword"))
    context.changes.make(changes.set_user, pool=call.pool.id, name=user.username, password=password, status="CONFIRMED")
    return {}


@operation("AdminSetUserPassword")
def admin_set_user_password(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    call = call_by_admin(asked)
    user = call.user(asked.text("Username"))
    check_password(call.pool, password := asked.text("Password"))
    is_own = bool(asked.given.get("Permanent"))
    status, until_s = ("CONFIRMED", 0.0) if is_own else ("FORCE_CHANGE_PASSWORD", given_until_s(call.pool))
    pool, name = call.pool.id, user.username
    context.changes.make(changes.set_user, pool=pool, name=name, password=password, status=status, until_s=until_s)
    return {}


def _send(context: PoolContext, call: PoolCall, user: Any, states: tuple[str, ...]) -> dict[str, str]:
    """states: in which a user may be reset. InvalidParameter, NotAuthorized."""
    if not user.enabled:
        raise NotAuthorized("User is disabled.")
    if user.status.value not in states:
        raise NotAuthorized("User password cannot be reset in the current state.")
    way = way_to_recover(call.pool, user)
    if way is None:
        raise InvalidParameter(UNREACHABLE)
    context.messages.send_code(call, user, way, "CustomMessage_ForgotPassword", PASSWORD, HOUR_S)
    return way.details()
