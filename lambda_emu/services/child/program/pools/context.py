"""What operations on user pools have in common, and the table of them by name."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from lambda_emu.services.child.program.clock import clock
from lambda_emu.services.child.program.front import Front
from lambda_emu.services.child.program.outbox import Outbox
from lambda_emu.services.child.program.pools.changes import Changes, Keep
from lambda_emu.services.child.program.pools.errors import BadPassword
from lambda_emu.services.child.program.pools.finding import PoolCall, PoolsRequest, told_attributes
from lambda_emu.services.child.program.pools.messages import DAY_S, Messages
from lambda_emu.services.child.program.pools.senders import Senders
from lambda_emu.services.child.program.pools.tokens import Tokens
from lambda_emu.services.child.program.pools.triggers import POST_CONFIRMATION, Triggers

SYMBOLS = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+-"
LETTERS = "abcdefghijkmnopqrstuvwxyz"
"""Of passwords that are made here."""


class PoolContext:
    """keep: keeps and makes a change; None where nothing is kept."""

    def __init__(self, front: Front, outbox: Outbox, keep: Keep | None) -> None:
        self.changes = Changes(keep)
        self.triggers = Triggers(front)
        self.messages = Messages(self.triggers, Senders(front, self.triggers), self.changes, outbox)
        self.tokens = Tokens(self.triggers, self.changes)

    def confirmed(self, call: PoolCall, user: Any, source: str) -> None:
        """Tell the pool's function that somebody is. PoolError: it failed; confirmed the user is all the same."""
        request: dict[str, Any] = {"userAttributes": told_attributes(user)}
        if metadata := call.asked.texts("ClientMetadata"):
            request["clientMetadata"] = metadata
        self.triggers.run(call, POST_CONFIRMATION, source, user.username, request)


Serve = Callable[[PoolContext, PoolsRequest], Mapping[str, Any]]
OPERATIONS: dict[str, Serve] = {}


def operation(name: str) -> Callable[[Serve], Serve]:
    def add(serve: Serve) -> Serve:
        OPERATIONS[name] = serve
        return serve

    return add


def check_password(pool: Any, password: str) -> None:
    """By the pool's policy. BadPassword."""
    policy = (pool.extended_config.get("Policies") or {}).get("PasswordPolicy") or {}
    wanted = (
        ("RequireUppercase", str.isupper, "Password must have uppercase characters"),
        ("RequireLowercase", str.islower, "Password must have lowercase characters"),
        ("RequireNumbers", str.isdigit, "Password must have numeric characters"),
        ("RequireSymbols", lambda one: one in SYMBOLS, "Password must have symbol characters"),
    )
    if len(password) < int(policy.get("MinimumLength") or 6):
        raise BadPassword("Password not long enough")
    for name, is_one, problem in wanted:
        if policy.get(name, False) and not any(is_one(one) for one in password):
            raise BadPassword(problem)


def made_password(pool: Any) -> str:
    """One that every policy lets pass."""
    policy = (pool.extended_config.get("Policies") or {}).get("PasswordPolicy") or {}
    length = max(int(policy.get("MinimumLength") or 8), 8)
    rest = [secrets.choice(LETTERS) for _ in range(length - 3)]
    for one in (secrets.choice(LETTERS).upper(), secrets.choice("23456789"), secrets.choice("!@#%&")):
        rest.insert(secrets.randbelow(len(rest) + 1), one)
    return "".join(rest)


def given_until_s(pool: Any) -> float:
    """When a password that an administrator gives now is over."""
    policy = (pool.extended_config.get("Policies") or {}).get("PasswordPolicy") or {}
    config = pool.extended_config.get("AdminCreateUserConfig") or {}
    days = policy.get("TemporaryPasswordValidityDays") or config.get("UnusedAccountValidityDays") or 7
    return clock.now_s() + int(days) * DAY_S
