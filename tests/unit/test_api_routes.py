"""Which route of an HTTP API a request takes. docs/contract/events.md#http-apis."""

from __future__ import annotations

import pytest

from lambda_emu.triggers.http_apis.routes import Routes, RouteShape

KEYS = (
    *("$default", "ANY /{proxy+}", "GET /pets/{proxy+}", "GET /pets/dog/{id}", "GET /pets/dog/1", "ANY /pets/dog/1"),
    *("POST /a/{x}/{y}", "POST /a/b/{rest+}", "GET /", "GET /caf\u00e9"),
)


def routes(*keys: str) -> Routes[str]:
    found = []
    for key in keys:
        shape = RouteShape.of(key)
        assert shape is not None
        found.append((shape, key))
    return Routes(found)


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/pets/dog/1", "GET /pets/dog/1", {}),
        ("PUT", "/pets/dog/1", "ANY /pets/dog/1", {}),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET", "/pets/dog/a%2Fb%20c", "GET /pets/dog/{id}", {"id": "a/b c"}),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("PUT", "/pets/dog/2", "ANY /{proxy+}", {"proxy": "pets/dog/2"}),
        ("POST", "/test/5", "ANY /{proxy+}", {"proxy": "test/5"}),
        ("POST", "/a/b/c", "POST /a/b/{rest+}", {"rest": "c"}),
        ("POST", "/a/c/d", "POST /a/{x}/{y}", {"x": "c", "y": "d"}),
        ("GET", "/", "GET /", {}),
        ("POST", "/", "$default", {}),  # a variable stands for something
        ("GET", "/pets/", "ANY /{proxy+}", {"proxy": "pets/"}),
        ("GET", "/pets/dog/", "GET /pets/{proxy+}", {"proxy": "dog/"}),
        ("GET", "/PETS/dog/1", "ANY /{proxy+}", {"proxy": "PETS/dog/1"}),
        ("GET", "/caf%C3%A9", "GET /caf\u00e9", {}),
        ("GET", "/%zz/%ff", "ANY /{proxy+}", {"proxy": "%zz/\ufffd"}),
    ],
)
def test_the_most_specific_route_is_taken(method: str, path: str, key: str, parameters: dict[str, str]) -> None:
    for order in (KEYS, KEYS[::-1]):
        match = routes(*order).match(method, path)

        assert match is not None
        assert (match.route, match.parameters) == (key, parameters)


def test_what_has_no_route_has_none() -> None:
    found = routes("GET /pets", "GET /pets/{id}", "POST /pets/{id}/toys")

    for method, path in (("GET", "/"), ("GET", "/pets/"), ("PUT", "/pets"), ("GET", "/pets/1/2"), ("POST", "/pets/1")):
        assert found.match(method, path) is None


@pytest.mark.parametrize("key", ["", "GET", "get /a", "GET a", "/a", "GET  /a", "$connect", "X /a", "GET /a b", "\0 /"])
def test_what_is_no_route_key_is_none(key: str) -> None:
    assert RouteShape.of(key) is None


def test_the_longest_path_is_matched_in_a_moment() -> None:
    found = routes(*(f"ANY /{'{v}/' * 40}{number}" for number in range(300)))

    assert found.match("GET", "/" + "a/" * 30_000) is None
