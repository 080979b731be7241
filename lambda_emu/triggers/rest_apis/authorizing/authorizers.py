"""Whether a request may take its method. On the loop. docs/contract/events.md#rest-apis."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from lambda_emu.triggers.execute_api.service import Seams
from lambda_emu.triggers.rest_apis.entering import Entered
from lambda_emu.triggers.rest_apis.refusals import AuthorizerMisconfigured

NOBODY = "NONE"
"""Who is asked about requests to a method that anybody may take."""


class Permit(NamedTuple):
    """It may. entered: with what is known of who asks. until_s: how long that holds, by the steady clock.

    usage_key: the API key that an authorizer says it is, where the API's keys come from there.
    """

    entered: Entered
    until_s: float = math.inf
    usage_key: str | None = None


Way = Callable[[Entered], Awaitable[Permit]]


class Authorizers:
    """Of all REST APIs."""

    def __init__(self, seams: Seams) -> None:
        self._seams = seams
        self._ways: Mapping[str, Way] = {}

    async def authorize(self, entered: Entered) -> Permit:
        """RestRefusal."""
        authorization = entered.method.authorization
        if authorization == NOBODY:
            return Permit(entered)
        way = self._ways.get(authorization)
        if way is None:
            raise AuthorizerMisconfigured(f"There is no authorizationType {authorization}.")
        return await way(entered)
