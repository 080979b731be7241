"""What a URL's CORS configuration says to web pages. docs/contract/events.md#function-urls."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_emu.http.message import Head
from lambda_emu.triggers.cors import for_page, preflight

PAGE = "http://localhost:3000"
CORS: Any = {"AllowOrigins": [PAGE], "AllowMethods": ["GET", "PUT"], "AllowHeaders": ["x-a", "x-b"], "MaxAge": 5}


def head(origin: str | None = PAGE, *more: tuple[bytes, bytes]) -> Head:
    return Head(b"OPTIONS", b"/", [*([] if origin is None else [(b"origin", origin.encode())]), *more], "1.1", True)


@pytest.mark.parametrize(
    ("cors", "origin", "said"),
    [
        (None, PAGE, {}),
        (CORS, None, {}),
        (CORS, PAGE, {"Access-Control-Allow-Origin": PAGE, "Vary": "Origin"}),
        (CORS, "http://evil.example", {"Vary": "Origin"}),
        ({"AllowOrigins": ["*"]}, "null", {"Access-Control-Allow-Origin": "*"}),
        (
            {"AllowOrigins": ["*"], "AllowCredentials": True, "ExposeHeaders": ["a", "b"]},
            PAGE,
            {
                "Access-Control-Allow-Origin": PAGE,
                "Vary": "Origin",
                "Access-Control-Allow-Credentials": "true",
                "Access-Control-Expose-Headers": "a,b",
            },
        ),
        ({"AllowMethods": ["*"]}, PAGE, {"Vary": "Origin"}),
    ],
)
def test_an_answer_names_the_origin_that_may_read_it(cors: Any, origin: str | None, said: dict[str, str]) -> None:
    assert dict(for_page(cors, head(origin))) == said


def test_a_browser_that_asks_before_is_told_what_its_page_may_say() -> None:
    assert dict(preflight(CORS, head())) == {
        "Access-Control-Allow-Methods": "GET,PUT",
        "Access-Control-Allow-Headers": "x-a,x-b",
        "Access-Control-Max-Age": "5",
    }
    private = head(PAGE, (b"access-control-request-private-network", b"true"))
    assert ("Access-Control-Allow-Private-Network", "true") in preflight(CORS, private)


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null", "http://localhost:30000"])
def test_a_page_of_another_origin_is_told_nothing(origin: str | None) -> None:
    assert preflight(CORS, head(origin)) == ()
