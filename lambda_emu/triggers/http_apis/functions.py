"""The functions that an API names, and whether it may invoke them. docs/contract/events.md#http-apis."""

from __future__ import annotations

import re

from lambda_emu.arn import FunctionId, Target
from lambda_emu.errors.resources import AccessDenied
from lambda_emu.invoke.rules import INVOKE, authorize
from lambda_emu.model.function.function import Function
from lambda_emu.store import Store
from lambda_emu.triggers.http_apis.api import Api, Stage
from lambda_emu.triggers.http_apis.refusals import ApiFailure
from lambda_emu.triggers.http_apis.routes import ANY, DEFAULT_KEY, RouteShape

MOST_KNOWN = 1024
APIGATEWAY = "apigateway.amazonaws.com"

_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
_ARN = re.compile(
    r"(?:arn:[a-z-]+:apigateway:[a-z0-9-]+:lambda:path/[0-9-]+/functions/)?"
    r"(?P<arn>arn:(?P<partition>[a-z-]+):lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):function:"
    r"(?P<name>[\w-]+)(?::(?P<qualifier>[$\w-]+))?)(?:/invocations)?",
    re.ASCII,
)


def function_named(uri: str, stage: Stage) -> Target:
    """By its ARN, or by API Gateway's ARN around that; variables of the stage may be parts of it. ApiFailure."""
    named = _VARIABLE.sub(lambda found: stage.variables.get(found[1], ""), uri)
    found = _ARN.fullmatch(named)
    if found is None:
        raise ApiFailure("The URI of the integration or authorizer is no function's.")
    id = FunctionId(found["account"], found["region"], found["name"], found["partition"])
    return Target(id, found["qualifier"])


def source_of(api: Api, stage: Stage, shape: RouteShape, method: str) -> str:
    """The ARN that a function's policy is asked about when a request takes a route. method: of the request."""
    if not shape.path:
        return api.arn(f"{stage.name}/{DEFAULT_KEY}")
    return api.arn(f"{stage.name}/{method if shape.method == ANY else shape.method}{shape.path}")


class Permissions:
    """Which functions API Gateway may invoke from where; found out once for each function as it is."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[Target, str], Function] = {}  # true of this very function

    def permitted(self, target: Target, api: Api, source: str, credentials: str | None) -> Function:
        """The function, if API Gateway may invoke it from there, or has a role for it. ApiFailure."""
        function = self._store.function(target.id)
        if function is None:
            raise ApiFailure(f"There is no function {target.arn}.")
        if credentials is not None or self._known.get((target, source)) is function:
            return function
        try:
            authorize(function, APIGATEWAY, INVOKE, target, {"aws:SourceArn": source, "aws:SourceAccount": api.account})
        except AccessDenied as error:
            words = f"The function's policy does not allow {INVOKE} to {APIGATEWAY} with aws:SourceArn {source}."
            raise ApiFailure(words) from error
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[target, source] = function
        return function
