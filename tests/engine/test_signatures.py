"""Who signs with `iam: enforce`: who this server gave a key is let in, nobody else, in the words that AWS has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from boto_rig import ONE_TRY
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from iam_rig import trusting_both
from inside import probe
from own import OwnLam, own_emulator
from waiting import eventually

REGION = "us-east-1"
SECRET = "any"
"""That of the rig's clients."""
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
MAY_LIST = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "lambda:List*", "Resource": "*"}]}
)
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
    iam.attach_user_policy(UserName="ada", PolicyArn=ADMINISTRATOR)
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
    make_role(lam, "test")
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


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/%32015-03-31/functions/", {}),
        ("//2015-03-31/functions/", {}),
        ("/2015-03-31/functions/", {"Authorization": "Bearer x"}),
        ("/2015-03-31/functions/", {"Authorization": "AWS test:x"}),
        ("/2015-03-31/functions/?X-Amz-Signature=x", {}),
        ("/bucket/?Signature=x", {}),
        ("/bucket/?a-Signature=x", {}),
        ("/bucket/?X-Amz-Signature=x", {}),
        ("/bucket/", {"Authorization": "AWS test"}),
        ("/bucket/key?Action=ListTopics&Version=2010-03-31", {}),
        ("/bucket/", {"Host": "b.s3.localhost", "X-Amz-Target": "DynamoDB_20120810.ListTables"}),
        ("/v2/apis", {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/apigateway/aws4_request"}),
    ],
)
def test_what_only_looks_signed_is_refused(lam: OwnLam, path: str, headers: Mapping[str, str]) -> None:
    with pytest.raises(HTTPError) as caught:
        urlopen(Request(lam.url + path, None, dict(headers)), timeout=30)

    assert caught.value.code in (400, 403)


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


def make_role(lam: OwnLam, name: str, path: str = "/") -> None:
    """That may do anything; nothing where there is one."""
    iam = sdk(lam, "iam")
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        trust = json.dumps(trusting_both(lam.emulator.scope.account))
        iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust)
    iam.attach_role_policy(RoleName=name, PolicyArn=ADMINISTRATOR)


def assumed(lam: OwnLam, **more: Any) -> tuple[str, str, str]:
    make_role(lam, "reader", "/team/")
    role = f"arn:aws:iam::{lam.emulator.scope.account}:role/team/reader"
    made = sdk(lam, "sts").assume_role(RoleArn=role, RoleSessionName="ada", **more)["Credentials"]
    return made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]


def test_who_assumes_a_role_signs_as_its_session_until_that_ends(lam: OwnLam) -> None:
    key, secret, token = assumed(lam, DurationSeconds=900)
    _, _, of_another = assumed(lam)

    told = sdk(lam, "sts", key, secret, token).get_caller_identity()["Arn"]

    assert told == f"arn:aws:sts::{lam.emulator.scope.account}:assumed-role/reader/ada"
    assert sdk(lam, "dynamodb", key, secret, token).list_tables()["TableNames"] == []
    assert code_of(sdk(lam, "dynamodb", key, "other", token), "list_tables") == "InvalidSignatureException"
    assert code_of(sdk(lam, "dynamodb", key, secret), "list_tables") == "UnrecognizedClientException"
    assert code_of(sdk(lam, "s3", key, secret, of_another), "list_buckets") == "InvalidToken"


def test_other_sessions_are_known_too(lam: OwnLam) -> None:
    account = lam.emulator.scope.account
    sts, identities = sdk(lam, "sts"), sdk(lam, "cognito-identity")
    root = sts.get_session_token()["Credentials"]
    ada = sts.get_federation_token(Name="ada", Policy=MAY_LIST)["Credentials"]
    pool = identities.create_identity_pool(IdentityPoolName="apps", AllowUnauthenticatedIdentities=True)
    identity = identities.get_id(IdentityPoolId=pool["IdentityPoolId"])["IdentityId"]
    guest = identities.get_credentials_for_identity(IdentityId=identity)["Credentials"]
    of_guest = guest["AccessKeyId"], guest["SecretKey"], guest["SessionToken"]

    def who(key: str, secret: str, token: str) -> str:
        return str(sdk(lam, "sts", key, secret, token).get_caller_identity()["Arn"])

    assert who(*keys(root)) == f"arn:aws:iam::{account}:root"
    assert who(*keys(ada)) == f"arn:aws:sts::{account}:federated-user/ada"
    assert who(*of_guest) == f"arn:aws:sts::{account}:assumed-role/Cognito_appsAuth_Role/CognitoIdentityCredentials"
    assert sdk(lam, "lambda", *keys(ada)).list_functions()["Functions"] is not None


def keys(given: Mapping[str, Any]) -> tuple[str, str, str]:
    return given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]


def test_sessions_and_users_outlive_the_server(tmp_path: Path) -> None:
    environ = {"LAMBDA_EMU_ROOT_SECRET": SECRET}
    with own_emulator(tmp_path, "process", environ, iam="enforce") as lam:
        of_role = assumed(lam)
        sdk(lam, "iam").create_user(UserName="ada")
        sdk(lam, "iam").attach_user_policy(UserName="ada", PolicyArn=ADMINISTRATOR)
        made = sdk(lam, "iam").create_access_key(UserName="ada")["AccessKey"]
    with own_emulator(tmp_path, "process", environ, iam="enforce") as lam:
        sdk(lam, "firehose", *of_role).list_delivery_streams()
        assert lam.emulator.around.child.pid is None  # nobody had to be asked whose that is
        sdk(lam, "lambda", made["AccessKeyId"], made["SecretAccessKey"]).list_functions()


def test_the_clock_of_the_machine_says_whether_a_signature_is_of_now(tmp_path: Path) -> None:
    environ = {"LAMBDA_EMU_ROOT_SECRET": SECRET}
    with own_emulator(tmp_path, "process", environ, iam="enforce") as lam:
        table, topics, functions = sdk(lam, "dynamodb"), sdk(lam, "sns"), sdk(lam, "lambda")
        url = sdk(lam, "s3").generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"}, ExpiresIn=60)
        lam.clock.advance(301)

        code, status, text = refusal(table, "list_tables")

        assert (code, status) == ("InvalidSignatureException", 400)
        assert re.fullmatch(r"Signature expired: \w+ is now earlier than \w+ \(\w+ - 5 min\.\)", text)
        assert refusal(topics, "list_topics")[:2] == ("SignatureDoesNotMatch", 403)
        assert refusal(functions, "list_functions")[:2] == ("InvalidSignatureException", 403)
        with pytest.raises(HTTPError, match="403") as caught:
            urlopen(url, timeout=30)
        assert b"<Code>AccessDenied</Code><Message>Request has expired</Message>" in caught.value.read()
        sdk(lam, "s3").list_buckets()  # S3 has fifteen minutes
        lam.clock.advance(600)
        assert code_of(sdk(lam, "s3"), "list_buckets") == "RequestTimeTooSkewed"


OBJECT = {"Bucket": "signed", "Key": "a b/ä+?&=%"}


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_urls_that_boto3_signs_beforehand_hold_as_they_are(lam: OwnLam, version: str) -> None:
    s3 = sdk(lam, "s3", signature_version=version, s3={"addressing_style": "path"})
    sdk(lam, "s3").create_bucket(Bucket="signed")
    put = s3.generate_presigned_url("put_object", Params=OBJECT | {"ContentType": "text/plain"}, ExpiresIn=60)
    get = s3.generate_presigned_url("get_object", Params=OBJECT | {"ResponseContentType": "text/x"}, ExpiresIn=60)

    def asked(url: str, method: str = "GET", body: bytes | None = None, kind: str = "text/plain") -> tuple[int, bytes]:
        headers = {"Content-Type": kind} if body else {}
        try:
            with urlopen(Request(url, body, headers, method=method), timeout=30) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()

    assert asked(put, "PUT", b"hello")[0] == 200
    assert asked(get) == (200, b"hello")
    for changed in (get.replace("signed/", "other/"), get.replace("text%2Fx", "text%2Fhtml")):
        status, said = asked(changed)
        assert (status, b"<Code>SignatureDoesNotMatch</Code>" in said) == (403, True)
    assert asked(get, "DELETE")[0] == 403
    assert asked(put, "PUT", b"hello", "text/html")[0] == 403


def test_s3_says_what_it_made_of_a_request_that_does_not_match(lam: OwnLam) -> None:
    with pytest.raises(ClientError) as caught:
        sdk(lam, "s3", secret="other").put_object(Bucket="b", Key="k", Body=b"hello")

    said: Any = caught.value.response["Error"]
    assert said["AWSAccessKeyId"] == "test"
    assert said["StringToSign"].startswith("AWS4-HMAC-SHA256\n")
    assert said["CanonicalRequest"].startswith("PUT\n/b/k\n")


def test_a_body_that_is_not_the_signed_one_is_not_taken(lam: OwnLam) -> None:
    """By who is in between, small and large."""
    s3 = sdk(lam, "s3", request_checksum_calculation="when_required")
    s3.create_bucket(Bucket="bodies")

    def change(request: Any, **_: Any) -> None:
        request.body = bytes(int(request.headers["Content-Length"]))

    s3.meta.events.register("before-send.s3.PutObject", change)
    for size in (100, 5_000_000):
        assert code_of(s3, "put_object", Bucket="bodies", Key="k", Body=b"x" * size) == "XAmzContentSHA256Mismatch"
    assert sdk(lam, "s3").list_objects_v2(Bucket="bodies")["KeyCount"] == 0


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_form_that_boto3_signed_puts_an_object_and_no_other_does(lam: OwnLam, version: str) -> None:
    s3 = sdk(lam, "s3", signature_version=version, s3={"addressing_style": "path"})
    s3.create_bucket(Bucket=f"forms-{version}")
    made = s3.generate_presigned_post(f"forms-{version}", "up/a", ExpiresIn=60)

    def sent(fields: Mapping[str, str]) -> tuple[int, bytes]:
        parts = [f'--x\r\nContent-Disposition: form-data; name="{one}"\r\n\r\n{fields[one]}\r\n' for one in fields]
        file = '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhello\r\n--x--\r\n'
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        try:
            with urlopen(Request(made["url"], "".join([*parts, file]).encode(), headers), timeout=30) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()

    assert sent(made["fields"]) == (204, b"")
    for fields in ({"key": "up/a"}, made["fields"] | {"key": "up/b"}, made["fields"] | {"acl": "public-read"}):
        status, said = sent(fields)
        assert (status, b"<Code>AccessDenied</Code>" in said) == (403, True)
    listed = sdk(lam, "s3").list_objects_v2(Bucket=f"forms-{version}")["Contents"]
    assert [one["Key"] for one in listed] == ["up/a"]


def test_a_function_url_of_aws_iam_wants_a_signature_that_holds(lam: OwnLam) -> None:
    lam.create(
        "url", "def handler(event, context):\n    return event['requestContext']['authorizer']['iam']['userArn']\n"
    )
    url = lam.client.create_function_url_config(FunctionName="url", AuthType="AWS_IAM")["FunctionUrl"]

    def asked(key: str, secret: str) -> tuple[int, str]:
        made = AWSRequest("GET", url)
        SigV4Auth(Credentials(key, secret), "lambda", REGION).add_auth(made)
        try:
            with urlopen(Request(url, headers=dict(made.headers.items())), timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.headers["x-amzn-ErrorType"]

    assert asked("test", SECRET) == (200, f"arn:aws:iam::{lam.emulator.scope.account}:root")
    assert asked("test", "other") == (403, "InvalidSignatureException")
    assert asked("AKIAIOSFODNN7EXAMPLE", SECRET) == (403, "UnrecognizedClientException")
