"""Who is let in by the head of a request: tools are, pages of others and names that strangers may give us are not."""

from __future__ import annotations

import pytest

from lambda_emu.gateway.callers import KEPT, Callers, Verdict, preflight
from lambda_emu.gateway.refusals import HeaderRepeated, HostMissing, HostRefused, PageRefused
from lambda_emu.http.message import Head

HERE = ("host", "127.0.0.1:9000")
ALLOWED = "http://localhost:3000"
CALLERS = Callers(hosts=("emu.example.com", "*.dev.example.com"), origins=(ALLOWED, "https://app.example.com"))


def head(*headers: tuple[str, str], method: bytes = b"POST", version: str = "1.1") -> Head:
    return Head(method, b"/", [(name.encode(), value.encode()) for name, value in headers], version, True)


def verdict(*headers: tuple[str, str], version: str = "1.1") -> Verdict:
    return CALLERS.verdict(head(*headers, version=version))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:9000", "127.0.0.1", "192.168.1.7:9000", "[::1]:9000", "[fe80::1]", "0.0.0.0:1",
        "localhost:9000", "LOCALHOST", "localhost.:9000", "lambda-emu:9000", "my_service",
        "api.localhost:9000", "host.docker.internal:9000", "localhost.localstack.cloud:4566",
        "lambda.us-east-1.localhost.localstack.cloud:4566", "emu.example.com", "a.b.dev.example.com:80",
        "a.lambda-url.us-east-1.on.aws",
    ],
)  # fmt: skip
def test_names_that_no_stranger_gives_us_are_let_in(host: str) -> None:
    assert verdict(("host", host)).refusal is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:9000", "127.0.0.1.evil.example", "127.0.0.1.nip.io", "localhost.evil.example",
        "xlocalhost.localstack.cloud", "dev.example.com", "notdev.example.com", "emu.example.com.evil.example",
        "evil.example.", "127.0.0.1:9000:1", "127.0.0.1:x", "[::1", "[localhost]", "[]", "", ":9000", "a b", "a@b.c",
        "localhost/.evil.example", "127.1", "evil.example#.localhost", "é.localhost", "x" * 10_000 + ".com",
    ],
)  # fmt: skip
def test_every_other_name_is_refused_with_the_setting_that_allows_it(host: str) -> None:
    refusal = verdict(("host", host)).refusal

    assert isinstance(refusal, HostRefused)
    assert "--allowed-hosts, LAMBDA_EMU_ALLOWED_HOSTS or `allowed_hosts`" in str(refusal)
    assert len(str(refusal)) < 400


def test_only_an_old_request_may_name_no_host() -> None:
    assert verdict(version="1.0").refusal is None
    assert isinstance(verdict().refusal, HostMissing)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("sec-fetch-site", "none")],  # what its user typed
        [("sec-fetch-site", "same-origin")],
        [("origin", "http://127.0.0.1:9000")],
        [("origin", "http://127.0.0.1:9000"), ("sec-fetch-site", "same-origin")],
        [("origin", ALLOWED)],
        [("origin", ALLOWED), ("sec-fetch-site", "same-site")],
        [("origin", "https://APP.example.com"), ("sec-fetch-site", "cross-site")],
    ],
)
def test_tools_own_pages_and_allowed_pages_are_let_in(headers: list[tuple[str, str]]) -> None:
    assert verdict(HERE, *headers).refusal is None


@pytest.mark.parametrize(
    "headers",
    [
        [("origin", "http://evil.example")],
        [("origin", "null")],
        [("origin", "")],
        [("origin", "https://127.0.0.1:9000")],
        [("origin", "http://127.0.0.1:9001")],
        [("origin", "http://localhost:9000")],
        [("origin", "http://localhost:3000.evil.example")],
        [("origin", "https://localhost:3000")],
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
        [("sec-fetch-site", "")],
        [("sec-fetch-site", "something new")],
        [("origin", "http://127.0.0.1:9000"), ("sec-fetch-site", "cross-site")],
        [("origin", "http://evil.example"), ("sec-fetch-site", "none")],
    ],
)
def test_pages_of_others_are_refused_with_the_setting_that_allows_them(headers: list[tuple[str, str]]) -> None:
    refusal = verdict(HERE, *headers).refusal

    assert isinstance(refusal, PageRefused)
    assert "--allowed-origins, LAMBDA_EMU_ALLOWED_ORIGINS or `allowed_origins`" in str(refusal)


@pytest.mark.parametrize("name", ["host", "origin", "sec-fetch-site"])
@pytest.mark.parametrize("second", ["127.0.0.1:9000", "evil.example"])
def test_a_header_that_decides_is_said_once(name: str, second: str) -> None:
    others = [] if name == "host" else [HERE]

    assert isinstance(verdict(*others, (name, "127.0.0.1:9000"), (name, second)).refusal, HeaderRepeated)


def test_an_allowed_page_is_told_that_it_may_read_the_answer() -> None:
    said = dict(verdict(HERE, ("origin", ALLOWED)).headers)

    assert said == {"Access-Control-Allow-Origin": ALLOWED, "Access-Control-Expose-Headers": "*", "Vary": "Origin"}
    assert verdict(HERE).headers == verdict(HERE, ("origin", "http://127.0.0.1:9000")).headers == ()


def test_a_browser_that_asks_for_an_allowed_page_is_told_what_it_may_send() -> None:
    wanted = "authorization,content-type,x-amz-date"
    asked = head(
        HERE,
        ("origin", ALLOWED),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", wanted),
        ("access-control-request-private-network", "true"),
        method=b"OPTIONS",
    )

    told = dict(preflight(asked, CALLERS.verdict(asked)) or [])

    assert told["Access-Control-Allow-Headers"] == wanted
    assert "DELETE" in told["Access-Control-Allow-Methods"]
    assert told["Access-Control-Allow-Private-Network"] == "true"


@pytest.mark.parametrize("wanted", ["x\r\nevil: 1", "x" * 65, ",".join(["x"] * 101), "a b", "é"])
def test_names_of_headers_that_are_none_are_not_told_back(wanted: str) -> None:
    asked = head(
        HERE,
        ("origin", ALLOWED),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", wanted),
        method=b"OPTIONS",
    )

    assert "Access-Control-Allow-Headers" not in dict(preflight(asked, CALLERS.verdict(asked)) or [])


def test_what_is_not_asked_by_an_allowed_page_is_no_preflight() -> None:
    own = head(HERE, ("access-control-request-method", "POST"), method=b"OPTIONS")

    assert preflight(own, CALLERS.verdict(own)) is None


def test_verdicts_are_the_same_however_many_strangers_asked_before() -> None:
    callers = Callers(origins=(ALLOWED,))
    for number in range(3 * KEPT):
        assert callers.verdict(head(HERE, ("origin", f"http://evil{number}.example"))).refusal is not None
        assert callers.verdict(head(HERE)).refusal is None

    assert callers.verdict(head(version="1.0")).refusal is None
    assert callers.verdict(head()).refusal is not None
