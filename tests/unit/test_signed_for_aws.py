"""Requests that are signed again for AWS: as SigV4 wants it, by the user's own credentials, with nothing of callers."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from urllib.parse import unquote
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

import pytest
from api_rig import asked
from s3_rig import s3_served

from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import RequestTooLarge
from lambda_emu.gateway.answers import Answer, error_answer
from lambda_emu.gateway.gateway import Gateway
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling, ServiceClaims
from lambda_emu.http.listener import Listener, PortSettings, bind
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.services.neighbours.aws import AwsPeer, Signer
from lambda_emu.services.neighbours.chunks import ChunkReader
from lambda_emu.services.neighbours.errors import CannotSign
from lambda_emu.services.passing.forwarder import Forwarder

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


CHUNKED = {
    "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "content-encoding": "aws-chunked",
    "x-amz-decoded-content-length": "70000",
    "x-amz-sdk-checksum-algorithm": "CRC32",
    "x-amz-trailer": "x-amz-checksum-crc32",
}


def chunked(*pieces: bytes) -> bytes:
    signature = b";chunk-signature=" + 64 * b"0" + b"\r\n"
    body = b"".join(b"%x" % len(piece) + signature + piece + b"\r\n" for piece in pieces)
    return body + b"0" + signature + b"x-amz-checksum-crc32:sOO8/Q==\r\nx-amz-trailer-signature:0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 86, 87, 88, 1000, 100_000])
def test_signed_chunks_are_read_however_they_come(size: int) -> None:
    pieces, reader = (b"a\r\n0;" * 20_000, b"\n", b"x" * 300), ChunkReader()
    body = chunked(*pieces)

    found = b"".join(reader.feed(body[at : at + size]) for at in range(0, len(body), size))

    assert found == b"".join(pieces)


@pytest.mark.parametrize("body", [b"no size\r\n", b"x" * 2000])
def test_what_is_not_in_chunks_is_no_body(body: bytes) -> None:
    with pytest.raises(CannotSign):
        ChunkReader().feed(body)


def test_an_object_in_signed_chunks_arrives_as_it_was(tmp_path: Path) -> None:
    """At another server in AWS's place, by the way that requests for AWS take."""
    loop, clock, bound = Loop(), Clock(), bind("127.0.0.1", 0)
    loop.start()
    clock.bind(loop.asyncio)
    with s3_served() as theirs:
        forwarder = loop.ask(lambda: Forwarder(AwsPeer("s3", "us-east-1", loop, lambda _: theirs.url), loop), 10)
        gateway = Gateway(loop, clock, tmp_path)
        gateway.serve(Passed(forwarder))
        listener = Listener(gateway, clock, PortSettings(refusal=gateway.refusal))
        loop.run(listener.listen(bound), 10)
        try:
            url = f"http://127.0.0.1:{bound.getsockname()[1]}/code/photo"
            headers = {"Authorization": THEIRS % "s3", "Content-Type": "image/png", **CHUNKED}
            body = chunked(b"x" * 65536, b"y" * 4464)
            urlopen(UrlRequest(url, body, headers, method="PUT"), timeout=30).close()
        finally:
            loop.ask(listener.close, 10)
            loop.stop()

        got = theirs.client.get_object(Bucket="code", Key="photo")
        assert got["Body"].read() == b"x" * 65536 + b"y" * 4464
        assert "aws-chunked" not in got.get("ContentEncoding", "")


class Passed:
    """All that comes is passed on."""

    claims = ServiceClaims()
    answers_pages = False

    def __init__(self, forwarder: Forwarder) -> None:
        self._handling = Handling(forwarder.serve, 1 << 20, RequestTooLarge(1 << 20, "requested"))

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        return self._handling

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return error_answer(error, request.request_id)


def test_what_cannot_be_signed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    unsaid = {"authorization": THEIRS % "s3", "x-amz-content-sha256": CHUNKED["x-amz-content-sha256"]}
    with pytest.raises(CannotSign, match="length"):
        sign("s3", asked("PUT /photos/k", b"12345", unsaid))

    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(CannotSign, match="nobody"):
        sign("s3", asked("GET /photos/k", b"", {"authorization": THEIRS % "s3"}))
