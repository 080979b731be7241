"""Requests that are signed again for AWS: as SigV4 wants it, by the user's own credentials, with nothing of callers."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from urllib.parse import unquote

import pytest
from api_rig import asked

from lambda_emu.gateway.request import Request
from lambda_emu.services.neighbours.aws import Signer
from lambda_emu.services.neighbours.errors import CannotSign

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
THEIRS = "AWS4-HMAC-SHA256 Credential=000000000000/20260101/eu-west-1/%s/aws4_request, SignedHeaders=host, Signature=0"


@pytest.fixture(autouse=True)
def _profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text(f"[work]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = {SECRET}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")  # ours: `aws` means AWS
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def read(head: bytes) -> tuple[str, str, dict[str, str]]:
    """Method, target and headers."""
    line, *fields = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    method, target, _ = line.split(" ")
    return method, target, {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}


def signature(head: bytes, service: str, region: str) -> str:
    """As AWS would compute it from what it reads."""
    method, target, headers = read(head)
    signed = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    path, _, query = target.partition("?")
    date = headers["x-amz-date"]
    scope = f"{date[:8]}/{region}/{service}/aws4_request"
    wanted = "&".join(sorted(pair if "=" in pair else f"{pair}=" for pair in query.split("&") if pair))
    payload = headers.get("x-amz-content-sha256", hashlib.sha256(b"{}").hexdigest())
    lines = [f"{name}:{headers[name].strip()}" for name in signed.split(";")]
    canonical = "\n".join([method, path, wanted, *lines, "", signed, payload])
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def sign(name: str, request: Request) -> tuple[str, bytes]:
    address, head = Signer(name, None).sign(request, len(request.body), "eu-west-1")
    return address.url, head


def test_a_request_of_an_api_is_signed_with_its_body_for_its_region() -> None:
    headers = {"authorization": THEIRS % "dynamodb", "x-amz-date": "20260101T000000Z", "x-amz-security-token": "theirs"}
    target = {"x-amz-target": "DynamoDB_20120810.ListTables", "host": "127.0.0.1:9000", "connection": "keep-alive"}

    url, head = sign("dynamodb", asked("POST /", b"{}", headers | target))

    method, path, said = read(head)
    assert (url, method, path, said["host"]) == (
        "https://dynamodb.eu-west-1.amazonaws.com", "POST", "/", "dynamodb.eu-west-1.amazonaws.com"
    )  # fmt: skip
    assert said["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/")
    assert said["authorization"].endswith(f"Signature={signature(head, 'dynamodb', 'eu-west-1')}")
    assert (said["x-amz-target"], said["content-length"]) == ("DynamoDB_20120810.ListTables", "2")
    assert not {"x-amz-security-token", "connection"} & said.keys()
    assert said["x-amz-date"] != "20260101T000000Z"


@pytest.mark.parametrize(
    ("request_", "headers", "path"),
    [
        ("PUT /photos/a%20b/%C3%BC?tagging", {"authorization": THEIRS % "s3"}, "/photos/a%20b/%C3%BC?tagging"),
        ("GET /a%20b", {"authorization": THEIRS % "s3", "host": "photos.localhost:9000"}, "/photos/a%20b"),
        ("GET /photos/k?X-Amz-Credential=c&X-Amz-Signature=s&X-Amz-Date=d&versionId=1", {}, "/photos/k?versionId=1"),
        ("GET /photos/k?AWSAccessKeyId=a&Signature=s&Expires=1", {}, "/photos/k"),
    ],
)
def test_a_request_for_an_object_is_signed_without_its_body(request_: str, headers: dict[str, str], path: str) -> None:
    url, head = sign("s3", asked(request_, b"12345", headers))

    _, target, said = read(head)
    assert (url.startswith("https://s3"), target) == (True, path)
    assert said["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert said["authorization"].endswith(f"Signature={signature(head, 's3', 'eu-west-1')}")
    assert unquote(target).isprintable()


def test_a_body_with_checksums_behind_it_stays_what_it_is() -> None:
    streamed = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "content-encoding": "aws-chunked"}

    _, head = sign("s3", asked("PUT /photos/k", b"12345", {"authorization": THEIRS % "s3", **streamed}))

    said = read(head)[2]
    assert said["x-amz-content-sha256"] == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    assert said["content-encoding"] == "aws-chunked"
    assert said["authorization"].endswith(f"Signature={signature(head, 's3', 'eu-west-1')}")


def test_what_cannot_be_signed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    chunked = {"authorization": THEIRS % "s3", "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"}
    with pytest.raises(CannotSign, match="piece"):
        sign("s3", asked("PUT /photos/k", b"12345", chunked))

    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(CannotSign, match="nobody"):
        sign("s3", asked("GET /photos/k", b"", {"authorization": THEIRS % "s3"}))
