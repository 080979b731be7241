"""SNS, DynamoDB and others on the server's own port: by boto3, with functions that they call and that call them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError
from own import OwnLam, own_emulator, processes, served
from server_rig import Exchange, body_of, http_server, send
from services_rig import ACCOUNT, sdk
from told_rig import TELL, create, heard, shared
from waiting import Eventually

__all__ = ["shared"]


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
        ("ecr", "describe_repositories", {}),
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
        eventually(lambda: lam.emulator.around.child.pid != first, "its end to be seen")

        assert s3.list_buckets()["Buckets"] == []
        assert lam.emulator.around.child.pid not in (None, first)


def test_who_waits_for_a_process_that_is_killed_is_told_to_try_again(tmp_path: Path, eventually: Eventually) -> None:
    """And boto3 does, where it is not told to try once."""
    slow = "import time\ndef handler(event, context):\n    time.sleep(60)\n"
    with own_emulator(tmp_path, "process", stems=0, account=ACCOUNT) as lam, ThreadPoolExecutor(1) as threads:
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
        assert started - before

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
