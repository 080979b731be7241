"""Finds in moto whom a request is about: pool, app client, user; and what we keep with them beside what moto does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.services.child.program.clock import clock
from lambda_emu.services.child.program.pools.errors import (
    InvalidParameter,
    NoClient,
    NoPool,
    NotAuthorized,
    NoUser,
)
from lambda_emu.services.child.program.pools.sessions import SignIn

NO_CLIENT = "CLIENT_ID_NOT_APPLICABLE"
_SDK = re.compile(r"(aws-sdk-[a-z0-9-]+)/([0-9][\w.-]*)")
_EMAIL, _PHONE = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), re.compile(r"\+[0-9]{1,15}")


class PoolsRequest(Struct, frozen=True):
    """A request. given: its members. account: whose it is."""

    given: Mapping[str, Any]
    account: str
    user_agent: str

    def text(self, name: str) -> str:
        """InvalidParameter: it is missing."""
        value = self.given.get(name)
        if not isinstance(value, str) or not value:
            member = name[:1].lower() + name[1:]
            raise InvalidParameter(
                f"1 validation error detected: Value null at '{member}' failed to satisfy constraint: "
                "Member must not be null"
            )
        return value

    def texts(self, name: str) -> dict[str, str]:
        """A map of texts; empty where it is missing."""
        value = self.given.get(name)
        return {str(key): str(one) for key, one in value.items()} if isinstance(value, dict) else {}

    def pairs(self, name: str) -> dict[str, str]:
        """A list of Name and Value."""
        value = self.given.get(name)
        listed = value if isinstance(value, list) else []
        return {
            str(one["Name"]): str(one.get("Value", "")) for one in listed if isinstance(one, dict) and "Name" in one
        }

    @property
    def sdk(self) -> str:
        """As triggers are told of it."""
        found = _SDK.search(self.user_agent)
        return "aws-sdk-unknown-unknown" if found is None else f"{found[1]}-{found[2]}"


class PoolCall(Struct, frozen=True):
    """What somebody asks of a pool, and by which app; client: None, by an administrator without one."""

    asked: PoolsRequest
    pool: Any
    client: Any = None

    @property
    def client_id(self) -> str:
        return NO_CLIENT if self.client is None else str(self.client.id)

    @property
    def caller(self) -> dict[str, str]:
        return {"awsSdkVersion": self.asked.sdk, "clientId": self.client_id}

    @property
    def hides_users(self) -> bool:
        """Whether nobody is to find out who is there."""
        return self.client is not None and self.client.extended_config.get("PreventUserExistenceErrors") == "ENABLED"

    def user(self, name: str) -> Any:
        """NoUser."""
        found = find_user(self.pool, name)
        if found is None:
            raise NoUser
        return found


def backends() -> Iterator[Any]:
    """moto's, of all accounts and regions."""
    from moto.cognitoidp.models import cognitoidp_backends

    for account in list(cognitoidp_backends):
        yield from list(cognitoidp_backends[account].values())


def pool_by_id(pool_id: str) -> Any:
    """Whoever's it is. NoPool."""
    for backend in backends():
        if pool_id in backend.user_pools:
            return backend.user_pools[pool_id]
    raise NoPool(pool_id)


def call_by_client(asked: PoolsRequest) -> PoolCall:
    """NoClient, NotAuthorized."""
    client_id = asked.text("ClientId")
    for backend in backends():
        for pool in list(backend.user_pools.values()):
            if client_id in pool.clients:
                return PoolCall(asked, pool, pool.clients[client_id])
    raise NoClient(client_id)


def call_by_admin(asked: PoolsRequest, *, with_client: bool = False) -> PoolCall:
    """NoPool, NoClient."""
    pool = pool_by_id(asked.text("UserPoolId"))
    if pool.account_id != asked.account:
        raise NoPool(pool.id)
    if not with_client:
        return PoolCall(asked, pool)
    client = pool.clients.get(asked.text("ClientId"))
    if client is None:
        raise NoClient(asked.text("ClientId"))
    return PoolCall(asked, pool, client)


def call_by_token(asked: PoolsRequest) -> tuple[PoolCall, Any]:
    """By an access token: where and who. NotAuthorized."""
    token = asked.text("AccessToken")
    check_access(token)
    for backend in backends():
        for pool in list(backend.user_pools.values()):
            if token in pool.access_tokens:
                client_id, name = pool.access_tokens[token]
                user = find_user(pool, name)
                if user is None or not user.enabled:
                    raise NotAuthorized("User is disabled." if user else "Access Token has been revoked")
                return PoolCall(asked, pool, pool.clients.get(client_id)), user
    raise NotAuthorized("Invalid Access Token")


def check_access(token: str) -> None:
    """NotAuthorized: its time is over."""
    until_s = claims_of(token).get("exp")
    if isinstance(until_s, int) and until_s <= clock.now_s():
        raise NotAuthorized("Access Token has expired")


def claims_of(token: str) -> dict[str, Any]:
    """As it says; nothing of what is no token."""
    try:
        body = token.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def check_secret(call: PoolCall, name: str | Iterable[str], given: str | None) -> None:
    """By the hash that an app with a secret sends. name: of the user, or those by which it may be. NotAuthorized."""
    client = call.client
    if not client.generate_secret:
        return
    if not given:
        raise NotAuthorized(f"Client {client.id} is configured with secret but SECRET_HASH was not received")
    for one in [name] if isinstance(name, str) else name:
        digest = hmac.new(client.secret.encode(), (one + client.id).encode(), hashlib.sha256).digest()
        if hmac.compare_digest(base64.b64encode(digest), given.encode()):
            return
    raise NotAuthorized(f"Unable to verify secret hash for client {client.id}")


def find_user(pool: Any, name: str) -> Any:
    """By name, or by what may stand for it; None: there is none."""
    if name in pool.users:
        return pool.users[name]
    by = [*(pool.extended_config.get("UsernameAttributes") or ()), *(pool.extended_config.get("AliasAttributes") or ())]
    for user in list(pool.users.values()):
        told = user.attribute_lookup
        if user.id == name or any(told.get(each) == name and _is_alias(pool, told, each) for each in by):
            return user
    return None


def _is_alias(pool: Any, told: Mapping[str, str], attribute: str) -> bool:
    if attribute in (pool.extended_config.get("UsernameAttributes") or ()) or attribute == "preferred_username":
        return True
    return told.get(f"{attribute}_verified") == "true"


def own_attribute(pool: Any, name: str) -> str | None:
    """Which one a name is, in a pool whose users have no other names; None: any other pool. InvalidParameter."""
    attributes = pool.extended_config.get("UsernameAttributes") or ()
    if not attributes:
        return None
    for attribute, form in (("email", _EMAIL), ("phone_number", _PHONE)):
        if attribute in attributes and form.fullmatch(name):
            return attribute
    wanted = " or ".join({"email": "an email", "phone_number": "a phone number"}[each] for each in attributes)
    raise InvalidParameter(f"Username should be {'either ' if len(attributes) > 1 else ''}{wanted}.")


def check_known(pool: Any, names: Iterable[str]) -> None:
    """That the pool's users have such attributes. InvalidParameter."""
    from moto.cognitoidp.models import CognitoIdpUserPoolAttribute

    known = {*CognitoIdpUserPoolAttribute.STANDARD_SCHEMA, *pool.schema_attributes}
    unknown = "".join(f"{name}: Attribute does not exist in the schema.\n" for name in names if name not in known)
    if unknown:
        raise InvalidParameter(f"Attributes did not conform to the schema: {unknown}")


def told_attributes(user: Any) -> dict[str, str]:
    """As functions are told of the user."""
    told = {"sub": str(user.id), "cognito:user_status": str(user.status.value)}
    return told | {name: str(value) for name, value in user.attribute_lookup.items() if name != "sub"}


def codes_of(user: Any) -> dict[str, dict[str, Any]]:
    """By what each is good for."""
    if not hasattr(user, "codes"):
        user.codes = {}
    found: dict[str, dict[str, Any]] = user.codes
    return found


def sign_in_of(kept: Any) -> SignIn:
    return SignIn(*kept)


def forget_expired(pool: Any, now_s: float) -> None:
    """Tokens, of each kind the oldest first, up to one that still holds."""
    while pool.refresh_tokens:
        token, kept = next(iter(pool.refresh_tokens.items()))
        if kept is not None and sign_in_of(kept).until_s > now_s:
            break
        del pool.refresh_tokens[token]
    while pool.access_tokens:
        token = next(iter(pool.access_tokens))
        until_s = claims_of(token).get("exp")
        if not isinstance(until_s, int) or until_s > now_s:
            break
        del pool.access_tokens[token]
