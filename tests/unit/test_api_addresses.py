"""Which API, stage and path a request names. docs/events.md#http-apis."""

from __future__ import annotations

import pytest

from lambda_emu.gateway.request import Request
from lambda_emu.http.message import Head
from lambda_emu.triggers.execute_api.addresses import ApiAddress, address_in
from lambda_emu.triggers.execute_api.refusals import ApiNotFound
from lambda_emu.triggers.http_apis.api import Stage
from lambda_emu.triggers.http_apis.stages import stage_of

LOCAL = "abc.execute-api.eu-west-1.localhost"


def asked(host: str, path: str) -> Request:
    return Request(Head(b"GET", path.encode(), [(b"host", host.encode())], "1.1", True), path.encode(), b"", "")


@pytest.mark.parametrize(
    ("host", "path", "named"),
    [
        (f"{LOCAL}:9000", "/a%2Fb/", ApiAddress("abc", "/a%2Fb/", None, "eu-west-1", LOCAL)),
        (f"{LOCAL.upper()}.", "/", ApiAddress("abc", "/", None, "eu-west-1", LOCAL)),
        (f"{LOCAL}", "/_lambda-emu/api/x/y", ApiAddress("abc", "/_lambda-emu/api/x/y", None, "eu-west-1", LOCAL)),
        ("abc.execute-api.localhost:9", "/a", ApiAddress("abc", "/a", None, None, "abc.execute-api.localhost")),
        ("localhost:9000", "/_lambda-emu/api/abc", ApiAddress("abc", "/", None, None, None)),
        ("localhost:9000", "/_lambda-emu/api/abc/", ApiAddress("abc", "/", None, None, None)),
        ("localhost:9000", "/_lambda-emu/api/abc/dev//a", ApiAddress("abc", "/dev//a", None, None, None)),
        ("localhost", "/restapis/abc/dev/_user_request_", ApiAddress("abc", "/", "dev", None, None)),
        ("localhost", "/restapis/abc/$default/_user_request_/a/", ApiAddress("abc", "/a/", "$default", None, None)),
        ("localhost", "/_aws/execute-api/abc/dev/a", ApiAddress("abc", "/a", "dev", None, None)),
        ("localhost", "/_aws/execute-api/abc/dev", ApiAddress("abc", "/", "dev", None, None)),
    ],
)
def test_an_api_is_named_by_its_host_or_by_a_path(host: str, path: str, named: ApiAddress) -> None:
    assert address_in(asked(host, path)) == named


@pytest.mark.parametrize("path", ["/", "/restapis/abc/dev/x", "/_aws/execute-api/abc", "/_lambda-emu/apis/abc/"])
def test_what_names_none_is_not_found(path: str) -> None:
    with pytest.raises(ApiNotFound):
        address_in(asked("localhost", path))


@pytest.mark.parametrize(
    ("stages", "path", "stage", "found"),
    [
        (("$default",), "/a/b", None, ("$default", "/a/b")),
        (("$default", "dev"), "/dev/b", None, ("dev", "/b")),
        (("$default", "dev"), "/dev", None, ("dev", "/")),
        (("$default", "dev"), "/devil/b", None, ("$default", "/devil/b")),
        (("$default",), "/$default/b", None, ("$default", "/$default/b")),
        (("dev",), "/b", None, None),
        (("dev",), "/", None, None),
        (("$default", "dev"), "/dev/b", "$default", ("$default", "/dev/b")),
        (("$default", "dev"), "/b", "dev", ("dev", "/b")),
        (("$default",), "/b", "dev", None),
    ],
)
def test_a_stage_is_the_first_part_of_the_path_or_the_default(
    stages: tuple[str, ...], path: str, stage: str | None, found: tuple[str, str] | None
) -> None:
    there = {name: Stage(name, {}, None) for name in stages}
    named = ApiAddress("abc", path, stage, None, None)

    if found is None:
        with pytest.raises(ApiNotFound):
            stage_of(there, named)
    else:
        chosen, below = stage_of(there, named)
        assert (chosen.name, below) == found
