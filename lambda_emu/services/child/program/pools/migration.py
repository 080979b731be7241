"""Users of another directory, who come into the pool when they first sign in or have forgotten their password."""

from __future__ import annotations

import logging
from typing import Any
from uuid import uuid4

from lambda_emu.services.child.program.pools import changes
from lambda_emu.services.child.program.pools.context import PoolContext
from lambda_emu.services.child.program.pools.errors import FunctionFailed, FunctionNotRun, NotMigrated
from lambda_emu.services.child.program.pools.finding import PoolCall, own_attribute
from lambda_emu.services.child.program.pools.messages import ways_to_invite
from lambda_emu.services.child.program.pools.triggers import MIGRATION

log = logging.getLogger(__name__)


def migrate(context: PoolContext, call: PoolCall, name: str, password: str | None) -> Any:
    """Who was made of what the pool's function told; None: it has no such function. password: None: it is forgotten.

    NotMigrated: it failed, or told of nobody.
    """
    request: dict[str, Any] = {}
    if password is not None:
        request["password"] = password
    metadata = call.asked.texts("ClientMetadata")
    request["validationData"] = (metadata or None) if password is not None else None
    if metadata and password is None:
        request["clientMetadata"] = metadata
    source = "UserMigration_Authentication" if password is not None else "UserMigration_ForgotPassword"
    try:
        said = context.triggers.run(call, MIGRATION, source, name, request)
    except (FunctionFailed, FunctionNotRun) as error:
        log.warning("%s was not migrated: %s", name, error)
        raise NotMigrated(call.client_id) from error
    if said is None:
        return None
    if not said["userAttributes"]:
        raise NotMigrated(call.client_id)
    return _made(context, call, name, password, said)


def _made(context: PoolContext, call: PoolCall, name: str, password: str | None, said: dict[str, Any]) -> Any:
    attributes = {str(key): _text(value) for key, value in said["userAttributes"].items() if key != "username"}
    sub, own = str(uuid4()), own_attribute(call.pool, name)
    if own is not None:
        attributes.setdefault(own, name)
    key = sub if own is not None else name
    is_ready = password is not None and said["finalUserStatus"] == "CONFIRMED"
    context.changes.make(
        changes.add_user,
        pool=call.pool.id, name=key, sub=sub, password=password if is_ready else None,
        status="CONFIRMED" if is_ready else "RESET_REQUIRED", attributes=attributes, until_s=0.0,
    )  # fmt: skip
    user = call.user(key)
    if is_ready and said["messageAction"] != "SUPPRESS":
        context.messages.invite(call, user, ways_to_invite(call.asked, user), password or "")
    return user


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
