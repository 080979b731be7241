"""Signatures that AWS's documentation of S3 shows: what they sign holds, and nothing else does."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from api_rig import asked

from lambda_emu.gateway.request import Request
from lambda_emu.signatures.claims import is_by, payload_digest
from lambda_emu.signatures.signature import signed_of
from lambda_emu.signatures.version2 import is_by as is_by_v2
from lambda_emu.signatures.version2 import signed_v2_of

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TIME = "20130524T000000Z"
CREDENTIAL = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
CHUNKS = (
    "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)
CHUNKS_BEFORE_TRAILER = (
    "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
)
TRAILER = (
    b"x-amz-checksum-crc32c:sOO8/Q==\r\n"
    b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
)


def request(line: str, headers: str, signature: str, told: Mapping[str, str] = {}, body: bytes = b"") -> Request:
    """headers: names of those that are signed."""
    said = f"AWS4-HMAC-SHA256 Credential={CREDENTIAL},SignedHeaders={headers},Signature={signature}"
    return asked(line, body, {"X-Amz-Date": TIME, "Authorization": said, **told})


def holds(made: Request, secret: str = SECRET) -> bool:
    signed = signed_of(made)
    assert signed is not None
    digest, other = payload_digest(signed, made)
    return other is None and is_by(secret, signed, made, digest)


def chunked(lines: tuple[str, ...], trailer: bytes = b"\r\n") -> bytes:
    first, second, last = (line.encode() + b"\r\n" for line in lines)
    return first + b"a" * 65536 + b"\r\n" + second + b"a" * 1024 + b"\r\n" + last + trailer


def in_chunks(body: bytes) -> Request:
    told = {
        "Host": "s3.amazonaws.com",
        "X-Amz-Storage-Class": "REDUCED_REDUNDANCY",
        "X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "Content-Encoding": "aws-chunked",
        "X-Amz-Decoded-Content-Length": "66560",
        "Content-Length": "66824",
    }
    names = (
        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;"
        "x-amz-storage-class"
    )
    signature = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    return request("PUT /examplebucket/chunkObject.txt", names, signature, told, body)


def with_trailer(body: bytes) -> Request:
    told = {
        "Host": "s3.amazonaws.com",
        "X-Amz-Storage-Class": "REDUCED_REDUNDANCY",
        "X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "Content-Encoding": "aws-chunked",
        "X-Amz-Decoded-Content-Length": "66560",
        "X-Amz-Trailer": "x-amz-checksum-crc32c",
        "Content-Length": "66824",
    }
    names = (
        "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;"
        "x-amz-trailer"
    )
    signature = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
    return request("PUT /examplebucket/chunkObject.txt", names, signature, told, body)


def test_an_object_is_read() -> None:
    told = {
        "Host": "examplebucket.s3.amazonaws.com",
        "Range": "bytes=0-9",
        "X-Amz-Content-SHA256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }
    names = "host;range;x-amz-content-sha256;x-amz-date"
    signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"

    assert holds(request("GET /test.txt", names, signature, told))
    assert not holds(request("GET /test.txt", names, signature, told), SECRET[1:])
    assert not holds(request("GET /test.txt", names, signature, told | {"Range": "bytes=0-10"}))


def test_an_object_is_written() -> None:
    told = {
        "Host": "examplebucket.s3.amazonaws.com",
        "Date": "Fri, 24 May 2013 00:00:00 GMT",
        "X-Amz-Storage-Class": "REDUCED_REDUNDANCY",
        "X-Amz-Content-SHA256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
    }
    names = "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class"
    signature = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"

    assert holds(request("PUT /test%24file.text", names, signature, told, b"Welcome to Amazon S3."))
    assert not holds(request("PUT /test%24file.text", names, signature, told, b"Welcome to Amazon S3!"))


def test_a_url_is_signed_beforehand() -> None:
    query = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )

    assert holds(asked(f"GET /test.txt?{query}", headers={"Host": "examplebucket.s3.amazonaws.com"}))
    assert not holds(asked(f"PUT /test.txt?{query}", headers={"Host": "examplebucket.s3.amazonaws.com"}))


def test_an_object_comes_in_signed_chunks() -> None:
    assert holds(in_chunks(chunked(CHUNKS)))


def test_signed_chunks_have_a_signed_trailer() -> None:
    assert holds(with_trailer(chunked(CHUNKS_BEFORE_TRAILER, TRAILER)))


@pytest.mark.parametrize(
    "body",
    [
        chunked(CHUNKS).replace(b"aaa", b"aab", 1),
        chunked((CHUNKS[0], CHUNKS[0], CHUNKS[2])),
        chunked(CHUNKS)[:-100],
        chunked(CHUNKS)[: -len(CHUNKS[2]) - 4],
        chunked(CHUNKS).replace(b"400;chunk-signature", b"3ff;chunk-signature"),
        chunked(CHUNKS).replace(b";chunk-signature=", b";signature="),
        b"0" * 100_000,
        b"",
    ],
    ids=["changed", "again", "cut", "without its end", "shorter", "unsigned", "no line", "nothing"],
)
def test_a_chunk_that_was_not_signed_is_refused(body: bytes) -> None:
    assert not holds(in_chunks(body))


@pytest.mark.parametrize(
    "trailer",
    [
        TRAILER.replace(b"sOO8/Q==", b"sOO8/A=="),
        TRAILER.replace(b"d81f", b"d81e"),
        TRAILER[:32],
        b"\r\n",
        b"a:b\r\n" * 99,
    ],
    ids=["changed", "another signature", "cut", "none", "too many"],
)
def test_a_trailer_that_was_not_signed_is_refused(trailer: bytes) -> None:
    assert not holds(with_trailer(chunked(CHUNKS_BEFORE_TRAILER, trailer)))


@pytest.mark.parametrize(
    ("line", "told", "signature"),
    [
        (
            "GET /photos/puppy.jpg",
            {"Host": "awsexamplebucket1.us-west-1.s3.amazonaws.com", "Date": "Tue, 27 Mar 2007 19:36:42 +0000"},
            "qgk2+6Sv9/oM7G3qLEjTH1a1l1g=",
        ),
        (
            "PUT /photos/puppy.jpg",
            {"Content-Type": "image/jpeg", "Date": "Tue, 27 Mar 2007 21:15:45 +0000"},
            "iqRzw+ileNPu1fhspnRs8nOjjIA=",
        ),
        (
            "GET /?prefix=photos&max-keys=50&marker=puppy",
            {"Date": "Tue, 27 Mar 2007 19:42:41 +0000"},
            "m0WP8eCtspQl5Ahe6L1SozdX9YA=",
        ),
        ("GET /?acl", {"Date": "Tue, 27 Mar 2007 19:44:46 +0000"}, "82ZHiFIjc+WbcwFKGUVEQspPn+0="),
    ],
)
def test_version_2_in_a_header(line: str, told: dict[str, str], signature: str) -> None:
    made = asked(line, headers=told | {"Authorization": f"AWS AKIAIOSFODNN7EXAMPLE:{signature}"})
    signed = signed_v2_of(made)

    assert signed is not None
    assert is_by_v2(SECRET, signed, made, "awsexamplebucket1")
    assert not is_by_v2(SECRET, signed, made, "another")


def test_version_2_in_a_query() -> None:
    query = "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620"
    made = asked(f"GET /photos/puppy.jpg?{query}")
    signed = signed_v2_of(made)

    assert signed is not None
    assert signed.expires == "1175139620"
    assert is_by_v2(SECRET, signed, made, "johnsmith")
