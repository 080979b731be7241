"""Where requests for Lambda and our own pages are served: by their head alone, before anything of a body is here."""

from __future__ import annotations

from typing import cast

import pytest
from api_rig import asked

from lambda_emu.api.scope import CallerContexts
from lambda_emu.api.service import CHANGES, FETCHES, LARGE_INVOCATIONS, READS, UPLOADS, LambdaService, OwnPages
from lambda_emu.api.service import PAGES as PAGE_WORKERS
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.router import Router
from lambda_emu.gateway.wsgi import LateApp
from lambda_emu.http.executors import Workers

LATE = LateApp(lambda: pytest.fail("nothing is served here"))
PAGES, LAMBDA = OwnPages(LATE), LambdaService(LATE, cast(CallerContexts, None))
LONG = "x=" + 1024 * "x"


EVERYBODY = Router([PAGES, LAMBDA])


@pytest.mark.parametrize(
    ("request_", "body", "kind"),
    [
        ("POST /2015-03-31/functions", b"{}", UPLOADS),
        ("POST /2015-03-31/functions", b'{"Code": {"S3Bucket": "b"}}', FETCHES),
        ("POST /2015-03-31/functions", b'{"Code":{"ImageUri":"i"}}', FETCHES),
        ("POST /2015-03-31/functions", b'{"Description": "\\"S3Bucket\\": no"}', UPLOADS),
        ("POST /2015-03-31/functions", b'{"Code":{"ZipFile":"UEs=","S3Bucket":"b"}}', FETCHES),
        ("POST /2015-03-31/functions", b'{"Code":{"ImageUri":"i","ZipFile":"UEs="}}', FETCHES),
        ("POST /2015-03-31/functions", b'{"Code":{"ZipFile":"UEs="}}', UPLOADS),
        ("PUT /2015-03-31/functions/f/code", b"{}", UPLOADS),
        ("POST /2018-10-31/layers/words/versions", b"{}", UPLOADS),
        ("POST /2015-03-31/functions/f/versions", b"{}", CHANGES),
        ("PUT /2015-03-31/functions/f/configuration", b"{}", CHANGES),
        ("GET /2015-03-31/functions/f", b"", READS),
        ("POST /2015-03-31/functions/f/invocations", b"{}", None),
        (f"POST /2015-03-31/functions/f/invocations?{LONG}", b"{}", LARGE_INVOCATIONS),
        ("POST /2015-03-31/functions/f/invocations", 64 * 1024 * b"x", None),
        ("POST /2015-03-31/functions/f/invocations", 64 * 1024 * b"x" + b"x", LARGE_INVOCATIONS),
        ("POST /2014-11-13/functions/f/invoke-async", b"{}", LARGE_INVOCATIONS),
        ("GET /_lambda-emu/logs", b"", PAGE_WORKERS),
        ("GET /_lambda-emu/health", b"", PAGE_WORKERS),
    ],
)
def test_each_request_waits_among_its_own_kind(request_: str, body: bytes, kind: Workers | None) -> None:
    assert kind_of(asked(request_, body), len(body)) is kind


def test_health_is_told_on_the_loop_once_nothing_has_to_be_imported_for_it() -> None:
    app = LateApp(lambda: lambda *_: [])
    pages, health = OwnPages(app), asked("GET /_lambda-emu/health", b"")
    assert pages.handling(health.head, health.path, 0).workers is not None

    app.make()

    assert pages.handling(health.head, health.path, 0).workers is None


@pytest.mark.parametrize("request_", ["POST /2015-03-31/functions/f/invocations", "GET /_lambda-emu/health"])
def test_what_is_of_unknown_length_is_not_taken_in_on_the_loop(request_: str) -> None:
    assert kind_of(asked(request_, b"", {"transfer-encoding": "chunked"}), None) is not None


def kind_of(request: Request, length: int | None) -> Workers | None:
    service = EVERYBODY.service(request.head, request.path)
    handling = service.handling(request.head, request.path, length)
    return None if handling.workers is None else handling.workers(request)
