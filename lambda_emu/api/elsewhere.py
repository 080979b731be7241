"""A function that is not where its caller looks for it, but in another region or account: the hint that says so.

AWS's answer stays what it is; the hint goes into the log, once, and into the header X-Lambda-Emu-Hint.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from lambda_emu.api.house import House
from lambda_emu.arn import FunctionId
from lambda_emu.errors import LambdaError

MOST_PLACES = 3


def hint(house: House, error: LambdaError, request: Mapping[str, Any]) -> None:
    """Give the error its hint, if the request names a function that is only elsewhere."""
    id = _named(house, request)
    if id is None or house.store.function(id) is not None:
        return
    places = sorted(
        house.store.functions.scopes_of(id.name), key=lambda scope: (scope.account != id.account, scope.region)
    )
    if not places:
        return
    there = ", ".join(f"region {scope.region} of account {scope.account}" for scope in places[:MOST_PLACES])
    error.hint = (
        f"the caller's credentials mean region {id.region} of account {id.account}, where there is no function "
        f"{id.name}; there is one in {there}"
    )
    house.notices.tell(error.hint)


def _named(house: House, request: Mapping[str, Any]) -> FunctionId | None:
    name = request.get("FunctionName")
    if isinstance(name, str):
        with suppress(LambdaError, ValueError):
            return house.target(name).id
    return None
