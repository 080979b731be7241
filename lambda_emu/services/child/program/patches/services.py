"""What is changed in each of moto's services, by its name there: before it is imported, and once it was.

Most servers ask few of them, so each is changed by what is imported for it alone.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from msgspec import Struct

from lambda_emu.services.child.program.front import Front
from lambda_emu.services.child.program.mails.receiving import Receiving
from lambda_emu.services.child.program.objects.bodies import Bodies
from lambda_emu.services.child.program.telling import Teller


class Reach(Struct, frozen=True):
    """What is ours that services call in place of moto's. front: our own server."""

    front: Front
    teller: Teller
    bodies: Bodies
    receiving: Receiving


def extend(backend: str) -> None:
    """Before moto's service of this name is made: operations that it has not."""
    if backend in EXTENDED:
        EXTENDED[backend]()


def replace(backend: str, reach: Reach) -> None:
    """Once moto's service of this name is imported."""
    if backend in REPLACED:
        REPLACED[backend](reach)


def _extend_http_apis() -> None:
    from lambda_emu.services.child.program.patches.api_gateway import http_apis, http_exports, http_imports

    http_apis.extend()
    http_exports.extend()
    http_imports.extend()


def _extend_rest_apis() -> None:
    with _instead_of_validator():
        importlib.import_module("moto.apigateway.models")
    from lambda_emu.services.child.program.patches.api_gateway import (
        rest_apis,
        rest_exports,
        rest_imports,
        rest_refusals,
        rest_tags,
        rest_updates,
    )

    rest_apis.extend()
    rest_updates.add_operations()
    rest_refusals.extend()
    rest_imports.extend()
    rest_exports.extend()
    rest_tags.extend()


@contextmanager
def _instead_of_validator() -> Iterator[None]:
    """Documents of REST APIs are read here before moto sees them; its library for that takes 0.2 s."""
    names = tuple(f"openapi_spec_validator{rest}" for rest in ("", ".validation", ".validation.exceptions"))
    made: dict[str, Any] = {name: ModuleType(name) for name in names}
    made[names[0]].validate = None
    made[names[2]].OpenAPIValidationError = ValueError
    there = {name: sys.modules[name] for name in names if name in sys.modules}
    sys.modules.update(made)
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
        sys.modules.update(there)


def _extend_balancers() -> None:
    from lambda_emu.services.child.program.load_balancers.balancers import serve_this_version

    serve_this_version()


def _extend_templates_of_mails() -> None:
    from lambda_emu.services.child.program.patches.ses_templates import add_operations

    add_operations()


def _open_parameters() -> None:
    from lambda_emu.services.child.program.load_balancers.networks import instead_of_ec2

    with instead_of_ec2():
        importlib.import_module("moto.ssm.models")


def _extend_state_machines() -> None:
    _open_batch()
    from lambda_emu.services.child.program.machines.machines import extend as extend_machines

    extend_machines()


def _open_batch() -> None:
    """State machines take one name of a part of moto's Batch, all of which imports all of EC2: 0.9 s and 100 MB."""
    found = importlib.util.find_spec("moto.batch")
    assert found is not None
    package = ModuleType("moto.batch")
    package.__path__ = found.submodule_search_locations or []
    sys.modules.setdefault("moto.batch", package)


EXTENDED: Mapping[str, Callable[[], None]] = {
    "apigateway": _extend_rest_apis,
    "apigatewayv2": _extend_http_apis,
    "elbv2": _extend_balancers,
    "sesv2": _extend_templates_of_mails,
    "ssm": _open_parameters,
    "stepfunctions": _extend_state_machines,
}


def _replace_mails(reach: Reach) -> None:
    from lambda_emu.services.child.program.patches.ses_rules import replace_rules
    from lambda_emu.services.child.program.patches.ses_sending import replace_sending

    _replace_topics(reach)
    replace_sending(reach.receiving.take)
    replace_rules(reach.front)


def _replace_objects(reach: Reach) -> None:
    from lambda_emu.services.child.program.patches.s3_callers import replace_permissions, replace_policies
    from lambda_emu.services.child.program.patches.s3_objects import replace_objects
    from lambda_emu.services.child.program.patches.s3_records import replace_notifications

    replace_notifications(reach.front)
    replace_objects(reach.bodies)
    replace_policies()
    replace_permissions()


def _replace_topics(reach: Reach) -> None:
    from lambda_emu.services.child.program.patches.sns_delivery import replace_delivery

    replace_delivery(reach.front)


def _replace_repositories(reach: Reach) -> None:
    from lambda_emu.services.child.program.patches.ecr_repositories import replace_repositories

    replace_repositories(reach.front.url)


def _replace_tables(reach: Reach) -> None:
    from lambda_emu.services.child.program.patches.dynamodb_streams import replace_streams

    replace_streams(reach.teller)


def _replace_secrets(_: Reach) -> None:
    from lambda_emu.services.child.program.patches.emptied import empty_secrets
    from lambda_emu.services.child.program.patches.secrets_rotation import replace_rotation

    replace_rotation()
    empty_secrets()


def _replace_pools(_: Reach) -> None:
    from lambda_emu.services.child.program.patches.user_pools import replace_pools

    replace_pools()


def _replace_balancers(reach: Reach) -> None:
    from lambda_emu.services.child.program.load_balancers.balancers import replace_balancers

    replace_balancers(reach.front)


def _replace_users(_: Reach) -> None:
    from lambda_emu.services.child.program.patches.emptied import move_groups
    from lambda_emu.services.child.program.patches.identities import replace_keys
    from lambda_emu.services.child.program.patches.user_boundaries import replace_user_boundaries

    replace_keys()
    replace_user_boundaries()
    move_groups()


def _replace_sessions(reach: Reach) -> None:
    from lambda_emu.services.child.program.patches.identities import replace_identity, replace_keys
    from lambda_emu.services.child.program.patches.sessions import replace_sessions

    replace_keys()
    replace_sessions(reach.front.issuer)
    replace_identity()


def _replace_identity_pools(reach: Reach) -> None:
    from lambda_emu.services.child.program.patches.emptied import empty_identity_pools
    from lambda_emu.services.child.program.patches.sessions import replace_identities

    replace_identities(reach.front.issuer)
    empty_identity_pools()


REPLACED: Mapping[str, Callable[[Reach], None]] = {
    "cognitoidentity": _replace_identity_pools,
    "cognitoidp": _replace_pools,
    "dynamodb": _replace_tables,
    "dynamodbstreams": _replace_tables,
    "ecr": _replace_repositories,
    "elbv2": _replace_balancers,
    "iam": _replace_users,
    "s3": _replace_objects,
    "secretsmanager": _replace_secrets,
    "ses": _replace_mails,
    "sesv2": _replace_mails,
    "sns": _replace_topics,
    "sts": _replace_sessions,
}
