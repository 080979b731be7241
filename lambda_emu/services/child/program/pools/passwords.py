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
    Place,
    PoolsRequest,
    check_secret,
    find_user,
    place_of_admin,
    place_of_client,
    place_of_token,
)
from lambda_emu.services.child.program.pools.messages import HOUR_S, PASSWORD, Way, way_to_recover
from lambda_emu.services.child.program.pools.migration import migrate

UNREACHABLE = "Cannot reset password for the user as there is no registered/verified email or phone_number"


@operation("ForgotPassword")
def forgot_password(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    place, name = place_of_client(asked), asked.text("Username")
    check_secret(place, name, asked.given.get("SecretHash"))
    user = find_user(place.pool, name) or migrate(context, place, name, None)
    if user is None:
        if place.hides_users:  # it is answered as if there were one
            return {"CodeDeliveryDetails": Way("email", f"{name}@example.com").details()}
        raise NobodyOfClient
    return {"CodeDeliveryDetails": _send(context, place, user, ("CONFIRMED", "RESET_REQUIRED", "UNCONFIRMED"))}


@operation("ConfirmForgotPassword")
def confirm_forgot_password(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    place, name = place_of_client(asked), asked.text("Username")
    check_secret(place, name, asked.given.get("SecretHash"))
    user = find_user(place.pool, name)
    if user is None:
        raise NoCode if place.hides_users else NobodyOfClient
    check_password(place.pool, password := asked.text("Password"))
    context.messages.check_code(place, user, PASSWORD, asked.text("ConfirmationCode"))
    said = {"password": password, "status": "CONFIRMED"}
    context.changes.make(changes.set_user, pool=place.pool.id, name=user.username, **said, uses=PASSWORD)
    context.confirmed(place, user, "PostConfirmation_ConfirmForgotPassword")
    return {}


@operation("AdminResetUserPassword")
def admin_reset_user_password(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    place = place_of_admin(asked)
    user = place.user(asked.text("Username"))
    _send(context, place, user, ("CONFIRMED", "RESET_REQUIRED"))
    context.changes.make(changes.set_user, pool=place.pool.id, name=user.username, status="RESET_REQUIRED")
    return {}


@operation("ChangePassword")
def change_password(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    place, user = place_of_token(asked)
    if user.password is None or user.password != asked.given.get("PreviousPassword"):
        raise WrongPassword
    check_password(place.pool, password := asked.text("ProposedPassword"))
    context.changes.make(
        changes.set_user, pool=place.pool.id, name=user.username, password=password, status="CONFIRMED"
    )
    return {}


@operation("AdminSetUserPassword")
def admin_set_user_password(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    place = place_of_admin(asked)
    user = place.user(asked.text("Username"))
    check_password(place.pool, password := asked.text("Password"))
    is_own = bool(asked.given.get("Permanent"))
    status, until_s = ("CONFIRMED", 0.0) if is_own else ("FORCE_CHANGE_PASSWORD", given_until_s(place.pool))
    pool, name = place.pool.id, user.username
    context.changes.make(changes.set_user, pool=pool, name=name, password=password, status=status, until_s=until_s)
    return {}


def _send(context: PoolContext, place: Place, user: Any, states: tuple[str, ...]) -> dict[str, str]:
    """states: in which a user may be reset. InvalidParameter, NotAuthorized."""
    if not user.enabled:
        raise NotAuthorized("User is disabled.")
    if user.status.value not in states:
        raise NotAuthorized("User password cannot be reset in the current state.")
    way = way_to_recover(place.pool, user)
    if way is None:
        raise InvalidParameter(UNREACHABLE)
    context.messages.send_code(place, user, way, "CustomMessage_ForgotPassword", PASSWORD, HOUR_S)
    return way.details()
