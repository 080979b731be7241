"""Attributes that change, and the codes that show whose an address is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_emu.services.child.program.pools import changes
from lambda_emu.services.child.program.pools.context import PoolContext, operation
from lambda_emu.services.child.program.pools.errors import AliasThere, InvalidParameter
from lambda_emu.services.child.program.pools.finding import (
    PoolCall,
    PoolsRequest,
    call_by_admin,
    call_by_token,
    check_known,
    find_user,
)
from lambda_emu.services.child.program.pools.messages import DAY_S, MEDIUM, VERIFY, Way
from lambda_emu.services.child.program.pools.sign_up import ALIAS


@operation("UpdateUserAttributes")
def update_user_attributes(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    call, user = call_by_token(asked)
    given = asked.pairs("UserAttributes")
    if any(f"{name}_verified" in given for name in MEDIUM):
        raise InvalidParameter("Cannot modify the non-mutable attribute email_verified")
    return {"CodeDeliveryDetailsList": _update(context, call, user, given)}


@operation("AdminUpdateUserAttributes")
def admin_update_user_attributes(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    call = call_by_admin(asked)
    _update(context, call, call.user(asked.text("Username")), asked.pairs("UserAttributes"))
    return {}


@operation("GetUserAttributeVerificationCode")
def get_user_attribute_verification_code(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    call, user = call_by_token(asked)
    name = asked.text("AttributeName")
    if name not in MEDIUM or not user.attribute_lookup.get(name):
        raise InvalidParameter(f"user.{name}: Attribute cannot be verified.")
    return {"CodeDeliveryDetails": _send(context, call, user, name, "CustomMessage_VerifyUserAttribute")}


@operation("VerifyUserAttribute")
def verify_user_attribute(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    call, user = call_by_token(asked)
    name = asked.text("AttributeName")
    context.messages.check_code(call, user, VERIFY + name, asked.text("Code"))
    verified = {f"{name}_verified": "true"}
    context.changes.make(
        changes.set_user, pool=call.pool.id, name=user.username, attributes=verified, uses=VERIFY + name
    )
    return {}


def _update(context: PoolContext, call: PoolCall, user: Any, given: dict[str, str]) -> list[dict[str, str]]:
    """An address that is new has to be verified again; where it was sent a code."""
    check_known(call.pool, given)
    new = [name for name in MEDIUM if given.get(name, "") not in ("", user.attribute_lookup.get(name))]
    for name in new:
        _check_free(call, user, name, given[name])
        given.setdefault(f"{name}_verified", "false")
    context.changes.make(changes.set_user, pool=call.pool.id, name=user.username, attributes=given)
    wanted = call.pool.extended_config.get("AutoVerifiedAttributes") or ()
    return [
        _send(context, call, user, name, "CustomMessage_UpdateUserAttribute")
        for name in new if name in wanted and given[f"{name}_verified"] != "true"
    ]  # fmt: skip


def _send(context: PoolContext, call: PoolCall, user: Any, name: str, source: str) -> dict[str, str]:
    way = Way(name, user.attribute_lookup[name])
    context.messages.send_code(call, user, way, source, VERIFY + name, DAY_S)
    return way.details()


def _check_free(call: PoolCall, user: Any, attribute: str, address: str) -> None:
    """What stands for a user's name is one user's alone. AliasThere."""
    other = find_user(call.pool, address)
    if other is not None and other is not user:
        raise AliasThere(ALIAS[attribute])
