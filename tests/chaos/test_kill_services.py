"""SIGKILL of the services' process and of the server, while tables and buckets change: nothing acknowledged is lost."""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from own import OwnLam, Served, own_emulator, served
from services_rig import ACCOUNT, create_table, sdk
from waiting import eventually

WRITERS = 3
KILLS = 3
BETWEEN = 40
"""Changes that are acknowledged between two kills, at least."""
FAILURES = (BotoCoreError, ClientError)


class Written:
    """What was acknowledged."""

    def __init__(self) -> None:
        self.items: dict[str, int] = {}
        self.objects: dict[str, bytes] = {}
        self.count = 0


def child_of(lam: Served) -> int | None:
    """The services' process, while there is one."""
    for number, _ in lam.tree():
        try:
            if b"services.child.program" in Path(f"/proc/{number}/cmdline").read_bytes():
                return number
        except OSError:
            continue
    return None


def make(lam: Any) -> dict[str, Any]:
    """A table with a stream, a bucket that tells a queue; what must be the same afterwards."""
    dynamodb, s3, sqs = sdk(lam, "dynamodb"), sdk(lam, "s3"), sdk(lam, "sqs")
    table = create_table(dynamodb, "t", "NEW_IMAGE")
    s3.create_bucket(Bucket="kept")
    sqs.create_queue(QueueName="told")
    target = {"QueueArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:told", "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(Bucket="kept", NotificationConfiguration={"QueueConfigurations": [target]})
    topic = sdk(lam, "sns").create_topic(Name="t")["TopicArn"]
    subscribed = sdk(lam, "sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=target["QueueArn"])
    sdk(lam, "iam").create_user(UserName="ada")
    key = sdk(lam, "iam").create_access_key(UserName="ada")["AccessKey"]
    return {
        "stream": table["LatestStreamArn"],
        "subscription": subscribed["SubscriptionArn"],
        "key": key["AccessKeyId"],
    }


def same(lam: Any) -> dict[str, Any]:
    [subscription] = sdk(lam, "sns").list_subscriptions()["Subscriptions"]
    [key] = sdk(lam, "iam").list_access_keys(UserName="ada")["AccessKeyMetadata"]
    stream = sdk(lam, "dynamodb").describe_table(TableName="t")["Table"]["LatestStreamArn"]
    return {"stream": stream, "subscription": subscription["SubscriptionArn"], "key": key["AccessKeyId"]}


@contextmanager
def writing(count: int) -> Iterator[tuple[ThreadPoolExecutor, Event]]:
    """So many at once, and what tells them that it is over: that is set when the block ends, well or not."""
    stop = Event()
    with ThreadPoolExecutor(count) as threads:
        try:
            yield threads, stop
        finally:
            stop.set()


def write(lam: Any, written: Written, writer: int, stop: Event) -> None:
    """One writer with keys of its own, over and over; what is not acknowledged may be there or not."""
    dynamodb, s3 = sdk(lam, "dynamodb"), sdk(lam, "s3")
    number = 0
    while not stop.is_set():
        number += 1
        name, body = f"{writer}-{number % 20}", os.urandom(random.choice((10, 100_000)))
        try:
            dynamodb.put_item(TableName="t", Item={"id": {"S": name}, "n": {"N": str(number)}})
            written.items[name] = number
            s3.put_object(Bucket="kept", Key=f"{writer}/{number}", Body=body)
            written.objects[f"{writer}/{number}"] = body
            written.count += 1
        except FAILURES:
            continue


def heard(lam: Any) -> set[str]:
    """Objects and messages of the topic that the queue was told of."""
    sqs, found = sdk(lam, "sqs"), set()
    url = sqs.get_queue_url(QueueName="told")["QueueUrl"]
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for body in (json.loads(message["Body"]) for message in messages):
            found |= {record["s3"]["object"]["key"] for record in body.get("Records", [])} | {body.get("MessageId")}
    return found


def streamed(lam: Any, arn: str) -> Iterator[tuple[str, int]]:
    streams = sdk(lam, "dynamodbstreams")
    [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    asked = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    iterator = streams.get_shard_iterator(**asked)["ShardIterator"]
    while page := streams.get_records(ShardIterator=iterator):
        for record in page["Records"]:
            image = record["dynamodb"]["NewImage"]
            yield image["id"]["S"], int(image["n"]["N"])
        if not page["Records"]:
            return
        iterator = page["NextShardIterator"]


def check(lam: Any, before: dict[str, Any], written: Written) -> None:
    dynamodb, s3 = sdk(lam, "dynamodb"), sdk(lam, "s3")
    assert same(lam) == before
    items = {one["id"]["S"]: int(one["n"]["N"]) for one in dynamodb.scan(TableName="t")["Items"]}
    assert {name for name, number in written.items.items() if items.get(name, 0) < number} == set()
    for key, body in written.objects.items():
        assert s3.get_object(Bucket="kept", Key=key)["Body"].read() == body
    assert set(written.objects) - heard(lam) == set()
    records = list(streamed(lam, before["stream"]))
    assert {item for item in written.items.items() if item not in records} == set()
    by_writer: dict[str, list[int]] = {}
    for name, number in records:
        by_writer.setdefault(name.partition("-")[0], []).append(number)
    assert all(numbers == sorted(numbers) for numbers in by_writer.values())


def test_what_was_acknowledged_outlives_kills_of_the_services_process_and_of_the_server(tmp_path: Path) -> None:
    """In the same order, by the same names; and what it was told to others, they were told."""
    written = Written()
    options = ("--account", ACCOUNT)
    with served(tmp_path, "process", *options) as lam, writing(WRITERS) as (threads, stop):
        before = make(lam)
        for writer in range(WRITERS):
            threads.submit(write, lam, written, writer, stop)
        for _ in range(KILLS):
            enough = written.count + BETWEEN
            eventually(lambda enough=enough: written.count >= enough, "enough changes")  # type: ignore[misc]
            child = eventually(lambda: child_of(lam), "the services' process")
            assert child is not None
            os.kill(child, signal.SIGKILL)
        enough = written.count + BETWEEN
        eventually(lambda: written.count >= enough, "enough changes")
        lam.process.kill()

    with served(tmp_path, "process", *options) as lam:
        check(lam, before, written)


def publish(lam: Any, published: set[str], stop: Event) -> None:
    """Messages to the topic, and those that were acknowledged."""
    sns = sdk(lam, "sns")
    [topic] = sns.list_topics()["Topics"]
    while not stop.is_set():
        try:
            published.add(sns.publish(TopicArn=topic["TopicArn"], Message="m")["MessageId"])
        except FAILURES:
            continue


def test_what_was_acknowledged_while_the_server_ended_was_told_to_others(tmp_path: Path) -> None:
    """Who listens no more cannot be told; then nothing is acknowledged."""
    written, published, options = Written(), set[str](), ("--account", ACCOUNT)
    for life in range(2):
        with served(tmp_path, "process", *options) as lam, writing(2 * WRITERS) as (threads, stop):
            if life == 0:
                make(lam)
            enough = written.count + BETWEEN
            for writer in range(WRITERS):
                threads.submit(write, lam, written, 10 * life + writer, stop)
                threads.submit(publish, lam, published, stop)
            eventually(lambda enough=enough: written.count >= enough, "enough changes")  # type: ignore[misc]
            assert lam.end(signal.SIGINT) == 0

    with served(tmp_path, "process", *options) as lam:
        assert (set(written.objects) | published) - heard(lam) == set()


def test_nothing_is_kept_where_everything_is_to_be_forgotten(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", stems=0, ephemeral=True) as lam:
        sdk(lam, "s3").create_bucket(Bucket="gone")

        kill(lam)

        assert sdk(lam, "s3").list_buckets()["Buckets"] == []
        assert not list(tmp_path.rglob("journal.db"))


@pytest.mark.parametrize(
    "changes", [pytest.param(5, id="journal"), pytest.param(1050, id="snapshot", marks=pytest.mark.slow)]
)
def test_all_that_services_know_is_known_after_a_kill(tmp_path: Path, changes: int) -> None:
    """Made again from the journal, or read from a snapshot and what came after it."""
    with own_emulator(tmp_path, "process", stems=0, account=ACCOUNT) as lam:
        secret = make_of_each(lam)
        for number in range(changes):
            sdk_of(lam, "dynamodb").put_item(
                TableName="t", Item={"id": {"S": str(number % 9)}, "n": {"N": str(number)}}
            )
        before = known(lam, secret)
        folder = tmp_path / ".lambda-emu" / "services"
        if changes > 1000:
            eventually((folder / "snapshot").exists, "a snapshot")
        assert {path.stat().st_mode & 0o077 for path in [folder, *folder.rglob("*")]} == {0}

        kill(lam)

        assert known(lam, secret) == before


ROTATION = """
import boto3
client = boto3.client("secretsmanager")
def handler(event, context):
    asked = {"SecretId": event["SecretId"], "ClientRequestToken": event["ClientRequestToken"]}
    if event["Step"] == "createSecret":
        client.put_secret_value(**asked, SecretString="new", VersionStages=["AWSPENDING"])
    else:
        pending = client.get_secret_value(SecretId=event["SecretId"], VersionStage="AWSPENDING")
        client.tag_resource(SecretId=event["SecretId"], Tags=[{"Key": event["Step"], "Value": pending["SecretString"]}])
    if event["Step"] == "finishSecret":
        stages = client.describe_secret(SecretId=event["SecretId"])["VersionIdsToStages"]
        current = next(version for version, names in stages.items() if "AWSCURRENT" in names)
        client.update_secret_version_stage(SecretId=event["SecretId"], VersionStage="AWSCURRENT",
            MoveToVersionId=event["ClientRequestToken"], RemoveFromVersionId=current)
"""


def test_a_rotated_secret_is_after_a_kill_what_its_function_made_of_it(tmp_path: Path) -> None:
    """All four steps, though the function's own requests are in the journal before the one that called it."""
    with own_emulator(tmp_path, "process", stems=0, account=ACCOUNT) as lam:
        lam.create("rotation", ROTATION, Timeout=60, MemorySize=1769)
        arn = lam.client.get_function_configuration(FunctionName="rotation")["FunctionArn"]
        secrets = sdk(lam, "secretsmanager")
        secrets.create_secret(Name="s", SecretString="old")
        secrets.rotate_secret(SecretId="s", RotationLambdaARN=arn, RotationRules={"AutomaticallyAfterDays": 9})

        def told() -> Any:
            said = secrets.describe_secret(SecretId="s")
            members = ("RotationEnabled", "RotationLambdaARN", "RotationRules", "Tags", "VersionIdsToStages")
            previous = secrets.get_secret_value(SecretId="s", VersionStage="AWSPREVIOUS")["SecretString"]
            return secrets.get_secret_value(SecretId="s")["SecretString"], previous, [said[name] for name in members]

        before = told()
        kill(lam)

        assert told() == before
        assert before[:2] == ("new", "old")
        assert {tag["Key"]: tag["Value"] for tag in before[2][3]} == dict.fromkeys(
            ("setSecret", "testSecret", "finishSecret"), "new"
        )


CLIENTS: dict[tuple[str, str], Any] = {}


def sdk_of(lam: OwnLam, service: str) -> Any:
    """One for many calls."""
    key = (lam.emulator.url, service)
    if key not in CLIENTS:
        CLIENTS[key] = sdk(lam, service)
    return CLIENTS[key]


def signed_in(idp: Any) -> str:
    """The token of somebody who is, in a pool; somebody else is asked for a new password just now."""
    pool = idp.create_user_pool(PoolName="p")["UserPool"]["Id"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client = idp.create_user_pool_client(UserPoolId=pool, ClientName="a", ExplicitAuthFlows=flows)["UserPoolClient"]
    asked = {"UserPoolId": pool, "ClientId": client["ClientId"], "AuthFlow": "ADMIN_USER_PASSWORD_AUTH"}
    for name in ("bob", "ada"):
        idp.admin_create_user(UserPoolId=pool, Username=name, TemporaryPassword="Secret-123")
        if name == "ada":
            idp.admin_set_user_password(UserPoolId=pool, Username=name, Password="Secret-123", Permanent=True)
        told = idp.admin_initiate_auth(**asked, AuthParameters={"USERNAME": name, "PASSWORD": "Secret-123"})
    token: str = told["AuthenticationResult"]["AccessToken"]
    return token


def make_of_each(lam: OwnLam) -> dict[str, Any]:
    """Something in each service, with what it takes to look at it."""
    make(lam)
    s3, kms = sdk(lam, "s3"), sdk(lam, "kms")
    s3.put_object(Bucket="kept", Key="large", Body=os.urandom(9_000_000), Metadata={"under_score": "1"})
    upload = s3.create_multipart_upload(Bucket="kept", Key="parts")["UploadId"]
    s3.upload_part(Bucket="kept", Key="parts", UploadId=upload, PartNumber=1, Body=b"1" * 100_000)
    sdk(lam, "secretsmanager").create_secret(Name="s", SecretString="told")
    sdk(lam, "ssm").put_parameter(Name="/p", Value="v", Type="SecureString")
    token = signed_in(sdk(lam, "cognito-idp"))
    sdk(lam, "apigatewayv2").create_api(Name="a", ProtocolType="HTTP")
    sdk(lam, "apigateway").create_rest_api(name="a")
    sdk(lam, "cloudwatch").put_dashboard(DashboardName="a", DashboardBody='{"widgets": []}')
    pass_ = {"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}}
    sdk(lam, "stepfunctions").create_state_machine(
        name="m", definition=json.dumps(pass_), roleArn=f"arn:aws:iam::{ACCOUNT}:role/r"
    )
    symmetric = kms.create_key()["KeyMetadata"]["KeyId"]
    signing = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    cipher = kms.encrypt(KeyId=symmetric, Plaintext=b"told")["CiphertextBlob"]
    return {"cipher": cipher, "signing": signing, "token": token}


def known(lam: OwnLam, secret: dict[str, Any]) -> dict[str, Any]:
    s3, kms = sdk(lam, "s3"), sdk(lam, "kms")
    large = s3.get_object(Bucket="kept", Key="large")
    return {
        **same(lam),
        "records": list(streamed(lam, same(lam)["stream"])),
        "items": sorted(str(item) for item in sdk(lam, "dynamodb").scan(TableName="t")["Items"]),
        "large": (large["Body"].read(), large["Metadata"], large["LastModified"]),
        "uploads": [one["UploadId"] for one in s3.list_multipart_uploads(Bucket="kept")["Uploads"]],
        "notifications": s3.get_bucket_notification_configuration(Bucket="kept")["QueueConfigurations"],
        "secret": sdk(lam, "secretsmanager").get_secret_value(SecretId="s")["VersionId"],
        "parameter": sdk(lam, "ssm").get_parameter(Name="/p", WithDecryption=True)["Parameter"]["Value"],
        "pools": [pool["Id"] for pool in sdk(lam, "cognito-idp").list_user_pools(MaxResults=9)["UserPools"]],
        "person": sdk(lam, "cognito-idp").get_user(AccessToken=secret["token"])["UserAttributes"],
        "apis": [api["ApiId"] for api in sdk(lam, "apigatewayv2").get_apis()["Items"]],
        "rest": [api["id"] for api in sdk(lam, "apigateway").get_rest_apis()["items"]],
        "dashboard": sdk(lam, "cloudwatch").get_dashboard(DashboardName="a")["DashboardBody"],
        "machines": sdk(lam, "stepfunctions").list_state_machines()["stateMachines"],
        "plain": kms.decrypt(CiphertextBlob=secret["cipher"])["Plaintext"],
        "public": kms.get_public_key(KeyId=secret["signing"])["PublicKey"],
    }


def kill(lam: OwnLam) -> None:
    """And see its end: who asks just then is told to try again."""
    child = lam.emulator.around.child.pid
    assert child is not None
    os.kill(child, signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{child}").exists(), "its end")
