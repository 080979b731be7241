"""What tokens say of a user, and what the function before them may make of that. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from msgspec import Struct, field

from lambda_emu.services.child.program.pools.errors import BadMember
from lambda_emu.services.child.program.pools.finding import PoolCall

SCOPE = "aws.cognito.signin.user.admin"
UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_NOBODYS = frozenset(
    ("acr", "amr", "at_hash", "auth_time", "azp", "exp", "iat", "iss", "jti", "nbf", "nonce", "origin_jti", "sub")
) | {"token_use"}
ID_OWN = _NOBODYS | {"aud", "identities"}
ACCESS_OWN = _NOBODYS | {"client_id", "device_key", "event_id", "scope", "username", "version"}
"""Claims that no function changes; nor those that begin like these."""
PREFIXES = ("cognito:", "dev:")
BOOLEANS = ("email_verified", "phone_number_verified")

Claims = dict[str, Any]


class Groups(Struct, frozen=True):
    """Of a user, the most important first."""

    names: list[str]
    roles: list[str]
    preferred: str | None

    def told(self) -> dict[str, Any]:
        return {"groupsToOverride": self.names, "iamRolesToOverride": self.roles, "preferredRole": self.preferred}


class Edits(Struct, frozen=True):
    """What a function wants of one token."""

    add: Mapping[str, Any] = field(default_factory=dict)
    suppress: list[str] = field(default_factory=list)
    add_scopes: list[str] = field(default_factory=list)
    suppress_scopes: list[str] = field(default_factory=list)


class Wishes(Struct, frozen=True):
    """And of both. groups: None: they are the user's own."""

    id: Edits = Edits()
    access: Edits = Edits()
    groups: Groups | None = None


class Moment(Struct, frozen=True):
    """When and by which sign-in tokens are made. Seconds since the epoch."""

    now_s: int
    auth_s: int
    origin_jti: str


def groups_of(user: Any) -> Groups:
    """A group without precedence comes last; its role is preferred if no other one is as important."""
    groups = sorted(user.groups, key=lambda one: (one.precedence is None, one.precedence or 0, one.group_name))
    names, roles = [one.group_name for one in groups], [one.role_arn for one in groups if one.role_arn]
    first = [one for one in groups if one.precedence == groups[0].precedence] if groups else []
    preferred = first[0].role_arn if first and len({one.role_arn for one in first}) == 1 else None
    return Groups(names, list(dict.fromkeys(roles)), preferred)


def wishes_v1(details: Mapping[str, Any] | None) -> Wishes:
    """BadMember."""
    told = details or {}
    edits = _edits(told)
    for name, value in edits.add.items():
        if isinstance(value, dict | list):
            raise BadMember
        if not isinstance(value, str):
            edits = Edits(
                {**edits.add, name: str(value).lower() if isinstance(value, bool) else str(value)}, edits.suppress
            )
    return Wishes(edits, Edits(), _groups(told))


def wishes_v2(details: Mapping[str, Any] | None) -> Wishes:
    """BadMember."""
    told = details or {}
    return Wishes(_edits(_map(told, "idTokenGeneration")), _edits(_map(told, "accessTokenGeneration")), _groups(told))


def id_claims(call: PoolCall, user: Any, groups: Groups, moment: Moment) -> Claims:
    told: Claims = {"sub": user.id}
    for name, value in user.attribute_lookup.items():
        if name != "sub" and _is_readable(call.client, name):
            told[name] = value == "true" if name in BOOLEANS else value
    if groups.names:
        told["cognito:groups"] = groups.names
    if groups.preferred:
        told["cognito:preferred_role"] = groups.preferred
    if groups.roles:
        told["cognito:roles"] = groups.roles
    told |= {"cognito:username": user.username, "aud": call.client.id, "event_id": str(uuid4()), "token_use": "id"}
    return told | _common(call, moment, seconds(call.client, "IdToken", 3600))


def access_claims(call: PoolCall, user: Any, groups: Groups, moment: Moment) -> Claims:
    told: Claims = {"sub": user.id}
    if groups.names:
        told["cognito:groups"] = groups.names
    told |= {"client_id": call.client.id, "event_id": str(uuid4()), "token_use": "access", "scope": SCOPE}
    return told | _common(call, moment, seconds(call.client, "AccessToken", 3600)) | {"username": user.username}


def edited(claims: Claims, edits: Edits, own: frozenset[str]) -> Claims:
    """own: claims that stay as they are."""
    told = {name: value for name, value in claims.items() if name not in edits.suppress or _is_own(name, own)}
    told |= {name: value for name, value in edits.add.items() if not _is_own(name, own)}
    if "scope" in told:
        scopes = [one for one in told["scope"].split() if one not in edits.suppress_scopes]
        told["scope"] = " ".join(dict.fromkeys([*scopes, *edits.add_scopes]))
    return told


def seconds(client: Any, token: str, otherwise: int) -> int:
    """How long a token of this kind holds. otherwise: where the client says nothing."""
    value = client.extended_config.get(f"{token}Validity")
    if not value:
        return otherwise
    unit = (client.extended_config.get("TokenValidityUnits") or {}).get(token)
    return int(value) * UNITS.get(unit or ("days" if token == "RefreshToken" else "hours"), 3600)


def issuer_of(pool: Any) -> str:
    return f"https://cognito-idp.{pool.region}.amazonaws.com/{pool.id}"


def _common(call: PoolCall, moment: Moment, valid_s: int) -> Claims:
    return {
        "iss": issuer_of(call.pool),
        "origin_jti": moment.origin_jti,
        "auth_time": moment.auth_s,
        "iat": moment.now_s,
        "exp": moment.now_s + valid_s,
        "jti": str(uuid4()),
    }


def _is_readable(client: Any, attribute: str) -> bool:
    readable = client.extended_config.get("ReadAttributes")
    return not readable or attribute in readable


def _is_own(name: str, own: frozenset[str]) -> bool:
    return name in own or name.startswith(PREFIXES)


def _edits(told: Mapping[str, Any]) -> Edits:
    return Edits(
        _map(told, "claimsToAddOrOverride"),
        _texts(told, "claimsToSuppress"),
        _texts(told, "scopesToAdd"),
        _texts(told, "scopesToSuppress"),
    )


def _groups(told: Mapping[str, Any]) -> Groups | None:
    if told.get("groupOverrideDetails") is None:
        return None
    details = _map(told, "groupOverrideDetails")
    preferred = details.get("preferredRole")
    if preferred is not None and not isinstance(preferred, str):
        raise BadMember
    return Groups(_texts(details, "groupsToOverride"), _texts(details, "iamRolesToOverride"), preferred)


def _map(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = told.get(name) or {}
    if not isinstance(value, dict):
        raise BadMember
    return value


def _texts(told: Mapping[str, Any], name: str) -> list[str]:
    value = told.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadMember
    return value
