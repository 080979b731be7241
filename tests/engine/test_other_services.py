"""S3, SNS, DynamoDB and others on the server's own port: by boto3, with functions that they call and that call them."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
from own import OwnLam, own_emulator, processes, served
from server_rig import Exchange, body_of, http_server, send
from services_rig import ACCOUNT, sdk
from waiting import Eventually

TELL = """
import json, urllib.request, os
def handler(event, context):
    asked = urllib.request.Request(
        os.environ["AWS_ENDPOINT_URL"] + "/heard/" + os.environ["KEY"], json.dumps(event).encode(), method="PUT",
        headers={"Authorization": f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/20260101/us-east-1/s3"
                 "/aws4_request, SignedHeaders=host, Signature=x", "Content-Type": "application/json"})
    urllib.request.urlopen(asked, timeout=9).close()
"""
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


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("services"), "process", stems=0, account=ACCOUNT) as lam:
        lam.role = f"arn:aws:iam::{ACCOUNT}:role/test"
        sdk(lam, "s3").create_bucket(Bucket="heard")
        yield lam


def create(lam: OwnLam, name: str, code: str) -> str:
    """A function that knows the port; its ARN."""
    url = lam.emulator.url
    variables = {"AWS_ENDPOINT_URL": url, "KEY": name}
    lam.create(name, code, Environment={"Variables": variables}, Timeout=60, MemorySize=1769)
    arn: str = lam.client.get_function_configuration(FunctionName=name)["FunctionArn"]
    return arn


def heard(lam: OwnLam, name: str, eventually: Eventually) -> Any:
    """The event that the function `name` of TELL was given."""
    s3 = sdk(lam, "s3")

    def look() -> Any:
        found = s3.list_objects_v2(Bucket="heard", Prefix=name).get("Contents")
        return found and json.load(s3.get_object(Bucket="heard", Key=name)["Body"])

    event = eventually(look, f"an event of {name}")
    s3.delete_object(Bucket="heard", Key=name)
    return event


def notify(lam: OwnLam, bucket: str, arn: str, event: str, prefix: str = "") -> Any:
    s3 = sdk(lam, "s3")
    s3.create_bucket(Bucket=bucket)
    told: dict[str, Any] = {"Id": "told", "LambdaFunctionArn": arn, "Events": [event]}
    if prefix:
        told["Filter"] = {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}}
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [told]}
    )
    return s3


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


def test_a_message_to_a_topic_reaches_a_function_whole(lam: OwnLam, eventually: Eventually) -> None:
    sns = sdk(lam, "sns")
    topic = sns.create_topic(Name="told")["TopicArn"]
    arn = create(lam, "topic", TELL)
    subscription = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)["SubscriptionArn"]

    attributes = {"color": {"DataType": "String", "StringValue": "red"}}
    sent = sns.publish(TopicArn=topic, Message="hello", Subject="s", MessageAttributes=attributes)

    [record] = heard(lam, "topic", eventually)["Records"]
    told = record["Sns"]
    assert (record["EventSource"], record["EventVersion"]) == ("aws:sns", "1.0")
    assert record["EventSubscriptionArn"] == subscription
    for generated in ("Timestamp", "Signature", "SigningCertUrl", "UnsubscribeUrl"):
        assert told.pop(generated)
    assert told == {
        "Type": "Notification",
        "MessageId": sent["MessageId"],
        "TopicArn": topic,
        "Subject": "s",
        "Message": "hello",
        "SignatureVersion": "1",
        "MessageAttributes": {"color": {"Type": "String", "Value": "red"}},
    }


def test_a_filter_policy_keeps_a_message_from_a_function(lam: OwnLam, eventually: Eventually) -> None:
    sns = sdk(lam, "sns")
    topic = sns.create_topic(Name="filtered")["TopicArn"]
    policy = {"FilterPolicy": json.dumps({"color": ["red"]})}
    arn = create(lam, "filtered", TELL)
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn, Attributes=policy)

    for color in ("blue", "red"):
        attributes = {"color": {"DataType": "String", "StringValue": color}}
        sns.publish(TopicArn=topic, Message=color, MessageAttributes=attributes)

    [record] = heard(lam, "filtered", eventually)["Records"]
    assert (record["Sns"]["Message"], record["Sns"]["Subject"]) == ("red", None)


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


def test_a_message_to_a_topic_is_posted_to_a_url_that_confirmed_it(lam: OwnLam, eventually: Eventually) -> None:
    posted: list[tuple[Any, Any]] = []
    confirmed: list[bytes] = []

    def answer(exchange: Exchange) -> None:
        told = json.loads(body_of(exchange))
        posted.append((dict(exchange.headers), told))
        send(exchange)
        if told["Type"] == "SubscriptionConfirmation" and told["Token"]:
            with urlopen(told["SubscribeURL"], timeout=10) as said:
                confirmed.append(said.read())

    with http_server(answer) as url:
        sns = sdk(lam, "sns")
        topic = sns.create_topic(Name="posted")["TopicArn"]
        pending = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{url}/")["SubscriptionArn"]
        assert pending == "pending confirmation"
        eventually(lambda: confirmed, "the confirmation")
        sns.publish(TopicArn=topic, Message="hello")

        eventually(lambda: [told for _, told in posted if told["Type"] == "Notification"], "a notification")

    headers, told = next((headers, told) for headers, told in posted if told["Type"] == "Notification")
    assert (told["Message"], told["TopicArn"]) == ("hello", topic)
    assert headers["x-amz-sns-message-type"] == "Notification"


def test_items_are_kept_in_a_table_of_their_account(lam: OwnLam) -> None:
    for account in (ACCOUNT, "222222222222"):
        dynamodb = sdk(lam, "dynamodb", account)
        made = dynamodb.create_table(
            TableName="t",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        assert f":{account}:" in made["TableDescription"]["TableArn"]
        dynamodb.put_item(TableName="t", Item={"id": {"S": "1"}, "owner": {"S": account}})

    found = sdk(lam, "dynamodb").get_item(TableName="t", Key={"id": {"S": "1"}})

    assert found["Item"]["owner"] == {"S": ACCOUNT}


def test_a_role_has_the_policies_that_aws_manages(lam: Any) -> None:
    iam = sdk(lam, "iam")
    iam.create_role(RoleName="runs", AssumeRolePolicyDocument="{}")
    policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

    iam.attach_role_policy(RoleName="runs", PolicyArn=policy)

    attached = iam.list_attached_role_policies(RoleName="runs")["AttachedPolicies"]
    assert attached == [{"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": policy}]


@pytest.mark.parametrize(
    ("service", "operation", "asked"),
    [
        ("sts", "get_caller_identity", {}),
        ("iam", "list_roles", {}),
        ("secretsmanager", "list_secrets", {}),
        ("ssm", "describe_parameters", {}),
        ("kms", "list_keys", {}),
        ("cloudwatch", "list_metrics", {}),
        ("apigateway", "get_rest_apis", {}),
        ("apigatewayv2", "get_apis", {}),
        ("dynamodbstreams", "list_streams", {}),
        ("stepfunctions", "list_state_machines", {}),
        ("cognito-idp", "list_user_pools", {"MaxResults": 1}),
    ],
)
def test_each_service_answers_at_the_one_port(lam: OwnLam, service: str, operation: str, asked: Any) -> None:
    answered = getattr(sdk(lam, service), operation)(**asked)

    assert answered["ResponseMetadata"]["HTTPStatusCode"] == 200


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


def test_a_secret_is_rotated_by_a_function(lam: OwnLam) -> None:
    secrets = sdk(lam, "secretsmanager")
    arn = create(
        lam,
        "rotation",
        """
import boto3
client = boto3.client("secretsmanager")
def handler(event, context):
    if event["Step"] == "createSecret":
        client.put_secret_value(SecretId=event["SecretId"], ClientRequestToken=event["ClientRequestToken"],
            SecretString="new", VersionStages=["AWSPENDING"])
""",
    )
    secrets.create_secret(Name="s", SecretString="old")

    secrets.rotate_secret(SecretId="s", RotationLambdaARN=arn)

    assert secrets.get_secret_value(SecretId="s")["SecretString"] == "new"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        secrets.rotate_secret(SecretId="s", RotationLambdaARN=arn + "-that-is-none")


def test_a_secret_is_rotated_again_by_the_function_that_it_was_given(lam: OwnLam) -> None:
    secrets = sdk(lam, "secretsmanager")
    arn = create(
        lam,
        "rotation-again",
        """
import boto3
client = boto3.client("secretsmanager")
def handler(event, context):
    secret, version = event["SecretId"], event["ClientRequestToken"]
    if event["Step"] == "createSecret":
        client.put_secret_value(SecretId=secret, ClientRequestToken=version, SecretString=version,
            VersionStages=["AWSPENDING"])
    if event["Step"] == "finishSecret":
        versions = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
        (current,) = [id for id, stages in versions.items() if "AWSCURRENT" in stages]
        client.update_secret_version_stage(SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=version,
            RemoveFromVersionId=current)
""",
    )
    secrets.create_secret(Name="again", SecretString="old")
    with pytest.raises(ClientError, match="No Lambda rotation function ARN"):
        secrets.rotate_secret(SecretId="again")

    secrets.rotate_secret(SecretId="again", RotationLambdaARN=arn)
    second = secrets.rotate_secret(SecretId="again")["VersionId"]

    found = secrets.get_secret_value(SecretId="again")
    assert (found["SecretString"], "AWSCURRENT" in found["VersionStages"]) == (second, True)


def test_who_signs_with_any_key_is_the_root_user_of_its_account(lam: OwnLam) -> None:
    who = sdk(lam, "sts").get_caller_identity()

    assert (who["Arn"], who["UserId"]) == (f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)


def test_a_request_that_no_server_reads_ends_no_other(lam: OwnLam) -> None:
    """The process that serves it gives up its connection, and the next request has one of its own."""
    there = urlsplit(lam.emulator.url)
    signed = "Authorization: AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/sts/aws4_request, Signature=x"
    asked = [f"GET {target} HTTP/1.1\r\nHost: {there.netloc}\r\n{signed}\r\n\r\n" for target in ("http://x/", "/")]

    with socket.create_connection((there.hostname, there.port or 0), timeout=30) as connection:
        connection.sendall("".join(asked * 50).encode())
        connection.shutdown(socket.SHUT_WR)
        said = b"".join(iter(lambda: connection.recv(1 << 16), b""))

    statuses = re.findall(rb"HTTP/1.1 (\d+) ", said)
    assert (len(statuses), b"503" in statuses) == (100, False)


@pytest.mark.parametrize("path", ["/moto-api/data.json", "/moto-api/reset", "/latest/meta-data/"])
def test_no_page_of_motos_own_is_served(lam: OwnLam, path: str) -> None:
    s3 = sdk(lam, "s3")

    with pytest.raises(ClientError, match=r"NoSuchBucket|NoSuchKey"):
        s3.get_object(Bucket=path.split("/")[1], Key=path.split("/", 2)[2])


@pytest.mark.parametrize(
    ("service", "headers", "path", "body"),
    [
        ("dynamodb", {}, "/", b"{}"),
        ("dynamodb", {"X-Amz-Target": "DynamoDB"}, "/", b"{}"),
        ("dynamodb", {"X-Amz-Target": "DynamoDB_20120810.Nothing"}, "/", b"{}"),
        ("sqs", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, "/", b"{}"),
        ("events", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, "/", b"{}"),
        ("ec2", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, "/", b"{}"),
        ("dynamodb", {"X-Amz-Target": "DynamoDB_20120810.PutItem"}, "/", b"no json"),
        ("sns", {}, "/", b"\xff\xfe"),
        ("sns", {"Content-Type": "application/x-www-form-urlencoded"}, "/", b"Action=Nothing"),
        ("s3", {}, "/%00/%ff%fe?%zz", b""),
        ("s3", {"Host": "evil"}, "/heard?delete", b"<no"),
        ("apigateway", {}, "/nowhere", b""),
        ("kms", {"X-Amz-Target": "TrentService.Encrypt"}, "/", b"[]"),
        ("kms", {"X-Amz-Target": "TrentService.Encrypt"}, "/", b"[" * 100_000),
        ("kms", {"X-Amz-Target": "TrentService.__init__"}, "/", b"{}"),
    ],
)
def test_what_makes_no_sense_is_an_error_and_disturbs_nothing(
    lam: OwnLam, service: str, headers: dict[str, str], path: str, body: bytes
) -> None:
    there = urlsplit(lam.emulator.url)
    scope = f"Credential={ACCOUNT}/20260101/us-east-1/{service}/aws4_request"
    before = lam.emulator.around.child.pid
    with closing(HTTPConnection(there.hostname or "", there.port, timeout=20)) as connection:
        connection.request("POST", path, body, headers | {"Authorization": f"AWS4-HMAC-SHA256 {scope}"})
        answer = connection.getresponse()
        said = answer.read()

    assert 400 <= answer.status < 500 or answer.status == 501, said
    assert sdk(lam, "s3").head_bucket(Bucket="heard")["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert lam.emulator.around.child.pid == before


@pytest.mark.parametrize(
    ("service", "headers", "body", "code"),
    [
        ("dynamodb", {"X-Amz-Target": "DynamoDB_20120810.Nothing"}, "{}", "UnknownOperationException"),
        ("sns", {"Content-Type": "application/x-www-form-urlencoded"}, "Action=Nothing", "InvalidAction"),
        ("iam", {"Content-Type": "application/x-www-form-urlencoded"}, "Action=Nothing", "InvalidAction"),
    ],
)
def test_an_operation_that_a_service_has_not_is_refused_as_on_aws(
    lam: OwnLam, service: str, headers: dict[str, str], body: str, code: str
) -> None:
    scope = f"Credential={ACCOUNT}/20260101/us-east-1/{service}/aws4_request"
    asked = Request(lam.emulator.url, body.encode(), headers | {"Authorization": f"AWS4-HMAC-SHA256 {scope}"})

    with pytest.raises(HTTPError) as refused:
        urlopen(asked, timeout=30)

    assert (refused.value.code, code in refused.value.read().decode()) == (400, True)


def test_a_killed_process_of_services_is_replaced_by_the_next_request(tmp_path: Path, eventually: Eventually) -> None:
    with own_emulator(tmp_path, "process", stems=0) as lam:
        s3 = sdk(lam, "s3")
        s3.list_buckets()
        first = lam.emulator.around.child.pid
        assert first is not None

        os.kill(first, signal.SIGKILL)
        eventually(lambda: first not in {number for number, _, _ in processes()}, "its end")
        eventually(lambda: lam.emulator.around.child.pid is None, "its end to be seen")

        assert s3.list_buckets()["Buckets"] == []
        assert lam.emulator.around.child.pid not in (None, first)


def test_who_waits_for_a_process_that_is_killed_is_told_to_try_again(tmp_path: Path, eventually: Eventually) -> None:
    """And boto3 does, where it is not told to try once."""
    slow = "import time\ndef handler(event, context):\n    time.sleep(60)\n"
    with own_emulator(tmp_path, "process", stems=0, account=ACCOUNT) as lam, ThreadPoolExecutor(1) as threads:
        lam.role = f"arn:aws:iam::{ACCOUNT}:role/test"
        secrets, arn = sdk(lam, "secretsmanager"), create(lam, "slow", slow)
        secrets.create_secret(Name="s", SecretString="old")
        rotating = threads.submit(secrets.rotate_secret, SecretId="s", RotationLambdaARN=arn)
        eventually(lambda: lam.emulator.loop.ask(lambda: lam.emulator.pool.busy, 5), "the rotation's function")
        assert lam.emulator.around.child.pid is not None

        os.kill(lam.emulator.around.child.pid, signal.SIGKILL)

        with pytest.raises(ClientError, match=r"ServiceUnavailable.*was killed; try again"):
            rotating.result(20)
        assert [secret["Name"] for secret in secrets.list_secrets()["SecretList"]] == ["s"]


@pytest.mark.parametrize("ephemeral", [False, True])
def test_services_have_the_servers_time(tmp_path: Path, eventually: Eventually, ephemeral: bool) -> None:
    """Whose clock a test may move: signed URLs end by it, items expire by it, and dates are shown by it."""
    with own_emulator(tmp_path, "process", stems=0, account=ACCOUNT, ephemeral=ephemeral) as lam:
        s3, dynamodb = sdk(lam, "s3"), sdk(lam, "dynamodb")
        s3.create_bucket(Bucket="timed")
        before = s3.put_object(Bucket="timed", Key="k", Body=b"x") and s3.head_object(Bucket="timed", Key="k")
        url = s3.generate_presigned_url("get_object", Params={"Bucket": "timed", "Key": "k"}, ExpiresIn=1800)
        urlopen(url).close()
        key: Any = {"AttributeName": "id", "KeyType": "HASH"}
        defined: Any = {"AttributeName": "id", "AttributeType": "S"}
        dynamodb.create_table(
            TableName="t", KeySchema=[key], AttributeDefinitions=[defined], BillingMode="PAY_PER_REQUEST"
        )
        dynamodb.update_time_to_live(TableName="t", TimeToLiveSpecification={"Enabled": True, "AttributeName": "end"})
        item = {"id": {"S": "a"}, "end": {"N": str(int(lam.clock.now_s()) + 1800)}}
        dynamodb.put_item(TableName="t", Item=item)
        assert dynamodb.get_item(TableName="t", Key={"id": {"S": "a"}})["Item"] == item

        lam.clock.advance(3600)

        with pytest.raises(HTTPError, match="403"):
            urlopen(url)
        eventually(lambda: dynamodb.scan(TableName="t")["Count"] == 0, "the item to expire")
        s3.put_object(Bucket="timed", Key="k", Body=b"x")
        after = s3.head_object(Bucket="timed", Key="k")
        assert (after["LastModified"] - before["LastModified"]).total_seconds() >= 3600


def test_many_requests_at_once_have_each_its_own_answer(lam: OwnLam) -> None:
    s3 = sdk(lam, "s3")

    def put_and_get(number: int) -> bytes:
        s3.put_object(Bucket="heard", Key=f"many/{number}", Body=b"%d" % number * 5000)
        body: bytes = s3.get_object(Bucket="heard", Key=f"many/{number}")["Body"].read()
        return body

    with ThreadPoolExecutor(60) as threads:
        assert list(threads.map(put_and_get, range(240))) == [b"%d" % number * 5000 for number in range(240)]


def test_a_client_that_leaves_a_large_answer_costs_the_next_one_nothing(lam: OwnLam) -> None:
    s3, body = sdk(lam, "s3"), os.urandom(9_000_000)
    s3.put_object(Bucket="heard", Key="left", Body=body)
    for _ in range(40):  # more than may be at work at once
        s3.get_object(Bucket="heard", Key="left")["Body"].close()

    assert s3.get_object(Bucket="heard", Key="left")["Body"].read() == body
    s3.delete_object(Bucket="heard", Key="left")


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_of_a_server_that_ended(tmp_path: Path, eventually: Eventually, ending: int) -> None:
    with served(tmp_path, "process") as lam:
        before = lam.tree()
        sdk(lam, "sns").list_topics()
        started = lam.tree()
        assert len(started) > len(before)

        lam.process.send_signal(ending)
        lam.process.wait(20)

        gone = lambda: not started & {(number, start) for number, _, start in processes()}  # noqa: E731
        eventually(gone, "the end of what it started")


def test_nothing_is_started_while_nobody_asks(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", stems=0) as lam:
        lam.create("f", "def handler(event, context):\n    return 1\n")
        assert lam.invoke("f").payload == 1

        assert lam.emulator.around.child.pid is None


@pytest.mark.parametrize("said", [{"Origin": "http://page.example"}, {"Sec-Fetch-Site": "cross-site"}])
@pytest.mark.parametrize("host", [None, "page.example"], ids=["our host", "another host"])
@pytest.mark.parametrize("service", ["lambda", "sqs", "dynamodb", "sns", "monitoring", "apigateway", "kinesis", "ec2"])
def test_no_service_takes_requests_of_other_pages_or_by_other_names(
    lam: OwnLam, service: str, host: str | None, said: dict[str, str]
) -> None:
    """Whether it is served or not; S3 has CORS configurations of its own, but no other names."""
    signed = f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/us-east-1/{service}/aws4_request, Signature=0"
    headers = {"Authorization": signed} | (said if host is None else {"Host": host})

    with pytest.raises(HTTPError) as refused:
        urlopen(Request(f"{lam.emulator.url}/", b"", headers), timeout=30)

    assert refused.value.code == 403
    assert "AccessDenied" in refused.value.read().decode() + str(refused.value.headers)


def test_a_name_of_a_strangers_is_no_buckets(lam: OwnLam) -> None:
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(f"{lam.emulator.url}/key", headers={"Host": "photos.s3.page.example"}), timeout=30)

    assert refused.value.code == 403
