"""Who may do what, by boto3: as AWS refuses with `iam: enforce`, and what is said with `warn`."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from iam_rig import ACCOUNT, OTHER, REGION, SECRET, Account, Party, allow, deny, document, refusal, text
from own import own_emulator


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder, environ = tmp_path_factory.mktemp("strict"), {"LAMBDA_EMU_ROOT_SECRET": SECRET}
    with own_emulator(folder, "process", environ, stems=0, account=ACCOUNT, iam="enforce") as lam:
        yield Account(lam, ACCOUNT)


@pytest.fixture(scope="module")
def warning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with own_emulator(tmp_path_factory.mktemp("warning"), "process", stems=0, account=ACCOUNT) as lam:
        yield Account(lam, ACCOUNT)


def test_every_service_refuses_a_user_without_policies_in_its_own_words(strict: Account) -> None:
    nobody, who = strict.user("nobody"), f"arn:aws:iam::{ACCOUNT}:user/nobody"
    root = strict.root
    root.client("sqs").create_queue(QueueName="jobs")
    topic = root.client("sns").create_topic(Name="news")["TopicArn"]
    root.client("s3").create_bucket(Bucket="photos")
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"

    def arn(service: str, resource: str) -> str:
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"

    def told(service: str, operation: str, **members: Any) -> tuple[str, str, int]:
        return refusal(getattr(nobody.client(service), operation), **members)

    url = f"{strict.lam.url}/{ACCOUNT}/jobs"
    sent = "sqs:sendmessage"
    assert told("sqs", "send_message", QueueUrl=url, MessageBody="m") == ("AccessDenied", text(who, sent, queue), 403)
    published = text(who, "SNS:Publish", topic)
    assert told("sns", "publish", TopicArn=topic, Message="m") == ("AuthorizationError", published, 403)
    got = text(who, "s3:GetObject", '"arn:aws:s3:::photos/a"', "s3:GetObject")
    assert told("s3", "get_object", Bucket="photos", Key="a") == ("AccessDenied", got, 403)
    denied = "AccessDeniedException"
    key = {"id": {"S": "1"}}
    rows: list[tuple[str, str, dict[str, Any], str, str, int]] = [
        ("dynamodb", "get_item", {"TableName": "t", "Key": key}, "dynamodb:GetItem", "table/t", 400),
        ("kinesis", "describe_stream", {"StreamName": "s"}, "kinesis:DescribeStream", "stream/s", 400),
        ("events", "put_rule", {"Name": "r", "ScheduleExpression": "rate(1 day)"}, "events:PutRule", "rule/r", 400),
        ("scheduler", "get_schedule", {"Name": "n"}, "scheduler:GetSchedule", "schedule/default/n", 403),
        ("ssm", "get_parameter", {"Name": "/p"}, "ssm:GetParameter", "parameter/p", 400),
        ("lambda", "get_function", {"FunctionName": "f"}, "lambda:GetFunction", "function:f", 403),
        ("lambda", "invoke", {"FunctionName": "f"}, "lambda:InvokeFunction", "function:f", 403),
        ("logs", "create_log_group", {"logGroupName": "g"}, "logs:CreateLogGroup", "log-group:g:log-stream:", 400),
    ]
    for service, operation, members, action, resource, status in rows:
        assert told(service, operation, **members) == (denied, text(who, action, arn(service, resource)), status)
    machine = arn("states", "stateMachine:m")
    assert told("stepfunctions", "start_execution", stateMachineArn=machine) == (
        denied,
        text(who, "states:StartExecution", machine),
        400,
    )
    secret = told("secretsmanager", "get_secret_value", SecretId="n")
    assert secret == (denied, text(who, "secretsmanager:GetSecretValue", "n"), 400)


def test_policies_are_asked_as_they_are_now(strict: Account) -> None:
    root = strict.root.client("sqs")
    url = root.create_queue(QueueName="changing")["QueueUrl"]
    user = strict.user("changing", allow("sqs:SendMessage", "arn:aws:sqs:*:*:changing"))
    sqs = user.client("sqs")

    assert sqs.send_message(QueueUrl=url, MessageBody="m")["MessageId"]
    assert refusal(sqs.receive_message, QueueUrl=url)[0] == "AccessDenied"
    strict.allow("changing", allow("sqs:*"), deny("sqs:SendMessage"))

    assert sqs.receive_message(QueueUrl=url)["Messages"]
    code, said, _ = refusal(sqs.send_message, QueueUrl=url, MessageBody="m")
    assert code == "AccessDenied"
    assert said.endswith(":changing with an explicit deny in an identity-based policy")
    strict.root.client("iam").delete_user_policy(UserName="changing", PolicyName="own")
    assert refusal(sqs.receive_message, QueueUrl=url)[0] == "AccessDenied"


def test_a_resource_policy_is_enough_in_its_account_and_half_of_it_between_two(strict: Account) -> None:
    root = strict.root.client("sqs")
    url = root.create_queue(QueueName="shared")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:shared"
    friend, other = strict.user("friend"), Account(strict.lam, OTHER)
    stranger = other.user("stranger")
    assert refusal(friend.client("sqs").send_message, QueueUrl=url, MessageBody="m")[0] == "AccessDenied"
    assert refusal(other.root.client("sqs").send_message, QueueUrl=url, MessageBody="m")[0] == "AccessDenied"

    principals = [f"arn:aws:iam::{ACCOUNT}:user/friend", OTHER]
    policy = document(allow("sqs:SendMessage", arn, Principal={"AWS": principals}))
    root.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    assert friend.client("sqs").send_message(QueueUrl=url, MessageBody="m")
    assert other.root.client("sqs").send_message(QueueUrl=url, MessageBody="m")
    assert refusal(stranger.client("sqs").send_message, QueueUrl=url, MessageBody="m")[0] == "AccessDenied"
    other.allow("stranger", allow("sqs:*"))
    assert stranger.client("sqs").send_message(QueueUrl=url, MessageBody="m")


def test_buckets_and_topics_let_in_whom_their_policies_name(strict: Account) -> None:
    s3, sns = strict.root.client("s3"), strict.root.client("sns")
    s3.create_bucket(Bucket="homes")
    s3.put_object(Bucket="homes", Key="ada/a.txt", Body=b"a")
    topic = sns.create_topic(Name="shared")["TopicArn"]
    ada = strict.user("ada", allow("s3:GetObject", "arn:aws:s3:::homes/${aws:username}/*"))
    other = Account(strict.lam, OTHER)
    theirs = other.root.client("s3")

    assert ada.client("s3").get_object(Bucket="homes", Key="ada/a.txt")["Body"].read() == b"a"
    assert refusal(ada.client("s3").get_object, Bucket="homes", Key="bob/a.txt")[0] == "AccessDenied"
    assert refusal(theirs.get_object, Bucket="homes", Key="ada/a.txt")[0] == "AccessDenied"
    assert refusal(other.root.client("sns").publish, TopicArn=topic, Message="m")[0] == "AuthorizationError"
    grant = allow("s3:GetObject", "arn:aws:s3:::homes/*", Principal={"AWS": OTHER})
    s3.put_bucket_policy(Bucket="homes", Policy=document(grant))
    publish = allow("sns:Publish", topic, Principal={"AWS": OTHER})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document(publish))

    assert theirs.get_object(Bucket="homes", Key="ada/a.txt")["Body"].read() == b"a"
    assert refusal(theirs.put_object, Bucket="homes", Key="b", Body=b"b")[0] == "AccessDenied"
    assert other.root.client("sns").publish(TopicArn=topic, Message="m")["MessageId"]
    s3.delete_bucket_policy(Bucket="homes")
    assert refusal(theirs.get_object, Bucket="homes", Key="ada/a.txt")[0] == "AccessDenied"


def test_a_functions_code_may_what_its_role_allows(strict: Account) -> None:
    strict.root.client("sqs").create_queue(QueueName="results")
    code = """
import boto3
def handler(event, context):
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="results")["QueueUrl"]
    try:
        return sqs.send_message(QueueUrl=url, MessageBody="m") and "sent"
    except Exception as error:
        return str(error)
"""
    role = strict.role("code", allow("sqs:GetQueueUrl"))
    strict.lam.create("coded", code, Role=role)

    said = strict.lam.invoke("coded").payload
    who = f"arn:aws:sts::{ACCOUNT}:assumed-role/code/coded"
    assert text(who, "sqs:sendmessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:results") in said

    policy = document(allow("sqs:*"))
    strict.root.client("iam").put_role_policy(RoleName="code", PolicyName="own", PolicyDocument=policy)
    assert strict.lam.invoke("coded").payload == "sent"


def test_with_warn_nothing_of_ones_own_account_is_refused_and_what_is_missing_is_said_once(
    warning: Account, caplog: pytest.LogCaptureFixture
) -> None:
    url = warning.root.client("sqs").create_queue(QueueName="jobs")["QueueUrl"]
    user = warning.user("nobody")

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            user.client("sqs").send_message(QueueUrl=url, MessageBody="m")

    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"
    statement = json.dumps({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn})
    [said] = [one.message for one in caplog.records if "sqs:SendMessage" in one.message]
    assert said == (
        f"on AWS arn:aws:iam::{ACCOUNT}:user/nobody may not sqs:SendMessage on {arn}, because no identity-based policy "
        f"allows the sqs:SendMessage action: add to its policies {statement}"
    )


def test_what_is_refused_is_said_once_with_what_to_add(strict: Account, caplog: pytest.LogCaptureFixture) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/made-up"
    code = "import boto3\ndef handler(event, context):\n    boto3.client('sqs').list_queues()"
    strict.lam.create("unknown", code, Role=role)

    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            answer = strict.root.client("lambda").invoke(FunctionName="unknown")

    statement = json.dumps({"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"})
    assert "not authorized to perform: sqs:listqueues" in answer["Payload"].read().decode()
    [said] = [one.message for one in caplog.records if "sqs:ListQueues" in one.message]
    assert said == (
        f"{role} may not sqs:ListQueues on *, because no identity-based policy allows the sqs:ListQueues action: "
        f"IAM here has no {role}: make it, and add to its policies {statement}"
    )


def test_with_warn_another_account_needs_the_resources_policy(warning: Account) -> None:
    root = warning.root
    url = root.client("sqs").create_queue(QueueName="ours")["QueueUrl"]
    root.client("s3").create_bucket(Bucket="ours")
    other = Account(warning.lam, OTHER).root

    code, said, status = refusal(other.client("sqs").send_message, QueueUrl=url, MessageBody="m")
    assert (code, status) == ("AccessDenied", 403)
    assert said.endswith("because no resource-based policy allows the sqs:sendmessage action")
    assert refusal(other.client("s3").put_object, Bucket="ours", Key="k", Body=b"")[0] == "AccessDenied"
    grant = allow("sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:ours", Principal={"AWS": OTHER})
    root.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(grant)})
    assert other.client("sqs").send_message(QueueUrl=url, MessageBody="m")


def test_with_off_other_accounts_are_let_in(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", stems=0, account=ACCOUNT, iam="off") as lam:
        url = Party(lam, ACCOUNT).client("sqs").create_queue(QueueName="ours")["QueueUrl"]
        assert Party(lam, OTHER).client("sqs").send_message(QueueUrl=url, MessageBody="m")


def test_explain_says_which_policy_and_statement_it_was(strict: Account) -> None:
    url = strict.root.client("sqs").create_queue(QueueName="explained")["QueueUrl"]
    user = strict.user("curious", allow("sqs:*"), deny("sqs:SendMessage", Sid="NoSending"))
    with pytest.raises(ClientError) as refused:
        user.client("sqs").send_message(QueueUrl=url, MessageBody="m")
    request_id = refused.value.response["ResponseMetadata"]["RequestId"]

    def explain(id: str, *options: str, done: int = 0) -> Any:
        data_dir = strict.lam.emulator.settings.data_dir
        line = [sys.executable, "-m", "lambda_emu", "iam", "explain", id, "--data-dir", str(data_dir), *options]
        ran = subprocess.run(line, capture_output=True, timeout=60, text=True, check=False)
        assert ran.returncode == done, ran.stderr
        return ran.stderr if done else ran.stdout

    told, shown = json.loads(explain(request_id, "--json")), explain(request_id)

    assert told["caller"] == f"arn:aws:iam::{ACCOUNT}:user/curious"
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:explained"
    why = "with an explicit deny in an identity-based policy"
    verdict = {"allowed": False, "refused": True, "why": why, "policy": "own", "statement": "NoSending"}
    verdict |= {"cure": {"text": "own has it", "statement": None}}
    assert told["asked"] == [{"action": "sqs:SendMessage", "resource": arn, **verdict}]
    assert f"{why} (own, statement NoSending)" in shown
    assert "nothing was decided of a request x" in explain("x", done=2)


def explained(strict: Account, error: ClientError) -> Any:
    data_dir = str(strict.lam.emulator.settings.data_dir)
    request_id = error.response["ResponseMetadata"]["RequestId"]
    line = [sys.executable, "-m", "lambda_emu", "iam", "explain", request_id, "--data-dir", data_dir, "--json"]
    ran = subprocess.run(line, capture_output=True, timeout=60, text=True, check=True)
    return json.loads(ran.stdout)


def test_explain_says_what_to_add(strict: Account) -> None:
    strict.root.client("s3").create_bucket(Bucket="to-be-opened")
    user = strict.user("poor")
    with pytest.raises(ClientError) as refused:
        user.client("s3").put_object(Bucket="to-be-opened", Key="k", Body=b"b")

    cure = explained(strict, refused.value)["asked"][0]["cure"]
    strict.allow("poor", cure["statement"])

    assert cure["text"] == "add to its policies"
    user.client("s3").put_object(Bucket="to-be-opened", Key="k", Body=b"b")


def test_explain_says_that_nobody_made_the_role(strict: Account) -> None:
    role = strict.role("short-lived")
    session = strict.session(role)
    strict.root.client("iam").delete_role(RoleName="short-lived")
    with pytest.raises(ClientError) as refused:
        session.client("sqs").list_queues()

    cure = explained(strict, refused.value)["asked"][0]["cure"]

    assert cure["text"] == f"IAM here has no {role}: make it, and add to its policies"


def signed(party: Party, url: str, service: str) -> tuple[int, str]:
    """Status and body of a GET that this party signs."""
    request = AWSRequest("GET", url, headers={"Host": url.split("/")[2]})
    SigV4Auth(party.credentials, service, REGION).add_auth(request)
    try:
        with urlopen(Request(url, headers=dict(request.headers)), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


HELLO = "def handler(event, context):\n    return 'hello'"


def test_a_function_url_that_is_signed_for_needs_both_actions(strict: Account) -> None:
    strict.lam.create("behind", HELLO, Role=strict.role("behind"))
    functions = strict.root.client("lambda")
    url = functions.create_function_url_config(FunctionName="behind", AuthType="AWS_IAM")["FunctionUrl"]
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:behind"
    by_url = {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}
    user = strict.user("caller", allow("lambda:InvokeFunctionUrl", arn))

    assert signed(user, url, "lambda")[0] == 403
    strict.allow(
        "caller", allow("lambda:InvokeFunctionUrl", arn), allow("lambda:InvokeFunction", arn, Condition=by_url)
    )
    assert signed(user, url, "lambda") == (200, "hello")
    assert refusal(user.client("lambda").invoke, FunctionName="behind")[0] == "AccessDeniedException"


def test_an_http_api_that_is_signed_for_asks_for_its_route(strict: Account) -> None:
    strict.lam.create("routed", HELLO, Role=strict.role("routed"))
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:routed"
    gateway = strict.root.client("apigatewayv2")
    api = gateway.create_api(Name="api", ProtocolType="HTTP")
    made = gateway.create_integration(
        ApiId=api["ApiId"], IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )
    for path in ("/open", "/shut"):
        target = f"integrations/{made['IntegrationId']}"
        gateway.create_route(ApiId=api["ApiId"], RouteKey=f"GET {path}", AuthorizationType="AWS_IAM", Target=target)
    gateway.create_stage(ApiId=api["ApiId"], StageName="$default", AutoDeploy=True)
    strict.root.client("lambda").add_permission(
        FunctionName="routed", StatementId="s", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    resource = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api['ApiId']}/$default/GET/open"
    user = strict.user("visitor", allow("execute-api:Invoke", resource))

    assert signed(user, api["ApiEndpoint"] + "/open", "execute-api") == (200, "hello")
    status, body = signed(user, api["ApiEndpoint"] + "/shut", "execute-api")
    assert (status, json.loads(body)) == (403, {"message": "Forbidden"})
