"""Where moto would call its own Lambda and its own queues, it calls ours."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from lambda_emu.model.caller import CallerKind
from lambda_emu.model.credentials import KEY_LENGTH, KEY_PREFIXES, access_key, read_token, role_id, session_of
from lambda_emu.services.child.program.current_request import session_token
from lambda_emu.services.child.program.front import Front
from lambda_emu.services.child.program.mails.receiving import Receiving
from lambda_emu.services.child.program.objects.bodies import Bodies
from lambda_emu.services.child.program.telling import Teller

PLACE = "moto.awslambda_simple.models"
"""The module that moto looks into when it looks for a Lambda without Docker. Its own would import much for nothing."""


def replace_lambda(front: Front) -> None:
    """Before anything of moto calls a function."""
    ours: Any = ModuleType(PLACE)
    ours.lambda_simple_backends = Backends(front)
    sys.modules[PLACE] = ours


def hide_helpers() -> None:
    """moto calls the method that has an operation's name, its own constructor too."""
    from moto.core import responses
    from moto.core.utils import method_names_from_class

    helpers = frozenset(dir(responses.BaseResponse))

    def operations(clazz: object) -> list[str]:
        return [name for name in method_names_from_class(clazz) if name not in helpers]

    responses.method_names_from_class = operations  # type: ignore[attr-defined]  # it is imported there


def forget_instances() -> None:
    """moto holds whatever it ever made, for a reset that is not asked for here: what is deleted is to be gone."""
    from moto.core.common_models import BaseModel

    def new(cls: type, *_: object, **__: object) -> object:
        return object.__new__(cls)

    BaseModel.__new__ = new  # type: ignore[assignment, method-assign]


def remember_services() -> None:
    """moto looks into its own folder for their names, with each request."""
    from moto import backends

    found = tuple(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: found


def match_newlines() -> None:
    """Before moto's services are made: a key of S3 may have them, and moto's routes find no such path."""
    from moto.moto_server.utilities import RegexConverter

    make = RegexConverter.__init__

    def make_to_match(self: Any, url_map: Any, *items: Any) -> None:
        make(self, url_map, *items)
        self.regex = f"(?s:{self.regex})"

    RegexConverter.__init__ = make_to_match  # type: ignore[method-assign]


def _open_batch() -> None:
    """State machines take one name of a part of moto's Batch, all of which imports all of EC2: 0.9 s and 100 MB."""
    found = importlib.util.find_spec("moto.batch")
    assert found is not None
    package = ModuleType("moto.batch")
    package.__path__ = found.submodule_search_locations or []
    sys.modules.setdefault("moto.batch", package)


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


def extend(backend: str) -> None:
    """Before moto's service of this name is made: operations that it has not."""
    if backend == "apigatewayv2":
        from lambda_emu.services.child.program.patches.api_gateway import http_apis, http_exports, http_imports

        http_apis.extend()
        http_exports.extend()
        http_imports.extend()
    if backend == "apigateway":
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
    if backend == "elbv2":
        from lambda_emu.services.child.program.load_balancers.balancers import serve_this_version

        serve_this_version()
    if backend == "sesv2":
        from lambda_emu.services.child.program.patches.ses_templates import add_operations

        add_operations()
    if backend == "ssm":
        from lambda_emu.services.child.program.load_balancers.networks import instead_of_ec2

        with instead_of_ec2():
            importlib.import_module("moto.ssm.models")
    if backend == "stepfunctions":
        _open_batch()
        from lambda_emu.services.child.program.machines.machines import extend as extend_machines

        extend_machines()


def replace(backend: str, front: Front, teller: Teller, bodies: Bodies, receiving: Receiving) -> None:
    """Once moto's service of this name is imported."""
    if backend in ("ses", "sesv2"):
        from lambda_emu.services.child.program.patches.ses_rules import replace_rules
        from lambda_emu.services.child.program.patches.ses_sending import replace_sending
        from lambda_emu.services.child.program.patches.sns_delivery import replace_delivery

        replace_delivery(front)
        replace_sending(receiving.take)
        replace_rules(front)
    if backend == "s3":
        from lambda_emu.services.child.program.patches.s3_callers import replace_permissions, replace_policies
        from lambda_emu.services.child.program.patches.s3_objects import replace_objects
        from lambda_emu.services.child.program.patches.s3_records import replace_notifications

        replace_notifications(front)
        replace_objects(bodies)
        replace_policies()
        replace_permissions()
    if backend == "sns":
        from lambda_emu.services.child.program.patches.sns_delivery import replace_delivery

        replace_delivery(front)
    if backend in ("dynamodb", "dynamodbstreams"):
        from lambda_emu.services.child.program.patches.dynamodb_streams import replace_streams

        replace_streams(teller)
    if backend == "secretsmanager":
        from lambda_emu.services.child.program.patches.secrets_rotation import replace_rotation

        replace_rotation()
    if backend == "cognitoidp":
        from lambda_emu.services.child.program.patches.user_pools import replace_pools

        replace_pools()
    if backend == "elbv2":
        from lambda_emu.services.child.program.load_balancers.balancers import replace_balancers

        replace_balancers(front)
    if backend in ("iam", "sts"):
        _replace_keys()
    if backend == "iam":
        from lambda_emu.services.child.program.patches.user_boundaries import replace_user_boundaries

        replace_user_boundaries()
    if backend == "sts":
        from lambda_emu.services.child.program.patches.sessions import replace_sessions

        replace_sessions(front.issuer)
        _replace_identity()
    if backend == "cognitoidentity":
        from lambda_emu.services.child.program.patches.sessions import replace_identities

        replace_identities(front.issuer)


def _replace_keys() -> None:
    """Keys that are given out here say whose they are, wherever they come back."""
    from moto.iam import models as iam
    from moto.moto_api._internal import mock_random

    models: Any = iam
    make: Callable[..., str] = models.generate_access_key_id_from_account_id

    def generate(account_id: str, prefix: str, total_length: int = 20) -> str:
        if prefix not in KEY_PREFIXES or total_length != KEY_LENGTH:
            return make(account_id, prefix, total_length)
        return access_key(prefix, account_id, mock_random.getrandbits(25))

    models.generate_access_key_id_from_account_id = generate


def _replace_identity() -> None:
    """Functions ask as their role, which is known by the session token; any other key is its account's root user's.

    moto has a user of its own for both.
    """
    from moto.sts.models import STSBackend

    find = STSBackend.get_caller_identity

    def find_ours(self: Any, access_key_id: str, region: str) -> tuple[str, str, str]:
        user, arn, account = find(self, access_key_id, region)
        if not arn.endswith(":user/moto") or ":sts:" not in arn:
            return user, arn, account
        token = session_token()
        session, whose = read_token(token), session_of(token)
        if whose is not None:
            role = whose.role.rpartition("/")[2]
            name = f"arn:{self.partition}:sts::{account}:assumed-role/{role}/{whose.name}"
            return f"{_role_id(self, whose.role)}:{whose.name}", name, account
        if session is not None and session.kind != CallerKind.SERVICE.value:
            return session.user_id, session.arn, session.account
        return account, f"arn:{self.partition}:iam::{account}:root", account

    STSBackend.get_caller_identity = find_ours  # type: ignore[method-assign]


def _role_id(backend: Any, role: str) -> str:
    """Of one that IAM does not know, what its name comes to."""
    from moto.iam.models import iam_backends

    known = iam_backends[backend.account_id][backend.partition].roles.values()
    return next((str(one.id) for one in known if one.arn == role), role_id(role))


class Backends:
    """By account, then by region, as moto looks for them."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def __getitem__(self, account: str) -> Regions:
        return Regions(self._front, account)


class Regions:
    def __init__(self, front: Front, account: str) -> None:
        self._front = front
        self._account = account

    def __getitem__(self, region: str) -> Lambda:
        return Lambda(self._front, self._account, region)


class Lambda:
    """What moto's services ask of a Lambda: rotation, custom resources, rules of AWS Config."""

    def __init__(self, front: Front, account: str, region: str) -> None:
        self._front = front
        self._account = account
        self._region = region

    def get_function(self, name: str, qualifier: str | None = None) -> Mapping[str, Any]:
        """FrontError: there is none."""
        return self._front.find_function(self._arn(name, qualifier))

    def invoke(self, name: str, qualifier: str | None, body: Any, headers: Any, response_headers: Any) -> bytes:
        """moto looks at no error of a function; its own steps fail then, as on AWS. FrontError."""
        payload = body if isinstance(body, bytes) else str(body or "").encode()
        return self._front.run(self._arn(name, qualifier), payload).body

    def _arn(self, name: str, qualifier: str | None) -> str:
        arn = name if name.startswith("arn:") else f"arn:aws:lambda:{self._region}:{self._account}:function:{name}"
        return f"{arn}:{qualifier}" if qualifier else arn
