"""S3 on the server's own port: objects as boto3 puts and gets them, and what functions are told of them."""

from __future__ import annotations

import io
import json
import os
import re
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen
from zlib import crc32

import pytest
from boto_rig import client_at
from botocore.exceptions import ClientError
from own import OwnLam
from services_rig import ACCOUNT, sdk
from told_rig import TELL, create, heard, notify, shared
from waiting import Eventually

__all__ = ["shared"]

THUMBNAIL = """
import boto3
from urllib.parse import unquote_plus
s3 = boto3.client("s3")
def handler(event, context):
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
        photo = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        s3.put_object(Bucket=bucket, Key="small/" + key, Body=photo[:3])
"""


@contextmanager
def looked_up_here() -> Iterator[None]:
    """Names lead to this machine, as browsers and some resolvers have it."""
    look_up = socket.getaddrinfo
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", lambda _, *more, **named: look_up("127.0.0.1", *more, **named))
        yield


def test_a_photo_that_is_put_has_a_thumbnail(lam: OwnLam, eventually: Eventually) -> None:
    s3 = notify(lam, "photos", create(lam, "thumbnail", THUMBNAIL), "s3:ObjectCreated:*", "new ")

    s3.put_object(Bucket="photos", Key="new photo ü.jpg", Body=b"large photo")

    small = eventually(lambda: s3.list_objects_v2(Bucket="photos", Prefix="small/").get("Contents"), "the thumbnail")
    assert [one["Key"] for one in small] == ["small/new photo ü.jpg"]
    assert s3.get_object(Bucket="photos", Key="small/new photo ü.jpg")["Body"].read() == b"lar"


def test_the_record_of_an_object_is_whole(lam: OwnLam, eventually: Eventually) -> None:
    s3 = notify(lam, "records", create(lam, "records", TELL), "s3:ObjectCreated:*")
    s3.put_bucket_versioning(Bucket="records", VersioningConfiguration={"Status": "Enabled"})

    put = s3.put_object(Bucket="records", Key="a/b c+ü.txt", Body=b"12345")

    [record] = heard(lam, "records", eventually)["Records"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("eventTime"))
    assert re.fullmatch(r"[0-9A-F]{16}", record["responseElements"].pop("x-amz-request-id"))
    assert record["responseElements"].pop("x-amz-id-2")
    assert re.fullmatch(r"[0-9A-F]{18}", record["s3"]["object"].pop("sequencer"))
    assert record["s3"]["bucket"].pop("ownerIdentity")["principalId"].startswith("A")
    assert record == {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": f"AWS:{ACCOUNT}"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "told",
            "bucket": {"name": "records", "arn": "arn:aws:s3:::records"},
            "object": {
                "key": "a/b+c%2B%C3%BC.txt",
                "size": 5,
                "eTag": put["ETag"].strip('"'),
                "versionId": put["VersionId"],
            },
        },
    }


@pytest.mark.parametrize("versions", [False, True], ids=["plain", "versions"])
def test_what_is_removed_has_neither_size_nor_tag(lam: OwnLam, eventually: Eventually, versions: bool) -> None:
    bucket = f"removed-{versions}".lower()
    s3 = notify(lam, bucket, create(lam, bucket, TELL), "s3:ObjectRemoved:*")
    if versions:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")

    s3.delete_object(Bucket=bucket, Key="k")

    [record] = heard(lam, bucket, eventually)["Records"]
    name, members = ("DeleteMarkerCreated", {"versionId"}) if versions else ("Delete", set())
    assert record["eventName"] == f"ObjectRemoved:{name}"
    assert set(record["s3"]["object"]) == {"key", "sequencer"} | members


def test_later_changes_have_greater_sequencers(lam: OwnLam, eventually: Eventually) -> None:
    s3 = notify(lam, "sequence", create(lam, "sequence", TELL), "s3:ObjectCreated:*")
    found = []
    for body in (b"1", b"2"):
        s3.put_object(Bucket="sequence", Key="k", Body=body)
        found.append(heard(lam, "sequence", eventually)["Records"][0]["s3"]["object"]["sequencer"])

    assert found == sorted(set(found))


def test_an_object_is_told_to_a_topic_and_so_to_a_function(lam: OwnLam, eventually: Eventually) -> None:
    sns, s3 = sdk(lam, "sns"), sdk(lam, "s3")
    topic = sns.create_topic(Name="objects")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=create(lam, "objects", TELL))
    s3.create_bucket(Bucket="to-topic")
    told = {"TopicArn": topic, "Events": ["s3:ObjectCreated:Put"]}
    s3.put_bucket_notification_configuration(
        Bucket="to-topic", NotificationConfiguration={"TopicConfigurations": [told]}
    )

    def look() -> Any:
        s3.put_object(Bucket="to-topic", Key="k", Body=b"1")
        [record] = heard(lam, "objects", eventually)["Records"]
        inner = json.loads(record["Sns"]["Message"])
        return "Records" in inner and (record["Sns"]["Subject"], inner["Records"][0]["s3"]["object"]["key"])

    assert eventually(look, "the object's own event") == ("Amazon S3 Notification", "k")


@pytest.mark.parametrize("size", [0, 1, 300_000, 9_000_000])
def test_objects_of_each_size_come_back_as_they_were(lam: OwnLam, size: int) -> None:
    s3, body = sdk(lam, "s3"), os.urandom(size)
    metadata = {"under_score": "1", "da-sh": "2"}
    s3.put_object(Bucket="heard", Key="of/size", Body=body, Metadata=metadata)

    head, got = s3.head_object(Bucket="heard", Key="of/size"), s3.get_object(Bucket="heard", Key="of/size")

    assert (head["ContentLength"], head["Metadata"]) == (size, metadata)
    assert got["Body"].read() == body
    s3.delete_object(Bucket="heard", Key="of/size")


@pytest.mark.parametrize(
    ("host", "style"), [("127.0.0.1", "path"), ("localhost", "virtual"), ("s3.localhost.localstack.cloud", "virtual")]
)
def test_a_bucket_is_named_by_path_or_by_host_and_by_urls_that_were_signed_beforehand(
    lam: OwnLam, host: str, style: str
) -> None:
    """Names are looked up as if all of them led to this machine."""
    port = urlsplit(lam.emulator.url).port
    there: Any = (f"http://{host}:{port}", "s3", ACCOUNT)
    styled = {"addressing_style": style}
    s3 = client_at(*there, s3=styled)
    signed = {version: client_at(*there, s3=styled, signature_version=version) for version in ("s3", "s3v4")}
    named = {"Bucket": f"named-{style}-{len(host)}", "Key": "a b/ü"}
    with looked_up_here():
        s3.create_bucket(Bucket=named["Bucket"])
        s3.put_object(**named, Body=b"hello")

        found = s3.list_objects_v2(Bucket=named["Bucket"])["Contents"][0]["Key"]
        got = [urlopen(one.generate_presigned_url("get_object", named), timeout=9).read() for one in signed.values()]
        address = signed["s3v4"].generate_presigned_url("put_object", named)
        urlopen(Request(address, b"new", {"Content-Type": "text/plain"}, method="PUT"), timeout=9).close()

        assert (found, got) == ("a b/ü", [b"hello"] * 2)
        assert s3.get_object(**named)["Body"].read() == b"new"


@pytest.mark.parametrize(
    ("headers", "body", "found"),
    [
        (
            {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"},
            "{}",
            "TableN",
        ),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "Action=GetCallerIdentity&Version=2011-06-15", "<Arn>"),
        (
            {"Content-Type": "application/x-www-form-urlencoded"},
            "Action=AssumeRoleWithWebIdentity&RoleArn=arn:aws:iam::123456789012:role/r&RoleSessionName=s"
            "&WebIdentityToken=t",
            "<SessionToken>",
        ),
    ],
    ids=["by its target", "by its version", "by its action"],
)
@pytest.mark.parametrize("signature", [{}, {"Authorization": "Bearer token"}], ids=["nothing", "a token"])
def test_a_request_that_is_not_signed_is_told_by_what_it_says(
    lam: OwnLam, headers: dict[str, str], body: str, found: str, signature: dict[str, str]
) -> None:
    with urlopen(Request(lam.emulator.url, body.encode(), headers | signature), timeout=30) as answer:
        assert found in answer.read().decode()


@pytest.mark.parametrize(
    ("asked", "status", "cut"),
    [
        ("bytes=0-0", 206, slice(0, 1)),
        ("bytes=10-19", 206, slice(10, 20)),
        ("bytes=299990-", 206, slice(299_990, None)),
        ("bytes=-7", 206, slice(-7, None)),
        ("bytes=5-900000", 206, slice(5, None)),
        ("bytes=0-1,3-4", 200, slice(None)),
        ("bytes=x-y", 200, slice(None)),
        ("bytes=9-3", 200, slice(None)),
    ],
)
def test_a_part_of_an_object_is_what_is_asked_for(lam: OwnLam, asked: str, status: int, cut: slice) -> None:
    s3, body = sdk(lam, "s3"), os.urandom(300_000)
    s3.put_object(Bucket="heard", Key="part", Body=body)

    got = s3.get_object(Bucket="heard", Key="part", Range=asked)

    assert got["ResponseMetadata"]["HTTPStatusCode"] == status
    assert got["Body"].read() == body[cut]
    with pytest.raises(ClientError, match="InvalidRange"):
        s3.get_object(Bucket="heard", Key="part", Range="bytes=300000-")
    s3.delete_object(Bucket="heard", Key="part")


def test_a_large_object_is_fetched_in_parts_without_being_read_anew_for_each(lam: OwnLam) -> None:
    """Read whole for each part of 8 MB, one of 64 MB takes 512 MB of reading."""
    s3, body = sdk(lam, "s3"), os.urandom(1 << 20) * 64
    s3.upload_fileobj(io.BytesIO(body), "heard", "large")
    pid = lam.emulator.around.child.pid
    before = _read_bytes(pid)

    found = io.BytesIO()
    s3.download_fileobj("heard", "large", found)

    assert found.getvalue() == body
    assert _read_bytes(pid) - before < 2 * len(body)
    s3.delete_object(Bucket="heard", Key="large")


def _read_bytes(pid: int | None) -> int:
    """What a process has read so far, from files and sockets."""
    members = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(members["rchar"])


@pytest.mark.parametrize("signed", ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
@pytest.mark.parametrize("size", [3, 3_000_000])
def test_bodies_in_signed_pieces_with_a_trailer_are_kept_without_either(lam: OwnLam, size: int, signed: str) -> None:
    """As SDKs in Java and Go send them."""
    content, piece = os.urandom(size), 65_536
    signature = b"" if "UNSIGNED" in signed else b";chunk-signature=" + b"0" * 64
    body = b""
    for begin in range(0, size, piece):
        part = content[begin : begin + piece]
        body += b"%x%b\r\n%b\r\n" % (len(part), signature, part)
    body += b"0%b\r\nx-amz-checksum-crc32:%b\r\n\r\n" % (signature, b64encode(crc32(content).to_bytes(4, "big")))
    there = urlsplit(lam.emulator.url)
    with closing(HTTPConnection(there.hostname or "", there.port, timeout=20)) as connection:
        connection.request("PUT", "/heard/in/pieces", body, {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/us-east-1/s3/aws4_request",
            "x-amz-content-sha256": signed, "Content-Encoding": "aws-chunked", "x-amz-trailer": "x-amz-checksum-crc32",
            "x-amz-decoded-content-length": str(size), "Expect": "100-continue",
        })  # fmt: skip
        assert connection.getresponse().status == 200

    got = sdk(lam, "s3").get_object(Bucket="heard", Key="in/pieces")
    assert (got["Body"].read(), got["ContentLength"]) == (content, size)
    assert "aws-chunked" not in got.get("ContentEncoding", "")


def test_a_name_of_a_strangers_is_no_buckets(lam: OwnLam) -> None:
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(f"{lam.emulator.url}/key", headers={"Host": "photos.s3.page.example"}), timeout=30)

    assert refused.value.code == 403
