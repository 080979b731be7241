"""Whether a request is signed by a key that is known: botocore signs, as every SDK does."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from msgspec.structs import replace

from lambda_emu.gateway.request import Request
from lambda_emu.http.message import Head
from lambda_emu.signatures.signature import is_by, is_timely, signed_of

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
URLS = (
    "http://localhost:9000/",
    "http://localhost:9000/items/a%20b/%C3%A9?b=2&a=1&a=0&empty=",
    "http://localhost:9000/a%2Fb/c+d?x=~%2B%20&%C3%A9=%22",
    "http://localhost:9000/restapis/x/$default/_user_request_/a?flag",
    "http://localhost:9000/x//y/../z/?q=a%2Fb%3Ac",
)


def asked(url: str, headers: dict[str, str], body: bytes = b"", method: str = "POST") -> Request:
    parts = urlsplit(url)
    fields = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    target = f"{parts.path}?{parts.query}".encode()
    request = Request(Head(method.encode(), target, fields, "1.1", True), parts.path.encode(), parts.query.encode(), "")
    request.body = body
    return request


def sign(url: str, body: bytes = b"", auth: Any = SigV4Auth, **headers: str) -> tuple[str, dict[str, str]]:
    made = AWSRequest("POST", url, data=body, headers={"Host": "localhost:9000", **headers})
    auth(Credentials("AKIAEXAMPLE", SECRET, "session"), "execute-api", "us-east-1").add_auth(made)
    return made.prepare().url, dict(made.headers.items())


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("auth", [SigV4Auth, SigV4QueryAuth])
def test_what_an_sdk_signs_holds(url: str, auth: Any) -> None:
    body = b"" if auth is SigV4QueryAuth else b"body \xff"
    signed_url, headers = sign(url, body, auth, **{"X-A": "  two   words "})

    request = asked(signed_url, headers, body)
    signed = signed_of(request)

    assert signed is not None
    assert is_by(SECRET, signed, request)
    assert not is_by(SECRET + "x", signed, request)


@pytest.mark.parametrize("change", ["body", "path", "query", "method", "header", "digest"])
def test_what_was_changed_after_it_was_signed_does_not_hold(change: str) -> None:
    url, headers = sign("http://localhost:9000/a?b=1", b"body", **{"X-A": "1"})
    if change == "header":
        headers["X-A"] = "2"
    if change == "digest":
        headers["X-Amz-Content-SHA256"] = "0" * 64
    changed = {"path": url.replace("/a", "/b"), "query": url.replace("b=1", "b=2")}.get(change, url)
    request = asked(changed, headers, b"Body" if change == "body" else b"body", "PUT" if change == "method" else "POST")

    signed = signed_of(request)

    assert signed is not None
    assert not is_by(SECRET, signed, request)


def test_a_signature_is_good_for_five_minutes() -> None:
    _, headers = sign("http://localhost:9000/")
    signed = signed_of(asked("http://localhost:9000/", headers))
    assert signed is not None
    signed = replace(signed, time="20260101T000000Z")
    at_s = 1767225600.0

    for now_s, timely in (
        (at_s, True),
        (at_s + 299, True),
        (at_s - 299, True),
        (at_s + 301, False),
        (at_s - 301, False),
    ):
        assert is_timely(signed, now_s) is timely
    assert not is_timely(replace(signed, time="yesterday"), at_s)
    assert is_timely(replace(signed, lifetime_s=3600.0), at_s + 3599)


@pytest.mark.parametrize(
    "authorization", ["", "Bearer x", "AWS4-HMAC-SHA256 Credential=a", "AWS4-HMAC-SHA256 " + "a=b," * 5000]
)
def test_what_is_no_signature_is_none(authorization: str) -> None:
    assert signed_of(asked("http://localhost:9000/", {"Authorization": authorization})) is None
