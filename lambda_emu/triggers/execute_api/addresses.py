"""Which API a request names. docs/events.md#http-apis."""

from __future__ import annotations

import re
from typing import NamedTuple

from lambda_emu.gateway.request import Request
from lambda_emu.triggers.addresses import name_below
from lambda_emu.triggers.execute_api.refusals import LABEL, PATH, ApiNotFound

_WITHIN = f".{LABEL}."
_NAMED_STAGE = re.compile(r"/restapis/([^/]+)/([^/]+)/_user_request_(/.*)?|/_aws/execute-api/([^/]+)/([^/]+)(/.*)?")
_LOCAL = "localhost"


class ApiAddress(NamedTuple):
    """path: below the API. stage: None where the path says it, if it does. region, domain: None: it is not said."""

    api_id: str
    path: str
    stage: str | None
    region: str | None
    domain: str | None


def address_in(asked: Request) -> ApiAddress:
    """By the host, else by the path. ApiNotFound."""
    host = (asked.header(b"host") or "").lower().partition(":")[0].removesuffix(".")
    path = asked.path.decode("latin-1")
    if _WITHIN in host:
        api_id, _, rest = host.partition(_WITHIN)
        region = rest.partition(".")[0]
        return ApiAddress(api_id, path or "/", None, None if region == _LOCAL else region, host)
    found = _NAMED_STAGE.fullmatch(path)
    if found is not None:
        api_id, stage, below = found[1] or found[4], found[2] or found[5], found[3] or found[6]
        return ApiAddress(api_id, below or "/", stage, None, None)
    if not path.startswith(PATH):
        raise ApiNotFound
    api_id, _, rest = path[len(PATH) :].partition("/")
    return ApiAddress(api_id, f"/{rest}", None, None, None)


def host_of(api_id: str, region: str) -> str:
    """The name of an API on this machine."""
    return name_below(api_id, LABEL, region)
