"""Who may ask S3 without signing: pages by a bucket's CORS configuration, anybody by its policy."""

from __future__ import annotations

import json
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

import pytest
from own import OwnLam
from services_rig import ACCOUNT, lam, sdk

__all__ = ["lam"]

PAGE = "http://app.example:3000"
SIGNED = {"Authorization": f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/us-east-1/s3/aws4_request, Signature=x"}


@pytest.fixture
def bucket(lam: OwnLam) -> str:
    """With one object, `k`."""
    name = f"b{uuid4().hex[:12]}"
    s3 = sdk(lam, "s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"body")
    return name


def allow(lam: OwnLam, bucket: str, **more: Any) -> None:
    rule = {"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": [PAGE], **more}
    sdk(lam, "s3").put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})


def ask(lam: OwnLam, method: str, target: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    there = urlsplit(lam.emulator.url)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(HTTPConnection(there.hostname or "", there.port, timeout=20)) as connection:
        connection.request(method, target, b"new" if method in ("PUT", "POST") else None, named)
        answer = connection.getresponse()
        return answer, answer.read()


@pytest.mark.parametrize(
    ("version", "late"),
    [
        ("s3v4", {"X-Amz-Date": "20200101T000000Z"}),
        ("s3v4", {"X-Amz-Expires": "soon"}),
        ("s3", {"Expires": "1577836800"}),
    ],
)
def test_a_url_that_was_signed_beforehand_is_refused_when_its_time_is_over(
    lam: OwnLam, bucket: str, version: str, late: dict[str, str]
) -> None:
    s3 = sdk(lam, "s3", signature_version=version)
    url = urlsplit(s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60))
    over = urlencode({**dict(parse_qsl(url.query)), **late})

    answer, body = ask(lam, "GET", f"{url.path}?{url.query}")
    refused, said = ask(lam, "GET", f"{url.path}?{over}")

    assert (answer.status, body) == (200, b"body")
    assert (refused.status, b"Request has expired" in said) in ((403, True), (400, False))


def test_a_page_that_the_bucket_allows_may_ask_and_read(lam: OwnLam, bucket: str) -> None:
    allow(lam, bucket, AllowedHeaders=["x-amz-*"], ExposeHeaders=["ETag"], MaxAgeSeconds=60)

    preflight, _ = ask(
        lam, "OPTIONS", f"/{bucket}/new", Origin=PAGE,
        Access_Control_Request_Method="PUT", Access_Control_Request_Headers="X-Amz-Meta-A",
    )  # fmt: skip
    put, _ = ask(lam, "PUT", f"/{bucket}/new", Origin=PAGE, **SIGNED)
    got, body = ask(lam, "GET", f"/{bucket}/new", Origin=PAGE, **SIGNED)

    assert preflight.status == 200
    assert preflight.headers["Access-Control-Allow-Headers"] == "x-amz-meta-a"
    assert preflight.headers["Access-Control-Max-Age"] == "60"
    assert (put.status, got.status, body) == (200, 200, b"new")
    for answer in (preflight, put, got):
        assert answer.headers.get_all("Access-Control-Allow-Origin") == [PAGE]
        assert answer.headers["Access-Control-Allow-Methods"] == "GET, PUT"
    assert got.headers["Access-Control-Expose-Headers"] == "ETag"


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"Origin": "http://evil.example"}),
        ("PUT", {"Origin": "http://evil.example"}),
        ("DELETE", {"Origin": PAGE}),  # a method that is not allowed
        ("POST", {"Origin": "null"}),
        ("PUT", {"Sec_Fetch_Site": "cross-site"}),
        ("OPTIONS", {"Origin": PAGE, "Access_Control_Request_Method": "DELETE"}),
        (
            "OPTIONS",
            {"Origin": PAGE, "Access_Control_Request_Method": "PUT", "Access_Control_Request_Headers": "x-mine"},
        ),
    ],
)
def test_any_other_page_is_refused_and_changes_nothing(
    lam: OwnLam, bucket: str, method: str, headers: dict[str, str]
) -> None:
    allow(lam, bucket)

    answer, body = ask(lam, method, f"/{bucket}/k", **headers, **({} if method == "OPTIONS" else SIGNED))

    assert answer.status == 403
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert b"AccessForbidden" in body or b"AccessDenied" in body
    assert sdk(lam, "s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"body"


def test_without_a_configuration_no_page_may_ask(lam: OwnLam, bucket: str) -> None:
    assert ask(lam, "GET", f"/{bucket}/k", Origin=PAGE, **SIGNED)[0].status == 403


def test_a_picture_that_was_signed_beforehand_is_shown_anywhere(lam: OwnLam, bucket: str) -> None:
    url = urlsplit(sdk(lam, "s3").generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}))

    answer, body = ask(lam, "GET", f"{url.path}?{url.query}", Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="image")

    assert (answer.status, body) == (200, b"body")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_what_a_browser_opens_has_no_origin_of_ours(lam: OwnLam, bucket: str) -> None:
    answer, _ = ask(lam, "GET", f"/{bucket}/k", Sec_Fetch_Dest="document", Sec_Fetch_Site="none", **SIGNED)

    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/k"), ("PUT", "/new"), ("DELETE", "/k"), ("GET", ""), ("POST", "?delete")]
)
def test_who_does_not_sign_is_refused_unless_a_policy_lets_everybody(
    lam: OwnLam, bucket: str, method: str, path: str
) -> None:
    refused, _ = ask(lam, method, f"/{bucket}{path}")
    everybody: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": "s3:*"}
    everybody |= {"Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}
    policy = {"Version": "2012-10-17", "Statement": [everybody]}
    sdk(lam, "s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    allowed, _ = ask(lam, method, f"/{bucket}{path}")

    assert refused.status == 403
    assert allowed.status < 300 or path == "?delete"


def test_a_policy_that_wants_tls_or_another_condition_keeps_nobody_out_who_signs(lam: OwnLam, bucket: str) -> None:
    """CDK puts the first one on what it makes. What may be done under a condition is not forbidden without it."""
    all_of_it = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    insecure = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}, "Effect": "Deny", "Action": "s3:*"}
    some = {"Condition": {"StringEquals": {"aws:Referer": "x"}}, "Effect": "Allow", "Action": "s3:*Object"}
    statements = [{**one, "Principal": "*", "Resource": all_of_it} for one in (insecure, some)]
    s3 = sdk(lam, "s3")
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))

    s3.put_object(Bucket=bucket, Key="one", Body=b"1")
    assert s3.get_object(Bucket=bucket, Key="one")["Body"].read() == b"1"
    assert [one["Key"] for one in s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "one"}]})["Deleted"]]


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("", "must be valid JSON"),
        ("[]", "must be valid JSON"),
        ("[" * 10_000, "must be valid JSON"),
        ("{}", "Missing required field Statement"),
        ('{"Statement": []}', "Missing required field Statement"),
        ('{"Statement": [1]}', "Missing required field Statement"),
        ('{"Statement": {"Effect": "Allow"}}', "Missing required field Principal"),
        ('{"Statement": {"Effect": [], "Principal": "*", "Action": "*", "Resource": "*"}}', "Invalid effect"),
    ],
)
def test_what_is_no_policy_is_refused_and_keeps_nobody_from_the_bucket(
    lam: OwnLam, bucket: str, policy: str, says: str
) -> None:
    s3 = sdk(lam, "s3")

    with pytest.raises(s3.exceptions.ClientError, match=rf"\(MalformedPolicy\).*{says}"):
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)

    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"body"


def test_a_bucket_that_wants_tls_takes_what_would_come_by_it_on_aws(lam: OwnLam, bucket: str) -> None:
    """As the buckets of `sam deploy` and `cdk bootstrap` do."""
    of_bucket = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    condition = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": of_bucket, **condition}
    sdk(lam, "s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Statement": [statement]}))

    sdk(lam, "s3").put_object(Bucket=bucket, Key="k", Body=b"more")

    assert sdk(lam, "s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"more"
