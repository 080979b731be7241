"""What an authorizer says of a request that may go on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace

from lambda_emu.triggers.rest_apis.entering import Entered


class Permit(NamedTuple):
    """It may. entered: with what is known of who asks. until_s: how long that holds, by the steady clock.

    usage_key: the API key that an authorizer says it is, where the API's keys come from there.
    """

    entered: Entered
    until_s: float = math.inf
    usage_key: str | None = None


def told(entered: Entered, authorizer: Mapping[str, Any]) -> Entered:
    """With what the context has of the authorizer."""
    return replace(entered, authorizer=authorizer)
