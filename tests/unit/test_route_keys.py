"""Which keys a route may have, in API Gateway's words. docs/contract/events.md#http-apis."""

from __future__ import annotations

import pytest

from lambda_emu.model.route_keys import route_key_problem, same_requests

FORMAT, PARTS, GREEDY = "is not formatted properly", "path parts appear to be invalid", "must be the last part"


@pytest.mark.parametrize(
    "key",
    ["$default", "GET /", "ANY /{proxy+}", "GET /a/{b}/c.d/{e-f:g}", "DELETE /a_b-c:d/{rest+}", "PATCH /{a}/{b+}"],
)
def test_what_api_gateway_takes_is_a_route_key(key: str) -> None:
    assert route_key_problem(key) is None


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        *((key, FORMAT) for key in (None, 7, "", "GET", "get /a", "GET a", "/a", "GET  /a", "FETCH /a", "CONNECT /a")),
        ("$connect", FORMAT),
        ("GET /" + "a" * 1000, FORMAT),
        *((key, PARTS) for key in ("GET /a/", "GET //", "GET /a//b", "GET /a{b}", "GET /{a}.json", "GET /a b")),
        *(
            (key, PARTS)
            for key in ("GET /caf\u00e9", "GET /a%20b", "GET /{}", "GET /{a", "GET /{a++}", "GET /*", "GET /a\n")
        ),
        ("GET /{a+}/b", GREEDY),
        ("GET /{a+}/{b+}", GREEDY),
    ],
)
def test_what_api_gateway_refuses_is_none(key: object, problem: str) -> None:
    assert problem in str(route_key_problem(key))


def test_keys_that_differ_in_the_names_of_their_variables_are_for_the_same_requests() -> None:
    assert same_requests("GET /a/{b}/{c+}") == same_requests("GET /a/{x}/{y+}") != same_requests("GET /a/{b}/{c}")
