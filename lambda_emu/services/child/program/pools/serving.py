"""The operations on user pools that are ours, as answers; all others are moto's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from moto.core.utils import get_service_model

from lambda_emu.services.child.program.checks.bounds import check_lengths
from lambda_emu.services.child.program.checks.explaining import mistake
from lambda_emu.services.child.program.checks.refused import BODY, Environ, StartResponse
from lambda_emu.services.child.program.current_request import ACCOUNT, asking
from lambda_emu.services.child.program.front import Front
from lambda_emu.services.child.program.outbox import Outbox
from lambda_emu.services.child.program.pools import attributes, challenges, passwords, sign_in, sign_up
from lambda_emu.services.child.program.pools.changes import Keep
from lambda_emu.services.child.program.pools.context import OPERATIONS, PoolContext
from lambda_emu.services.child.program.pools.finding import PoolsRequest, check_access, pool_by_id
from lambda_emu.services.child.program.pools.keys import PAGES, page_of
from lambda_emu.services.child.program.state.changes import operation_of

MODULES = (attributes, challenges, passwords, sign_in, sign_up)
"""Whose operations are in the table once they are imported."""
BACKEND, SERVICE = "cognitoidp", "cognito-idp"
TOKEN = "AccessToken"
_PAGE = re.compile(r"/([\w-]{1,64})/(\.well-known/[a-z.-]+)")


class UserPools:
    """keep: keeps and makes a change; None where nothing is kept."""

    def __init__(self, front: Front, outbox: Outbox, keep: Keep | None) -> None:
        self._context = PoolContext(front, outbox, keep)

    def serve(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes] | None:
        """None: it is moto's. Refused, FrontGone."""
        page = _PAGE.fullmatch(environ["PATH_INFO"])
        if page is not None and page[2] in PAGES:
            return _answer(start_response, page_of(pool_by_id(page[1]), page[2], _url(environ)))
        operation = operation_of(environ, b"") or ""
        given = json.loads(environ.get(BODY) or b"{}")
        serve = OPERATIONS.get(operation)
        if serve is None:
            if isinstance(given.get(TOKEN), str):
                check_access(given[TOKEN])
            return None
        refused = mistake(BACKEND, environ)
        if refused is not None:
            raise refused
        check_lengths(given, get_service_model(SERVICE).operation_model(operation).input_shape)
        asked = PoolsRequest(given, environ.get(ACCOUNT, ""), environ.get("HTTP_USER_AGENT", ""))
        with asking(environ):
            return _answer(start_response, serve(self._context, asked))


def _url(environ: Environ) -> str:
    return f"http://{environ.get('HTTP_HOST', 'localhost')}{environ['PATH_INFO']}"


def _answer(start_response: StartResponse, told: Any) -> list[bytes]:
    data = json.dumps(told).encode()
    kind = "application/x-amz-json-1.1"
    start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(data)))])
    return [data]
