"""The functions that an API names, and whether it may invoke them. docs/contract/events.md#http-apis."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lambda_emu.arn import FunctionId, Target
from lambda_emu.errors.resources import AccessDenied
from lambda_emu.invoke.rules import INVOKE, authorize
from lambda_emu.model.function.function import Function
from lambda_emu.store import Store
from lambda_emu.triggers.execute_api.refusals import ApiFailure

MOST_KNOWN = 1024
APIGATEWAY = "apigateway.amazonaws.com"

_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
_ARN = re.compile(
    r"(?:arn:[a-z-]+:apigateway:[a-z0-9-]+:lambda:path/[0-9-]+/functions/)?"
    r"(?P<arn>arn:(?P<partition>[a-z-]+):lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):function:"
    r"(?P<name>[\w-]+)(?::(?P<qualifier>[$\w-]+))?)(?:/invocations)?",
    re.ASCII,
)


def function_named(uri: str, variables: Mapping[str, str]) -> Target:
    """By its ARN, or by API Gateway's ARN around that. variables: of the stage; they may be parts of it. ApiFailure."""
    named = _VARIABLE.sub(lambda found: variables.get(found[1], ""), uri)
    found = _ARN.fullmatch(named)
    if found is None:
        raise ApiFailure("The URI of the integration or authorizer is no function's.")
    id = FunctionId(found["account"], found["region"], found["name"], found["partition"])
    return Target(id, found["qualifier"])


class Permissions:
    """Which functions API Gateway may invoke from where; found out once for each function as it is."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[Target, str], Function] = {}  # true of this very function

    def permitted(self, target: Target, account: str, source: str, credentials: str | None) -> Function:
        """The function, if an API of this account may invoke it from there, or has a role for it. ApiFailure."""
        function = self._store.function(target.id)
        if function is None:
            raise ApiFailure(f"There is no function {target.arn}.")
        if credentials is not None or self._known.get((target, source)) is function:
            return function
        try:
            authorize(function, APIGATEWAY, INVOKE, target, {"aws:SourceArn": source, "aws:SourceAccount": account})
        except AccessDenied as error:
            words = f"The function's policy does not allow {INVOKE} to {APIGATEWAY} with aws:SourceArn {source}."
            raise ApiFailure(words) from error
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[target, source] = function
        return function
