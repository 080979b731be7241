"""What changes in user pools, by name. Each is made again with the same arguments, which have its time and chance.

Arguments are what JSON has. A change finds its pool and user itself, and does nothing where they are gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from lambda_emu.services.child.program.pools import finding
from lambda_emu.services.child.program.pools.errors import NoCode, NotAuthorized, UserThere
from lambda_emu.services.child.program.pools.sessions import Session, SignIn
from lambda_emu.services.child.program.state.made import change, make_change, said_of

Keep = Callable[[dict[str, Any]], Any]
"""Keeps and makes a change, one after the other. Refused."""

NO_SESSION = "Invalid session for the user."


class Changes:
    """keep: None where nothing is kept."""

    def __init__(self, keep: Keep | None) -> None:
        self._keep = keep or self._make
        self._lock = Lock()  # one change at a time, where `keep` does not see to that

    def make(self, what: Callable[..., Any], /, **arguments: Any) -> Any:
        return self._keep(said_of(what, arguments))

    def _make(self, said: dict[str, Any]) -> Any:
        with self._lock:
            return make_change(said)


@change
def add_user(
    pool: str, *, name: str, sub: str, password: str | None, status: str, attributes: dict[str, str], until_s: float
) -> None:
    """until_s: when a password that was given to the user is over; 0: never."""
    from moto.cognitoidp.models import CognitoIdpUser, UserStatus
    from moto.cognitoidp.utils import expand_attrs

    found = finding.pool_by_id(pool)
    if name in found.users:
        raise UserThere
    user: Any = CognitoIdpUser(pool, name, password, UserStatus(status), expand_attrs(attributes))
    user.id = sub
    user.update_attributes([{"Name": "sub", "Value": sub}])
    user.password_until_s = until_s
    found.users[name] = user


@change
def set_user(
    pool: str,
    *,
    name: str,
    status: str | None = None,
    password: str | None = None,
    attributes: Mapping[str, str] | None = None,
    until_s: float = 0.0,
    uses: str | None = None,
) -> None:
    """What is given; a password is the user's own, but until it is over.

    uses: a code by its purpose, which is over with it. NoCode: it was before.
    """
    from moto.cognitoidp.models import UserStatus
    from moto.cognitoidp.utils import expand_attrs

    user = finding.pool_by_id(pool).users.get(name)
    if user is None:
        return
    if uses is not None:
        use_code(pool, name=name, purpose=uses)
    if attributes:
        user.update_attributes(expand_attrs(dict(attributes)))
    if password is not None:
        user.password, user.password_until_s = password, until_s
    if status is not None:
        user.status = UserStatus(status)


@change
def answer_by_password(pool: str, *, id: str, name: str, password: str, attributes: dict[str, str]) -> None:
    """A new one, and what is added of attributes, to a session that is over with it. NotAuthorized: it was before."""
    close_session(pool, id=id)
    set_user(pool, name=name, status="CONFIRMED", password=password, attributes=attributes)


@change
def remove_user(pool: str, *, name: str) -> None:
    found = finding.pool_by_id(pool)
    user = found.users.pop(name, None)
    if user is not None:
        for group in user.groups:
            group.users.discard(user)


@change
def give_code(pool: str, *, name: str, purpose: str, code: str, until_s: float, by: str, to: str) -> None:
    """In place of the one before. purpose: what it is good for. by, to: an attribute, and its value."""
    user = finding.pool_by_id(pool).users.get(name)
    if user is not None:
        finding.codes_of(user)[purpose] = {"code": code, "until_s": until_s, "tries": 0, "by": by, "to": to}


@change
def count_try(pool: str, *, name: str, purpose: str) -> None:
    """Of a code that was wrong."""
    user = finding.pool_by_id(pool).users.get(name)
    code = None if user is None else finding.codes_of(user).get(purpose)
    if code is not None:
        code["tries"] += 1


@change
def use_code(pool: str, *, name: str, purpose: str) -> None:
    """NoCode: somebody else has."""
    user = finding.pool_by_id(pool).users.get(name)
    if user is None or finding.codes_of(user).pop(purpose, None) is None:
        raise NoCode


@change
def open_session(pool: str, *, id: str, after: str | None, now_s: float, said: dict[str, Any]) -> None:
    """after: the one that it takes the place of. NotAuthorized: that was answered already."""
    found = finding.pool_by_id(pool)
    sessions = found.backend.sessions
    if after is not None and sessions.pop(after, None) is None:
        raise NotAuthorized(NO_SESSION)
    for old in [key for key, one in sessions.items() if getattr(one, "until_s", now_s) < now_s]:
        del sessions[old]
    sessions[id] = Session(pool=found, **said)


@change
def close_session(pool: str, *, id: str) -> None:
    """NotAuthorized: it was answered already."""
    if finding.pool_by_id(pool).backend.sessions.pop(id, None) is None:
        raise NotAuthorized(NO_SESSION)


@change
def sign_in(pool: str, *, token: str, access: str, name: str, said: dict[str, Any], now_s: float) -> None:
    """token: to refresh by. access: the token by which the user asks."""
    found = finding.pool_by_id(pool)
    found.refresh_tokens[token] = SignIn(name=name, **said)
    found.access_tokens[access] = (said["client_id"], name)
    finding.forget_expired(found, now_s)


@change
def refresh(pool: str, *, access: str, client_id: str, name: str, now_s: float) -> None:
    found = finding.pool_by_id(pool)
    found.access_tokens[access] = (client_id, name)
    finding.forget_expired(found, now_s)


@change
def revoke(pool: str, *, token: str) -> None:
    """A refresh token, and all access tokens that came of it."""
    found = finding.pool_by_id(pool)
    signed_in = found.refresh_tokens.get(token)
    if signed_in is None:
        return
    found.refresh_tokens[token] = None
    origin = finding.sign_in_of(signed_in).origin_jti
    for access in [one for one in found.access_tokens if finding.claims_of(one).get("origin_jti") == origin]:
        del found.access_tokens[access]
