"""Forms by which browsers put objects to S3: boto3 signs their policy, as every SDK does, and they are held to it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from api_rig import asked
from botocore.config import Config

from lambda_emu.clock import Clock
from lambda_emu.gateway.request import Request
from lambda_emu.signatures import forms
from lambda_emu.signatures.refusals import BadSignature

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
BOUNDARY = "------WebKitFormBoundary7MA4YWxkTrZu0gW"
BUCKET = "photos"


def post(fields: Mapping[str, str], file: bytes = b"hello", more: str = "") -> Request:
    body = io.BytesIO()
    for name, value in fields.items():
        part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        body.write(part.encode())
    body.write(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'.encode())
    body.write(file + f"\r\n{more}--{BOUNDARY}--\r\n".encode())
    return asked(f"POST /{BUCKET}", body.getvalue(), {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})


def signed_fields(version: str = "s3v4", conditions: list[Any] | None = None, **fields: str) -> dict[str, str]:
    """By boto3, for this key."""
    s3 = boto3.client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key=SECRET,
        config=Config(signature_version=version),
    )
    named = [*({name: value} for name, value in fields.items()), *(conditions or [])]
    made = s3.generate_presigned_post(BUCKET, "up/${filename}", Fields=dict(fields), Conditions=named, ExpiresIn=60)
    told: dict[str, str] = made["fields"]
    return told


def refusal(request: Request, later_s: float = 0.0, bucket: str = BUCKET) -> str:
    """What is said; empty: nothing."""
    signed = forms.signed_form_of(request)
    assert signed is not None
    assert forms.is_by(SECRET, signed)
    assert not forms.is_by(SECRET + "x", signed)
    try:
        forms.check_policy(signed, bucket, Clock().now_s() + later_s)
    except BadSignature as error:
        return f"{error.code}: {error.text}"
    return ""


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_form_that_is_as_its_policy_says_is_taken(version: str) -> None:
    assert refusal(post(signed_fields(version, acl="private"))) == ""


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"key": "other/a"},
            'AccessDenied: Invalid according to Policy: Policy Condition failed: ["starts-with", "$key"',
        ),
        ({"acl": "public-read"}, "AccessDenied: Invalid according to Policy: Extra input fields: acl"),
        ({"x-ignore-me": "1"}, ""),
    ],
)
def test_a_field_that_the_policy_does_not_allow_is_refused(fields: dict[str, str], said: str) -> None:
    assert refusal(post(signed_fields() | fields)).startswith(said)


def test_it_ends_and_is_for_one_bucket() -> None:
    request = post(signed_fields())

    assert refusal(request, 59) == ""
    assert refusal(request, 61) == "AccessDenied: Invalid according to Policy: Policy expired."
    assert refusal(request, bucket="other").startswith("AccessDenied: Invalid according to Policy: Policy Condition")


@pytest.mark.parametrize(
    ("size", "code"), [(9, "EntityTooSmall"), (10, ""), (600_000, ""), (600_001, "EntityTooLarge")]
)
@pytest.mark.parametrize("is_spooled", [False, True])
def test_the_file_is_as_large_as_it_may_be(tmp_path: Path, size: int, code: str, is_spooled: bool) -> None:
    request = post(signed_fields(conditions=[["content-length-range", 10, 600_000]]), bytes(size))
    if is_spooled:
        request.body_file = tmp_path / "body"
        request.body_file.write_bytes(request.body)
        request.body = b""

    assert refusal(request).partition(":")[0] == code


AGAIN = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="acl"\r\n\r\npublic-read\r\n'


@pytest.mark.parametrize(
    "request_",
    [
        post({"policy": "a", "x-amz-signature": "b"}),
        post({"signature": "a"}),
        post({"policy": "a"}),
        post({"key": "a"}, more=AGAIN),
        post({"key": "a", "KEY": "b"}),
        post({str(number): "" for number in range(200)}),
        post({"key": "a" * 100_000}),
        asked("POST /b", b"x" * 100_000, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}),
        asked("POST /b", b"", {"Content-Type": "multipart/form-data"}),
        asked(
            "POST /b", f"--{BOUNDARY}".encode() * 5000, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        ),
    ],
    ids=["no credential", "no policy", "no key", "behind the file", "twice", "many", "long", "none", "bare", "marks"],
)
def test_what_others_would_read_otherwise_is_refused(request_: Request) -> None:
    with pytest.raises(BadSignature, match="not well-formed"):
        forms.signed_form_of(request_)


def test_a_form_without_a_signature_is_nobodys() -> None:
    assert forms.signed_form_of(post({"key": "a"})) is None
    assert forms.signed_form_of(asked("POST /b", b"{}", {"Content-Type": "application/json"})) is None


@pytest.mark.parametrize("policy", ["", "e30=", "W10=", "!", "eyJleHBpcmF0aW9uIjoxfQ=="])
def test_a_policy_that_is_none_is_refused(policy: str) -> None:
    signed = forms.SignedForm(forms.Form({}, 0), "", "", policy, None, None)

    with pytest.raises(BadSignature, match="Invalid Policy"):
        forms.check_policy(signed, BUCKET, 0)
