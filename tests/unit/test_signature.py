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
from lambda_emu.model.credentials import Credentials as OwnCredentials
from lambda_emu.signatures.checks import check_form, check_time
from lambda_emu.signatures.claims import is_by, payload_digest
from lambda_emu.signatures.refusals import BadSignature, Family
from lambda_emu.signatures.signature import Signed, signed_of
from lambda_emu.signatures.signing import Unsigned, signature_headers

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
AT_S = 1767225600.0
"""2026-01-01."""
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


def holds(secret: str, signed: Signed, request: Request) -> bool:
    digest, other = payload_digest(signed, request)
    return other is None and is_by(secret, signed, request, digest)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("auth", [SigV4Auth, SigV4QueryAuth])
def test_what_an_sdk_signs_holds(url: str, auth: Any) -> None:
    body = b"" if auth is SigV4QueryAuth else b"body \xff"
    signed_url, headers = sign(url, body, auth, **{"X-A": "  two   words "})

    request = asked(signed_url, headers, body)
    signed = signed_of(request)

    assert signed is not None
    assert holds(SECRET, signed, request)
    assert not holds(SECRET + "x", signed, request)


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
    assert not holds(SECRET, signed, request)


@pytest.mark.parametrize(("ahead_s", "timely"), [(0, True), (299, True), (-299, True), (301, False), (-301, False)])
def test_a_signature_is_good_for_five_minutes(ahead_s: int, timely: bool) -> None:
    _, headers = sign("http://localhost:9000/")
    signed = signed_of(asked("http://localhost:9000/", headers))
    assert signed is not None

    assert is_timely(replace(signed, time=b"20260101T000000Z"), AT_S + ahead_s) is timely


def test_a_signature_beforehand_is_good_for_as_long_as_it_says() -> None:
    url, headers = sign("http://localhost:9000/", auth=SigV4QueryAuth)
    signed = signed_of(asked(url, headers))
    assert signed is not None

    assert is_timely(replace(signed, time=b"20260101T000000Z"), AT_S + 3599)
    assert not is_timely(replace(signed, time=b"20260101T000000Z"), AT_S + 3601)
    assert not is_timely(replace(signed, time=b"yesterday"), AT_S)


def is_timely(signed: Signed, now_s: float) -> bool:
    try:
        check_time(signed, now_s, Family.REST)
    except BadSignature:
        return False
    return True


@pytest.mark.parametrize(
    "authorization", ["", "Bearer x", "AWS4-HMAC-SHA256 Credential=a", "AWS4-HMAC-SHA256 " + "a=b," * 5000]
)
def test_what_is_no_signature_is_none(authorization: str) -> None:
    assert signed_of(asked("http://localhost:9000/", {"Authorization": authorization})) is None


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("service", ["s3", "dynamodb"])
def test_what_we_sign_ourselves_holds_with_all_headers_of_aws(url: str, service: str) -> None:
    parts, body, own = urlsplit(url), b"body \xff", {"x-amz-acl": "private", "x-amz-meta-b": "a  b"}
    unsigned = Unsigned("POST", f"{parts.path}?{parts.query}", parts.netloc, body, service, "us-east-1", own)

    made = signature_headers(unsigned, OwnCredentials("AKIAEXAMPLE", SECRET, "session"), AT_S)

    headers = {"Host": parts.netloc, **own, **made}
    request = asked(url, headers, body)
    signed = signed_of(request)
    assert signed is not None
    check_form(signed, request, Family.S3)
    assert holds(SECRET, signed, request)
    assert not holds(SECRET, signed, asked(url, headers | {"x-amz-acl": "public-read"}, body))
