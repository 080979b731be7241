"""User pools of Cognito and their apps, which stay, and the functions of a pool that are the project's.

Ours is a trigger whose function was given a permission of ours for the pool; what others set up beside it stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.project.declarations import Declared, DeclaredFunction
from lambda_emu.project.keys.pools import TOKENS
from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import CannotChange, Members, Present, Reference, Resource, ResourceKey
from lambda_emu.project.services.building import Building
from lambda_emu.project.services.left import ORIGIN
from lambda_emu.project.services.reach import Reach

POOL, CLIENT, TRIGGERS = "user pool", "app of a user pool", "user pool's functions"
SERVICE = "cognito-idp"
PRINCIPAL = "cognito-idp.amazonaws.com"
TOKENS_CONFIG = f"{TOKENS}Config"
FIRST_VERSION = "V1_0"
REFRESH = "REFRESH_TOKEN_AUTH"
UPDATED = (
    *("Policies", "DeletionProtection", "LambdaConfig", "AutoVerifiedAttributes", "SmsVerificationMessage"),
    *("EmailVerificationMessage", "EmailVerificationSubject", "VerificationMessageTemplate"),
    "SmsAuthenticationMessage",
    *("UserAttributeUpdateSettings", "MfaConfiguration", "DeviceConfiguration", "EmailConfiguration"),
    *("SmsConfiguration", "UserPoolTags", "AdminCreateUserConfig", "UserPoolAddOns", "AccountRecoverySetting"),
)
"""Of UpdateUserPool, which sets what it is not told to what is usual."""


# -- what is wanted


def declare_pool(building: Building, declared: Declared) -> None:
    said = {name: sorted(value) for name, value in declared.fields.items() if name != "clients"}
    pool = building.add(POOL, declared.name, said, said, declared.place())
    for client, flows in declared.fields.get("clients", {}).items():
        shown = {"ExplicitAuthFlows": sorted(f"ALLOW_{flow}" for flow in {*flows, REFRESH})}
        place = declared.place("clients")
        building.add(CLIENT, f"{pool.name} {client}", {**shown, "Pool": Reference(pool)}, shown, place)


def attach_cognito(building: Building, function: DeclaredFunction, event: Declared) -> None:
    """building.Attach."""
    pool, key = ResourceKey(POOL, event.name), ResourceKey(TRIGGERS, event.name)
    building.need(pool, event.place())
    before = building.wanted.get(key)
    ours = {} if before is None else dict(before.shown)
    version = event.fields.get("version", FIRST_VERSION)
    for trigger in event.fields["triggers"]:
        ours[trigger] = {"LambdaArn": building.arn(function)}
        if trigger == TOKENS and version != FIRST_VERSION:
            ours[trigger]["LambdaVersion"] = version
    members = {"Pool": Reference(pool), "Ours": ours}
    building.wanted[key] = Resource(key, members, ours, event.place() if before is None else before.place)
    building.permit(function, event, PRINCIPAL, pool)


# -- pools, by their names


def _pools(reach: Reach) -> dict[str, Mapping[str, Any]]:
    """By name, of several with the same name the first one."""
    found: dict[str, Mapping[str, Any]] = {}
    token: dict[str, str] = {}
    while True:
        page = reach.call(SERVICE, "ListUserPools", MaxResults=60, **token)
        for one in page["UserPools"]:
            found.setdefault(one["Name"], one)
        if not page.get("NextToken"):
            return found
        token = {"NextToken": page["NextToken"]}


def _describe(id: str, reach: Reach) -> Mapping[str, Any] | None:
    found = reach.find(SERVICE, "DescribeUserPool", UserPoolId=id)
    return None if found is None else found["UserPool"]


def _find_pools(reach: Reach) -> Iterator[Present]:
    wanted = [*reach.of(POOL)]
    there = _pools(reach) if wanted else {}
    for resource in wanted:
        if resource.key.name in there:
            pool = reach.call(SERVICE, "DescribeUserPool", UserPoolId=there[resource.key.name]["Id"])["UserPool"]
            shown = {name: sorted(pool.get(name, [])) for name in resource.shown}
            yield Present(resource.key, shown, pool["Arn"], ORIGIN)


def _create_pool(name: str, members: Members, reach: Reach) -> str:
    return str(reach.call(SERVICE, "CreateUserPool", PoolName=name, **members)["UserPool"]["Arn"])


def _update_pool(present: Present, members: Members, reach: Reach) -> str:
    fixed = "UsernameAttributes"
    if members.get(fixed) != present.shown.get(fixed):
        raise CannotChange(f"the users of {present.key.name} sign in by what the pool was made with")
    _set(id_of(present.identifier), reach, **{name: value for name, value in members.items() if name != fixed})
    return present.identifier


def _set(id: str, reach: Reach, **members: Any) -> None:
    pool = reach.call(SERVICE, "DescribeUserPool", UserPoolId=id)["UserPool"]
    as_it_is = {name: pool[name] for name in UPDATED if name in pool}
    reach.call(SERVICE, "UpdateUserPool", UserPoolId=id, **{**as_it_is, **members})


def id_of(arn: str) -> str:
    return arn.rpartition("/")[2]


def _stays(present: Present, reach: Reach) -> None:
    """Users are nobody's to remove by not writing of their pool."""


# -- apps: named `POOL APP`


def _find_clients(reach: Reach) -> Iterator[Present]:
    wanted = {resource.key.name: resource for resource in reach.of(CLIENT)}
    there = _pools(reach) if wanted else {}
    for pool in sorted({name.split()[0] for name in wanted} & there.keys()):
        id = there[pool]["Id"]
        for client in _clients(id, reach):
            resource = wanted.get(f"{pool} {client['ClientName']}")
            if resource is not None:
                told = {"UserPoolId": id, "ClientId": client["ClientId"]}
                found = reach.call(SERVICE, "DescribeUserPoolClient", **told)["UserPoolClient"]
                shown = {"ExplicitAuthFlows": sorted(found.get("ExplicitAuthFlows", []))}
                yield Present(resource.key, shown, client["ClientId"], ORIGIN)


def _clients(pool_id: str, reach: Reach) -> Iterator[Mapping[str, Any]]:
    token: dict[str, str] = {}
    while True:
        page = reach.call(SERVICE, "ListUserPoolClients", UserPoolId=pool_id, MaxResults=60, **token)
        yield from page["UserPoolClients"]
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _create_client(name: str, members: Members, reach: Reach) -> str:
    told = {"UserPoolId": id_of(members["Pool"]), "ExplicitAuthFlows": members["ExplicitAuthFlows"]}
    made = reach.call(SERVICE, "CreateUserPoolClient", ClientName=name.split()[1], **told)
    return str(made["UserPoolClient"]["ClientId"])


def _update_client(present: Present, members: Members, reach: Reach) -> str:
    told = {"UserPoolId": id_of(members["Pool"]), "ExplicitAuthFlows": members["ExplicitAuthFlows"]}
    reach.call(SERVICE, "UpdateUserPoolClient", ClientId=present.identifier, **told)
    return present.identifier


# -- functions: all of one pool's that are ours, under its name


def _find_triggers(reach: Reach) -> Iterator[Present]:
    functions: dict[str, set[str]] = {}  # by the pool that may run them
    for one in reach.left.of(SERVICE):
        functions.setdefault(one.source, set()).add(one.function)
    for arn, names in sorted(functions.items()):
        pool = _describe(id_of(arn), reach)
        ours = {} if pool is None else _ours(pool.get("LambdaConfig") or {}, names)
        if pool is not None and ours:
            yield Present(ResourceKey(TRIGGERS, pool["Name"]), ours, arn, ORIGIN)


def _ours(config: Mapping[str, Any], functions: set[str]) -> dict[str, Any]:
    """As `attach_cognito` says them."""
    told = {name: {"LambdaArn": value} for name, value in config.items() if isinstance(value, str) and value}
    if TOKENS_CONFIG in config:
        told[TOKENS] = {name: value for name, value in config[TOKENS_CONFIG].items() if value != FIRST_VERSION}
    return {name: one for name, one in told.items() if one["LambdaArn"].rpartition(":")[2] in functions}


def _put(id: str, before: Members, after: Mapping[str, Members], reach: Reach) -> None:
    """Ours anew, beside those of others."""
    pool = _describe(id, reach)
    if pool is None:
        return
    gone = {*before, *after} | ({TOKENS_CONFIG} if TOKENS in {*before, *after} else set())
    config = {name: value for name, value in (pool.get("LambdaConfig") or {}).items() if name not in gone}
    for name, one in after.items():
        if "LambdaVersion" in one:
            config[f"{name}Config"] = dict(one)
        else:
            config[name] = one["LambdaArn"]
    _set(id, reach, LambdaConfig=config)


def _create_triggers(_: str, members: Members, reach: Reach) -> str:
    _put(id_of(members["Pool"]), {}, members["Ours"], reach)
    return str(members["Pool"])


def _update_triggers(present: Present, members: Members, reach: Reach) -> str:
    _put(id_of(members["Pool"]), present.shown, members["Ours"], reach)
    return str(members["Pool"])


def _remove_triggers(present: Present, reach: Reach) -> None:
    _put(id_of(present.identifier), present.shown, {}, reach)


POOLS: Mapping[str, ResourceKind[Reach]] = {
    POOL: ResourceKind("", _find_pools, _create_pool, _update_pool, _stays),
    CLIENT: ResourceKind("", _find_clients, _create_client, _update_client, _stays),
}
FUNCTIONS_OF_POOLS: Mapping[str, ResourceKind[Reach]] = {
    TRIGGERS: ResourceKind("", _find_triggers, _create_triggers, _update_triggers, _remove_triggers),
}
