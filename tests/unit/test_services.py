"""Whose a request is, and where it is served: by its head alone, before anything of its body is here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

import pytest
from api_rig import asked, signed

from lambda_emu.api.scope import CallerContexts
from lambda_emu.api.service import CHANGES, FETCHES, LARGE_INVOCATIONS, READS, UPLOADS, LambdaService, OwnPages
from lambda_emu.api.service import PAGES as PAGE_WORKERS
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer, error_answer
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling, Router, ServiceClaims
from lambda_emu.gateway.wsgi import LateApp
from lambda_emu.http.executors import Workers
from lambda_emu.http.message import Head

LATE = LateApp(lambda: pytest.fail("nothing is served here"))
PAGES, LAMBDA = OwnPages(LATE), LambdaService(LATE, cast(CallerContexts, None))
LONG = "x=" + 1024 * "x"


class Other:
    """A service of some claims that serves nothing."""

    answers_pages = True

    def __init__(self, **claims: tuple[str, ...] | tuple[bytes, ...] | tuple[re.Pattern[bytes], ...]) -> None:
        self.claims = ServiceClaims(**claims)  # type: ignore[arg-type]

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        raise NotImplementedError

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return error_answer(error, request.request_id)


URLS = Other(within=("lambda-url",))
CONSOLE = Other(hosts=("console.localhost",))
QUEUES = Other(targets=(b"AmazonSQS.",), signed_for=("sqs",), shapes=(re.compile(rb"/[0-9]{12}/jobs"),))
EVERYBODY = Router([PAGES, URLS, CONSOLE, QUEUES, LAMBDA])


def for_queues() -> dict[str, str]:
    return {"authorization": signed().replace("/lambda/", "/sqs/")}


@pytest.mark.parametrize(
    ("request_", "headers", "service"),
    [
        ("GET /2015-03-31/functions", {}, LAMBDA),
        ("GET /2015-03-31/functions", {"authorization": signed()}, LAMBDA),
        ("GET /what/nobody/knows", {"host": "localhost:9000"}, LAMBDA),
        ("GET /_lambda-emu/logs", {"host": "localhost:9000"}, PAGES),
        ("GET /_lambda-emu", {}, LAMBDA),
        ("GET /%5Flambda%2Demu/l%6fgs", {"host": "localhost:9000"}, PAGES),
        ("GET /", {"host": "abc.lambda-url.us-east-1.localhost"}, URLS),
        ("GET /", {"host": "ABC.Lambda-URL.us-east-1.localhost.:9000"}, URLS),
        ("GET /", {"host": "abc.lambda-url.eu-west-1.on.aws"}, URLS),
        ("GET /", {"host": "lambda-url.localhost"}, LAMBDA),  # the label stands inside
        ("GET /_lambda-emu/logs", {"host": "abc.lambda-url.us-east-1.localhost"}, URLS),  # a function's own path
        ("GET /", {"host": "lambda-url.us-east-1.localhost"}, LAMBDA),
        ("GET /", {"host": "console.localhost"}, CONSOLE),
        ("GET /", {"host": "a.console.localhost"}, LAMBDA),
        ("GET /", {"host": "[::1]:9000"}, LAMBDA),
        ("POST /", {"x-amz-target": "AmazonSQS.SendMessage"}, QUEUES),
        ("POST /", {"x-amz-target": "DynamoDB_20120810.PutItem"}, LAMBDA),
        ("POST /", for_queues(), QUEUES),
        ("POST /123456789012/jobs", {}, QUEUES),
        ("POST /123456789012/jobs/more", {}, LAMBDA),
        ("POST /2015-03-31/functions", {}, LAMBDA),
        ("GET /_lambda-emu/logs", for_queues(), PAGES),
    ],
)
def test_a_request_is_told_by_its_host_then_its_path_then_its_target_then_its_signature_then_its_shape(
    request_: str, headers: Mapping[str, str], service: object
) -> None:
    request = asked(request_, b"", headers)

    assert EVERYBODY.service(request.head, request.path) is service


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
