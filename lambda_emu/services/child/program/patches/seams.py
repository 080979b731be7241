"""What is changed in all of moto: it calls our Lambda in place of its own, and holds and reads no more than it must."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from lambda_emu.services.child.program.front import Front

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
