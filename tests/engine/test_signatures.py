"""Who signs with `iam: enforce`: who this server gave a key is let in, nobody else, in the words that AWS has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from boto_rig import ONE_TRY
from botocore.config import Config
from botocore.exceptions import ClientError
from inside import probe
from own import OwnLam, own_emulator
from waiting import eventually

REGION = "us-east-1"
SECRET = "any"
"""That of the rig's clients."""
ASKED: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "lambda": ("list_functions", {}),
    "dynamodb": ("list_tables", {}),
    "sqs": ("list_queues", {}),
    "kinesis": ("list_streams", {}),
    "events": ("list_rules", {}),
    "logs": ("describe_log_groups", {}),
    "secretsmanager": ("list_secrets", {}),
    "ssm": ("describe_parameters", {}),
    "stepfunctions": ("list_state_machines", {}),
    "kms": ("list_keys", {}),
    "scheduler": ("list_schedules", {}),
    "apigatewayv2": ("get_apis", {}),
    "sns": ("list_topics", {}),
    "iam": ("list_users", {}),
    "sts": ("get_caller_identity", {}),
    "ses": ("list_identities", {}),
    "cloudwatch": ("list_metrics", {}),
    "firehose": ("list_delivery_streams", {}),
    "s3": ("list_buckets", {}),
}
"""An operation of each service that needs nothing."""


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    environ = {"LAMBDA_EMU_ROOT_SECRET": SECRET}
    with own_emulator(tmp_path_factory.mktemp("enforced"), "process", environ, iam="enforce") as lam:
        yield lam


def sdk(
    lam: OwnLam, service: str, key: str = "test", secret: str = SECRET, token: str | None = None, **config: Any
) -> Any:
    return boto3.client(
        service,
        endpoint_url=lam.url,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(**ONE_TRY | config),
    )


def refusal(client: Any, operation: str, **members: Any) -> tuple[str, int, str]:
    """Code, status and text."""
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**members)
    said = caught.value.response
    return said["Error"]["Code"], said["ResponseMetadata"]["HTTPStatusCode"], said["Error"]["Message"]


def code_of(client: Any, operation: str, **members: Any) -> str:
    return refusal(client, operation, **members)[0]


@pytest.mark.parametrize("service", ASKED)
def test_the_root_user_is_let_in_with_his_secret_and_not_with_another(lam: OwnLam, service: str) -> None:
    operation, members = ASKED[service]

    getattr(sdk(lam, service), operation)(**members)
    getattr(sdk(lam, service, lam.emulator.scope.account), operation)(**members)
    code, _, text = refusal(sdk(lam, service, secret="other"), operation, **members)

    by_query = service in ("sns", "iam", "sts", "ses", "s3", "sqs")
    assert code == ("SignatureDoesNotMatch" if by_query else "InvalidSignatureException")
    assert text.startswith("The request signature we calculated does not match the signature you provided. Check your")


@pytest.mark.parametrize(
    ("service", "code", "status", "text"),
    [
        ("dynamodb", "UnrecognizedClientException", 400, "The security token included in the request is invalid."),
        ("lambda", "UnrecognizedClientException", 403, "The security token included in the request is invalid."),
        ("sns", "InvalidClientTokenId", 403, "The security token included in the request is invalid."),
        ("sts", "InvalidClientTokenId", 403, "The security token included in the request is invalid."),
        ("s3", "InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."),
    ],
)
@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "somebody"])
def test_a_key_that_nobody_made_is_unknown(
    lam: OwnLam, key: str, service: str, code: str, status: int, text: str
) -> None:
    operation, members = ASKED[service]

    assert refusal(sdk(lam, service, key), operation, **members) == (code, status, text)


def test_a_user_of_iam_signs_with_the_key_that_he_was_given(lam: OwnLam) -> None:
    iam = sdk(lam, "iam")
    user = iam.create_user(UserName="ada")["User"]
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    id, secret = key["AccessKeyId"], key["SecretAccessKey"]

    assert sdk(lam, "sts", id, secret).get_caller_identity()["Arn"] == user["Arn"]
    assert sdk(lam, "lambda", id, secret).list_functions()["Functions"] == []
    assert code_of(sdk(lam, "lambda", id), "list_functions") == "InvalidSignatureException"
    iam.update_access_key(UserName="ada", AccessKeyId=id, Status="Inactive")
    assert code_of(sdk(lam, "lambda", id, secret), "list_functions") == "UnrecognizedClientException"
    iam.delete_access_key(UserName="ada", AccessKeyId=id)
    assert code_of(sdk(lam, "s3", id, secret), "list_buckets") == "InvalidAccessKeyId"


def test_a_function_signs_as_its_role_and_reaches_what_is_around(lam: OwnLam) -> None:
    inside = probe(lam, "caller", Timeout=60, MemorySize=1769)

    found = inside.run("""
        import boto3
        arn = boto3.client("sts").get_caller_identity()["Arn"]
        boto3.client("s3").create_bucket(Bucket="of-a-function")
        boto3.client("s3").put_object(Bucket="of-a-function", Key="a b/é", Body=b"x" * 100000)
        boto3.client("sqs").create_queue(QueueName="of-a-function")
        result = [arn, boto3.client("lambda").get_function(FunctionName="caller")["Configuration"]["FunctionName"]]
    """)

    assert found == [f"arn:aws:sts::{lam.emulator.scope.account}:assumed-role/test/caller", "caller"]


def test_a_function_that_changes_its_credentials_is_nobody(lam: OwnLam) -> None:
    inside = probe(lam, "forger", Timeout=60, MemorySize=1769)

    code = inside.run("""
        import base64, boto3, os
        token = base64.b64encode(base64.b64decode(os.environ["AWS_SESSION_TOKEN"]).replace(b"role/test", b"role/king"))
        os.environ["AWS_SESSION_TOKEN"] = token.decode()
        try:
            result = boto3.client("lambda").list_functions()
        except Exception as error:
            result = error.response["Error"]["Code"]
    """)

    assert code == "InvalidSignatureException"


def test_who_signs_nothing_is_told_so(lam: OwnLam) -> None:
    def asked(path: str, headers: Mapping[str, str] = {}, body: bytes | None = None) -> tuple[int, str]:
        with pytest.raises(HTTPError) as caught:
            urlopen(Request(lam.url + path, body, dict(headers)), timeout=30)
        return caught.value.code, caught.value.read().decode()

    function = asked("/2015-03-31/functions/")
    table = asked("/", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, b"{}")
    topic = asked("/?Action=ListTopics&Version=2010-03-31")

    assert (function[0], json.loads(function[1])["message"]) == (403, "Missing Authentication Token")
    assert (table[0], json.loads(table[1])["__type"]) == (400, "MissingAuthenticationTokenException")
    assert topic[0] == 403
    assert "Request is missing Authentication Token" in topic[1]


def test_what_aws_takes_unsigned_is_taken(lam: OwnLam) -> None:
    pools = sdk(lam, "cognito-idp")
    pool = pools.create_user_pool(PoolName="p")["UserPool"]["Id"]
    app = pools.create_user_pool_client(UserPoolId=pool, ClientName="c")["UserPoolClient"]["ClientId"]

    pools.sign_up(ClientId=app, Username="ada", Password="Secret-123")  # botocore signs none of it
    with urlopen(f"{lam.url}/{pool}/.well-known/jwks.json", timeout=30) as answer:
        keys = json.loads(answer.read())["keys"]

    assert keys


def test_this_server_asks_itself_and_is_known(lam: OwnLam) -> None:
    """moto's topics run functions and send messages; mappings read tables' streams; S3 tells queues."""
    account = lam.emulator.scope.account
    lam.create("told", "def handler(event, context):\n    print('told', event)\n")
    sns, sqs, s3 = sdk(lam, "sns"), sdk(lam, "sqs"), sdk(lam, "s3")
    topic = sns.create_topic(Name="news")["TopicArn"]
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    for protocol, endpoint in (
        ("lambda", f"arn:aws:lambda:{REGION}:{account}:function:told"),
        ("sqs", f"arn:aws:sqs:{REGION}:{account}:inbox"),
    ):
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    lam.client.add_permission(
        FunctionName="told", StatementId="s", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com"
    )
    s3.create_bucket(Bucket="tells")
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}]}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    configuration = {"QueueArn": f"arn:aws:sqs:{REGION}:{account}:inbox", "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="tells", NotificationConfiguration={"QueueConfigurations": [configuration]}
    )

    sns.publish(TopicArn=topic, Message="hello")
    s3.put_object(Bucket="tells", Key="k", Body=b"x")

    got: list[str] = []

    def all_came() -> bool:
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        got.extend(message["Body"] for message in found)
        told = [text for text, _ in lam.events("told")]
        return any("hello" in text for text in told) and {"hello" in one for one in got} == {True, False}

    eventually(all_came, "a message of the topic and one of the bucket")
