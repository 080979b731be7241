"""Which resource of a REST API a request takes, and which bodies are bytes. docs/contract/events.md#rest-apis."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lambda_emu.triggers.rest_apis.binary import as_text, is_binary
from lambda_emu.triggers.rest_apis.routes import Routes
from lambda_emu.triggers.rest_apis.usage import period_of

PATHS = ["GET /", "GET /a", "ANY /a/{id}", "GET /a/b", "POST /a/{id}/{rest+}", "ANY /{proxy+}", "GET /x y"]


def routes(*declared: str) -> Routes[str]:
    made: dict[str, set[str]] = {}
    for one in declared:
        verb, _, path = one.partition(" ")
        made.setdefault(path, set()).add(verb)
    return Routes((path, verbs, path) for path, verbs in made.items())


@pytest.mark.parametrize(
    ("asked", "path", "parameters"),
    [
        ("GET /", "/", {}),
        ("GET /a", "/a", {}),
        ("GET /a/", "/a", {}),
        ("GET //a", "/a", {}),
        ("GET /a/b", "/a/b", {}),
        ("PUT /a/b", "/a/{id}", {"id": "b"}),
        ("GET /a/c", "/a/{id}", {"id": "c"}),
        ("GET /a/c%2Fd", "/a/{id}", {"id": "c/d"}),
        ("POST /a/c/d/e", "/a/{id}/{rest+}", {"id": "c", "rest": "d/e"}),
        ("PUT /a/c/d/e", "/{proxy+}", {"proxy": "a/c/d/e"}),
        ("PUT /a", "/{proxy+}", {"proxy": "a"}),
        ("GET /x%20y", "/x y", {}),
        ("PUT /", None, {}),
    ],
)
def test_the_most_specific_resource_that_has_the_method_is_taken(
    asked: str, path: str | None, parameters: dict[str, str]
) -> None:
    verb, _, sent = asked.partition(" ")

    found = routes(*PATHS).match(verb, sent)

    assert (None if found is None else found.resource) == path
    assert found is None or found.parameters == parameters


@pytest.mark.parametrize("sent", ["/" * 5000, "/a" * 5000, "/a/b/" * 3000])
def test_what_is_longer_than_all_paths_is_not_looked_at_to_its_end(sent: str) -> None:
    found = routes("GET /a/b/c", "GET /a/{x}/{y}").match("GET", sent)

    assert found is None


@pytest.mark.parametrize(
    ("said", "types", "found"),
    [
        ("image/png", ["image/png"], True),
        ("IMAGE/PNG; q=1", ["image/png"], True),
        ("image/png, text/html", ["text/html"], False),
        ("image/gif", ["image/*"], True),
        (None, ["image/png"], False),
        (None, ["*/*"], True),
        ("image/png", [], False),
    ],
)
def test_the_first_media_type_says_whether_it_is_bytes(said: str | None, types: list[str], found: bool) -> None:
    assert is_binary(said, types) is found


def test_bytes_are_told_in_base64_and_text_is_repaired() -> None:
    assert (as_text(b"\xff\x00", binary=True), as_text(b"a\xff", binary=False)) == ("/wA=", "a\ufffd")


@pytest.mark.parametrize(
    ("kind", "day", "period"),
    [
        ("DAY", "2026-03-01", "2026-03-01"),
        ("WEEK", "2026-03-01", "2026-03-01"),
        ("WEEK", "2026-02-28", "2026-02-22"),
        ("MONTH", "2026-03-31", "2026-03"),
    ],
)
def test_a_quota_is_of_a_period(kind: str, day: str, period: str) -> None:
    assert period_of(kind, datetime.fromisoformat(day).replace(tzinfo=UTC)) == period
