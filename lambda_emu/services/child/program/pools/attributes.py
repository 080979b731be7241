"""Attributes that change, and the codes that show whose an address is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_emu.services.child.program.pools import changes
from lambda_emu.services.child.program.pools.context import PoolContext, operation
from lambda_emu.services.child.program.pools.errors import AliasThere, InvalidParameter
from lambda_emu.services.child.program.pools.finding import (
    Place,
    PoolsRequest,
    check_known,
    find_user,
    place_of_admin,
    place_of_token,
)
from lambda_emu.services.child.program.pools.messages import DAY_S, MEDIUM, VERIFY, Way
from lambda_emu.services.child.program.pools.sign_up import ALIAS


@operation("UpdateUserAttributes")
def update_user_attributes(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    place, user = place_of_token(asked)
    given = asked.pairs("UserAttributes")
    if any(f"{name}_verified" in given for name in MEDIUM):
        raise InvalidParameter("Cannot modify the non-mutable attribute email_verified")
    return {"CodeDeliveryDetailsList": _update(context, place, user, given)}


@operation("AdminUpdateUserAttributes")
def admin_update_user_attributes(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    place = place_of_admin(asked)
    _update(context, place, place.user(asked.text("Username")), asked.pairs("UserAttributes"))
    return {}


@operation("GetUserAttributeVerificationCode")
def get_user_attribute_verification_code(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    place, user = place_of_token(asked)
    name = asked.text("AttributeName")
    if name not in MEDIUM or not user.attribute_lookup.get(name):
        raise InvalidParameter(f"user.{name}: Attribute cannot be verified.")
    return {"CodeDeliveryDetails": _send(context, place, user, name, "CustomMessage_VerifyUserAttribute")}


@operation("VerifyUserAttribute")
def verify_user_attribute(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    place, user = place_of_token(asked)
    name = asked.text("AttributeName")
    context.messages.check_code(place, user, VERIFY + name, asked.text("Code"))
    verified = {f"{name}_verified": "true"}
    context.changes.make(
        changes.set_user, pool=place.pool.id, name=user.username, attributes=verified, uses=VERIFY + name
    )
    return {}


def _update(context: PoolContext, place: Place, user: Any, given: dict[str, str]) -> list[dict[str, str]]:
    """An address that is new has to be verified again; where it was sent a code."""
    check_known(place.pool, given)
    new = [name for name in MEDIUM if given.get(name, "") not in ("", user.attribute_lookup.get(name))]
    for name in new:
        _check_free(place, user, name, given[name])
        given.setdefault(f"{name}_verified", "false")
    context.changes.make(changes.set_user, pool=place.pool.id, name=user.username, attributes=given)
    wanted = place.pool.extended_config.get("AutoVerifiedAttributes") or ()
    return [
        _send(context, place, user, name, "CustomMessage_UpdateUserAttribute")
        for name in new if name in wanted and given[f"{name}_verified"] != "true"
    ]  # fmt: skip


def _send(context: PoolContext, place: Place, user: Any, name: str, source: str) -> dict[str, str]:
    way = Way(name, user.attribute_lookup[name])
    context.messages.send_code(place, user, way, source, VERIFY + name, DAY_S)
    return way.details()


def _check_free(place: Place, user: Any, attribute: str, address: str) -> None:
    """What stands for a user's name is one user's alone. AliasThere."""
    other = find_user(place.pool, address)
    if other is not None and other is not user:
        raise AliasThere(ALIAS[attribute])
