"""What the gateway is told of us: which requests are for the Lambda API and for our own pages, and how they are served.

Every rule here looks at a head, so it runs on the loop.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lambda_emu.api.inline import FUNCTIONS, INVOCATIONS, InlineInvoke
from lambda_emu.api.scope import CallerContexts
from lambda_emu.api.token import HEALTH, OWN
from lambda_emu.api.wire.zip_text import find_zip
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import RequestTooLarge
from lambda_emu.gateway.answers import Answer, error_answer
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling, ServiceClaims
from lambda_emu.gateway.wsgi import LateApp
from lambda_emu.http.executors import Workers
from lambda_emu.http.message import Head
from lambda_emu.model.quotas import CODE_REQUEST_BYTES, REQUEST_BYTES

LARGE_INVOCATIONS = Workers("large invocations", 4, 64)
READS = Workers("reads", 16, 256)
CHANGES = Workers("changes", 8, 256)
UPLOADS = Workers("uploads of code", 4, 32)
FETCHES = Workers("fetches of code", 16, 64)
PAGES = Workers("pages about the emulator", 4, 64)

SMALL_BYTES = 64 * 1024
SMALL_TARGET_BYTES = 1024
"""An Invoke whose path and query are longer than any that can succeed is refused on a worker."""
INVOKE_PATHS = (INVOCATIONS, b"/invoke-async", b"/response-streaming-invocations")
CODE_PATHS = re.compile(
    rb"POST /[0-9-]+/functions/?|PUT /[0-9-]+/functions/[^/]+/code|POST /[0-9-]+/layers/[^/]+/versions"
)
ELSEWHERE = re.compile(rb'"(?:S3Bucket|ImageUri)"')
"""Members that say where code is to be fetched from: whoever has it may take its time, or never answer."""


class LambdaService:
    """The Lambda API: small invocations on the loop, everything else by the app on a worker of its kind.

    So is what can be no bucket's: the root, which people look at first, and names that begin with `_`.
    """

    claims = ServiceClaims(
        signed_for=("lambda",),
        shapes=(re.compile(rb"/|[^/].*|/favicon\.ico|/+_.*|/+[0-9]{4}-[0-9]{2}-[0-9]{2}/.*", re.DOTALL),),
    )
    answers_pages = False

    def __init__(self, app: LateApp, contexts: CallerContexts) -> None:
        too_large = RequestTooLarge(REQUEST_BYTES, "InvokeFunction")
        self._small_invoke = Handling(InlineInvoke(contexts), REQUEST_BYTES, too_large)
        self._large_invoke = Handling(app.serve, REQUEST_BYTES, too_large, _always(LARGE_INVOCATIONS))
        self._code, self._code_update = (
            Handling(
                app.serve,
                CODE_REQUEST_BYTES,
                RequestTooLarge(CODE_REQUEST_BYTES, operation),
                _kind_of_code,
                spooled=True,
            )
            for operation in ("CreateFunction", "UpdateFunctionCode")
        )
        too_large = RequestTooLarge(CODE_REQUEST_BYTES, "CreateFunction")
        self._read = Handling(app.serve, CODE_REQUEST_BYTES, too_large, _always(READS), spooled=True)
        self._change = Handling(app.serve, CODE_REQUEST_BYTES, too_large, _always(CHANGES), spooled=True)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        if head.method == b"POST" and path.endswith(INVOKE_PATHS):
            is_small = (
                path.startswith(FUNCTIONS)
                and path.endswith(INVOCATIONS)
                and (length or 0) <= SMALL_BYTES
                and len(head.target) <= SMALL_TARGET_BYTES
                and b"transfer-encoding" not in head.first
            )
            return self._small_invoke if is_small else self._large_invoke
        if CODE_PATHS.fullmatch(head.method + b" " + path):
            return self._code_update if path.endswith(b"/code") else self._code
        return self._read if head.method == b"GET" else self._change

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return error_answer(error, request.request_id)


class OwnPages:
    """The emulator's own pages. Health is answered on the loop, so whatever the workers do, once the app is made."""

    claims = ServiceClaims(paths=(OWN.encode(),))
    answers_pages = False

    def __init__(self, app: LateApp) -> None:
        self._app = app
        too_large = RequestTooLarge(SMALL_BYTES, OWN)
        self._health = Handling(app.serve, SMALL_BYTES, too_large)
        self._page = Handling(app.serve, SMALL_BYTES, too_large, _always(PAGES))

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        is_health = path == HEALTH.encode() and head.method == b"GET"
        on_loop = is_health and self._app.is_made and b"transfer-encoding" not in head.first
        return self._health if on_loop else self._page

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return error_answer(error, request.request_id)


def _kind_of_code(request: Request) -> Workers:
    """By all of a body but its zip. One that is spooled has its code with it."""
    body = request.body
    zip_begin, zip_end = find_zip(body)
    is_elsewhere = ELSEWHERE.search(body, 0, zip_begin) or ELSEWHERE.search(body, zip_end)
    return FETCHES if is_elsewhere else UPLOADS


def is_no_operation(request: Request) -> bool:
    """Whether it asks for nothing of the API: people look at the root first, and browsers for its icon."""
    return request.path in (b"/", b"/favicon.ico")


def _always(kind: Workers) -> Callable[[Request], Workers]:
    return lambda _: kind
