"""How users come into a pool: by themselves, or made by an administrator; how they are confirmed, and how they go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from lambda_emu.services.child.program.pools import changes
from lambda_emu.services.child.program.pools.context import (
    PoolContext,
    check_password,
    given_until_s,
    made_password,
    operation,
)
from lambda_emu.services.child.program.pools.errors import (
    AliasThere,
    InvalidParameter,
    NotAuthorized,
    UnsupportedState,
    UserThere,
)
from lambda_emu.services.child.program.pools.finding import (
    PoolCall,
    PoolsRequest,
    call_by_admin,
    call_by_client,
    call_by_token,
    check_known,
    check_secret,
    find_user,
    own_attribute,
)
from lambda_emu.services.child.program.pools.messages import DAY_S, SIGN_UP, way_to_verify, ways_to_invite
from lambda_emu.services.child.program.pools.triggers import PRE_SIGN_UP

CONFIRMED, UNCONFIRMED, GIVEN_PASSWORD = "CONFIRMED", "UNCONFIRMED", "FORCE_CHANGE_PASSWORD"
ALIAS = {"email": "given email", "phone_number": "given phone number"}


@operation("SignUp")
def sign_up(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    call, name = call_by_client(asked), asked.text("Username")
    check_secret(call, name, asked.given.get("SecretHash"))
    if (call.pool.extended_config.get("AdminCreateUserConfig") or {}).get("AllowAdminCreateUserOnly"):
        raise NotAuthorized("SignUp is not permitted for this user pool")
    attributes = _attributes(call, name)
    check_password(call.pool, password := asked.text("Password"))
    sub = str(uuid4())
    key = sub if own_attribute(call.pool, name) else name
    said = _ask_before(context, call, "PreSignUp_SignUp", key, attributes)
    is_confirmed = bool(said.get("autoConfirmUser"))
    attributes |= _verified(said, attributes)
    context.changes.make(
        changes.add_user,
        pool=call.pool.id, name=key, sub=sub, password=password,
        status=CONFIRMED if is_confirmed else UNCONFIRMED, attributes=attributes, until_s=0.0,
    )  # fmt: skip
    user = call.user(key)
    told: dict[str, Any] = {"UserConfirmed": is_confirmed, "UserSub": sub}
    if is_confirmed:
        context.confirmed(call, user, "PostConfirmation_ConfirmSignUp")
    elif (details := _send_code(context, call, user, "CustomMessage_SignUp")) is not None:
        told["CodeDeliveryDetails"] = details
    return told


@operation("ConfirmSignUp")
def confirm_sign_up(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    call, name = call_by_client(asked), asked.text("Username")
    check_secret(call, name, asked.given.get("SecretHash"))
    user = call.user(name)
    _check_unconfirmed(user)
    attribute = context.messages.check_code(call, user, SIGN_UP, asked.text("ConfirmationCode"))
    if not asked.given.get("ForceAliasCreation"):
        _check_alias(call, user, attribute)
    said = {"status": CONFIRMED, "attributes": {f"{attribute}_verified": "true"}}
    context.changes.make(changes.set_user, pool=call.pool.id, name=user.username, **said, uses=SIGN_UP)
    context.confirmed(call, user, "PostConfirmation_ConfirmSignUp")
    return {}


@operation("ResendConfirmationCode")
def resend_confirmation_code(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    call, name = call_by_client(asked), asked.text("Username")
    check_secret(call, name, asked.given.get("SecretHash"))
    user = call.user(name)
    if user.status.value != UNCONFIRMED:
        raise InvalidParameter("User is already confirmed.")
    details = _send_code(context, call, user, "CustomMessage_ResendCode")
    if details is None:
        raise NotAuthorized("Auto verification not turned on.")
    return {"CodeDeliveryDetails": details}


@operation("AdminConfirmSignUp")
def admin_confirm_sign_up(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    call = call_by_admin(asked)
    user = call.user(asked.text("Username"))
    _check_unconfirmed(user)
    context.changes.make(changes.set_user, pool=call.pool.id, name=user.username, status=CONFIRMED)
    context.confirmed(call, user, "PostConfirmation_ConfirmSignUp")
    return {}


@operation("AdminCreateUser")
def admin_create_user(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    call, name = call_by_admin(asked), asked.text("Username")
    action = asked.given.get("MessageAction")
    password = asked.given.get("TemporaryPassword") or made_password(call.pool)
    check_password(call.pool, password)
    if action == "RESEND":
        user = call.user(name)
        if user.status.value != GIVEN_PASSWORD:
            raise UnsupportedState("Resend not possible. User is not in FORCE_CHANGE_PASSWORD state")
        until_s = given_until_s(call.pool)
        context.changes.make(
            changes.set_user, pool=call.pool.id, name=user.username, password=password, until_s=until_s
        )
    else:
        user = _create(context, call, name, password)
    if action != "SUPPRESS":
        context.messages.invite(call, user, ways_to_invite(asked, user), password)
    return {"User": told_user(user)}


@operation("DeleteUser")
def delete_user(context: PoolContext, asked: PoolsRequest) -> Mapping[str, Any]:
    call, user = call_by_token(asked)
    context.changes.make(changes.remove_user, pool=call.pool.id, name=user.username)
    return {}


def _create(context: PoolContext, call: PoolCall, name: str, password: str) -> Any:
    attributes = _attributes(call, name)
    sub = str(uuid4())
    key = sub if own_attribute(call.pool, name) else name
    said = _ask_before(context, call, "PreSignUp_AdminCreateUser", key, attributes)
    attributes |= _verified(said, attributes)
    context.changes.make(
        changes.add_user,
        pool=call.pool.id, name=key, sub=sub, password=password, status=GIVEN_PASSWORD, attributes=attributes,
        until_s=given_until_s(call.pool),
    )  # fmt: skip
    return call.user(key)


def told_user(user: Any) -> dict[str, Any]:
    """As AdminCreateUser has it."""
    return {
        "Username": user.username,
        "Attributes": user.attributes,
        "UserCreateDate": user.create_date.timestamp(),
        "UserLastModifiedDate": user.last_modified_date.timestamp(),
        "Enabled": user.enabled,
        "UserStatus": user.status.value,
    }


def _attributes(call: PoolCall, name: str) -> dict[str, str]:
    """Of who is new. UserThere, InvalidParameter."""
    attributes = call.asked.pairs("UserAttributes")
    check_known(call.pool, attributes)
    own = own_attribute(call.pool, name)
    if own is not None:
        attributes[own] = name
    if find_user(call.pool, name) is not None:
        raise UserThere
    missing = [
        each.name for each in call.pool.schema_attributes.values()
        if each.required and each.name not in attributes and each.name != "sub"
    ]  # fmt: skip
    if missing:
        told = "".join(f"{each}: The attribute {each} is required\n" for each in missing)
        raise InvalidParameter(f"Attributes did not conform to the schema: {told}")
    return attributes


def _ask_before(
    context: PoolContext, call: PoolCall, source: str, key: str, attributes: Mapping[str, str]
) -> dict[str, Any]:
    """What the pool's function says of somebody who is to come in."""
    request: dict[str, Any] = {
        "userAttributes": dict(attributes),
        "validationData": call.asked.pairs("ValidationData") or None,
    }
    if metadata := call.asked.texts("ClientMetadata"):
        request["clientMetadata"] = metadata
    return context.triggers.run(call, PRE_SIGN_UP, source, key, request) or {}


def _verified(said: Mapping[str, Any], attributes: Mapping[str, str]) -> dict[str, str]:
    """InvalidParameter: what a function says to be verified is not there."""
    verified = {}
    for answer, attribute in (("autoVerifyEmail", "email"), ("autoVerifyPhone", "phone_number")):
        if said.get(answer):
            if attribute not in attributes:
                raise InvalidParameter(f"{attribute} is not provided but it is set to be verified by PreSignUp")
            verified[f"{attribute}_verified"] = "true"
    return verified


def _send_code(context: PoolContext, call: PoolCall, user: Any, source: str) -> dict[str, str] | None:
    way = way_to_verify(call.pool, user)
    if way is None:
        return None
    context.messages.send_code(call, user, way, source, SIGN_UP, DAY_S)
    return way.details()


def _check_unconfirmed(user: Any) -> None:
    if user.status.value != UNCONFIRMED:
        raise NotAuthorized(f"User cannot be confirmed. Current status is {user.status.value}")


def _check_alias(call: PoolCall, user: Any, attribute: str) -> None:
    """One address is an alias of one user. AliasThere."""
    other = find_user(call.pool, user.attribute_lookup[attribute])
    if other is not None and other is not user:
        raise AliasThere(ALIAS[attribute])
