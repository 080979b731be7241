"""What our own server asks of what moto knows; no caller of services can. Each fact is about one name, as JSON."""

from __future__ import annotations

from calendar import timegm
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from lambda_emu.services.child.program import policy_facts

ASKED = "HTTP_X_LAMBDA_EMU_ASK"
"""Key of an environ: which fact. The path is what it is about."""


def _api(api_id: str) -> dict[str, Any] | None:
    """Of API Gateway, of either version, by what is imported: nobody has made an API of a version that is not."""
    from lambda_emu.services.child.program.apis import describe_api

    return describe_api(api_id)


def _rest_api_now(api_id: str) -> dict[str, Any] | None:
    """One that is tried: as it is, deployed or not."""
    from lambda_emu.services.child.program.patches.api_gateway import rest_apis

    return rest_apis.describe_now(api_id)


def _usage_plan(plan_id: str) -> dict[str, Any] | None:
    """Of REST APIs, whoever's it is: whose, its quota and keys."""
    from lambda_emu.services.child.program.patches.api_gateway import rest_apis

    return rest_apis.describe_plan(plan_id)


def _load_balancer(name: str) -> dict[str, Any] | None:
    from lambda_emu.services.child.program.load_balancers.balancers import describe_balancer

    return describe_balancer(name)


def _access_key(access_key: str) -> dict[str, Any] | None:
    """Of a user or a session, as `signatures.keys.AccessKey` has it.

    One that is not active has no secret, and so signs nothing.
    """
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    for account in list(sts_backends):
        for sessions in list(sts_backends[account].values()):
            role = sessions.get_assumed_role_from_access_key(access_key)
            if role is not None:
                expires_s = _seconds(role.expiration)
                of_session = {"token": role.session_token, "role_arn": role.role_arn, "expires_s": expires_s}
                return _key(role.secret_access_key, role.account_id, role.user_id, role.arn) | of_session
    for account in list(iam_backends):
        for users in list(iam_backends[account].values()):
            for user in list(users.users.values()):
                for key in list(user.access_keys):
                    if key.access_key_id == access_key:
                        secret = key.secret_access_key if key.status == "Active" else ""
                        return _key(secret, user.account_id, user.id, user.arn)
    return None


def _token_keys(pool_id: str) -> dict[str, Any] | None:
    """Of a user pool, whoever's it is."""
    from lambda_emu.services.child.program.pools.errors import NoPool
    from lambda_emu.services.child.program.pools.finding import pool_by_id
    from lambda_emu.services.child.program.pools.keys import key_set

    try:
        return key_set(pool_by_id(pool_id))
    except NoPool:
        return None


def _held_blobs(account: str) -> dict[str, dict[str, list[str]]]:
    """Digests of what images of ECR are made of, by region and repository."""
    from lambda_emu.services.child.program.patches.ecr_repositories import held_blobs

    return held_blobs(account)


def _seconds(until: datetime) -> float:
    """until: UTC, and says no zone, as moto has it."""
    return float(timegm(until.utctimetuple()))


def _key(secret: str, account: str, user_id: str, arn: str) -> dict[str, Any]:
    return {"secret": secret, "account": account, "user_id": user_id, "arn": arn}


FACTS: Mapping[str, tuple[tuple[str, ...], Callable[[str], object]]] = {
    "nothing": ((), lambda _: None),  # whoever asks has the process run
    "api": ((), _api),
    "rest-api-now": (("apigateway",), _rest_api_now),
    "usage-plan": (("apigateway",), _usage_plan),
    "load-balancer": (("elbv2",), _load_balancer),
    "access-key": (("iam", "sts"), _access_key),
    "held-blobs": (("ecr",), _held_blobs),
    "token-keys": (("cognitoidp",), _token_keys),
    "held-policies": (("iam",), policy_facts.held_policies),
    **{f"{service}-policy": ((service,), find) for service, find in policy_facts.OF_RESOURCES.items()},
}
"""By name: the services of moto that know it, and how it is found; null where there is none."""
