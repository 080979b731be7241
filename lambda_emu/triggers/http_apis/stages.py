"""Which stage of an HTTP API a request is for, and which path below it. docs/events.md#http-apis."""

from __future__ import annotations

from collections.abc import Mapping

from lambda_emu.triggers.execute_api.addresses import ApiAddress
from lambda_emu.triggers.execute_api.refusals import ApiNotFound
from lambda_emu.triggers.http_apis.api import DEFAULT_STAGE, Stage


def stage_of(stages: Mapping[str, Stage], address: ApiAddress) -> tuple[Stage, str]:
    """The stage that is meant, and the path below it. ApiNotFound."""
    if address.stage is not None:
        stage = stages.get(address.stage)
        below = address.path
    else:
        name, slash, rest = address.path[1:].partition("/")
        stage, below = stages.get(name), f"{slash}{rest}" or "/"
        if stage is None or name == DEFAULT_STAGE:
            stage, below = stages.get(DEFAULT_STAGE), address.path
    if stage is None:
        raise ApiNotFound("The API has no such stage, and no $default.")
    return stage, below
