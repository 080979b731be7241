"""WebSocket APIs where IAM is enforced: who may connect, and send to whom. docs/security.md#iam."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.credentials import Credentials
from http_apis_rig import let_in
from iam_rig import ACCOUNT, SECRET, Account, allow, document, refusal
from own import own_emulator
from socket_rig import SocketApi
from test_websocket_authorizers import signed
from websocket_rig import Caller, Refused

TELL = """
def handler(event, context):
    return {"statusCode": 200, "body": event["requestContext"]["connectionId"]}
"""
ANSWER = """
import boto3
def handler(event, context):
    sockets = boto3.client("apigatewaymanagementapi")
    try:
        sockets.post_to_connection(ConnectionId=event["requestContext"]["connectionId"], Data=b"hello")
    except sockets.exceptions.ClientError as error:
        return {"statusCode": 200, "body": error.response["Error"]["Code"]}
    return {"statusCode": 200}
"""
LAMBDA: Any = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder, environ = tmp_path_factory.mktemp("strict"), {"LAMBDA_EMU_ROOT_SECRET": SECRET}
    with own_emulator(folder, "process", environ, account=ACCOUNT, iam="enforce") as lam:
        lam.create("tell", TELL)
        let_in(lam, "tell")
        yield Account(lam, ACCOUNT)


def test_who_connects_with_a_signature_needs_a_policy(strict: Account) -> None:
    api = SocketApi(strict.lam, {})
    api.route("$connect", "tell", AuthorizationType="AWS_IAM")
    iam = strict.root.client("iam")
    iam.create_user(UserName="comes")
    made = iam.create_access_key(UserName="comes")["AccessKey"]
    key = Credentials(made["AccessKeyId"], made["SecretAccessKey"])

    with pytest.raises(Refused) as refused:
        Caller(f"{api.endpoint}/dev", **signed(api, key))
    assert refused.value.status == 403
    resource = f"arn:aws:execute-api:us-east-1:********9012:{api.id}/dev/$connect"
    who = f"arn:aws:iam::{ACCOUNT}:user/comes"
    words = f"User: {who} is not authorized to perform: execute-api:Invoke on resource: {resource}"
    assert refused.value.json["message"] == words

    strict.allow("comes", allow("execute-api:Invoke", f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{api.id}/dev/*"))
    Caller(f"{api.endpoint}/dev", **signed(api, key)).socket.close()


def test_who_sends_to_connections_needs_a_policy(strict: Account) -> None:
    api = SocketApi(strict.lam, {})
    api.route("$default", "tell", answers=True)
    user = strict.user("sends")
    management = user.client("apigatewaymanagementapi")
    with api.call() as caller:
        caller.say("who am I?")
        id = caller.hear()

        code, message, status = refusal(management.post_to_connection, ConnectionId=id, Data=b"x")
        assert (code, status) == ("AccessDeniedException", 403)
        assert "execute-api:ManageConnections" in message
        only_post = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{api.id}/dev/POST/@connections/*"
        strict.allow("sends", allow("execute-api:ManageConnections", only_post))
        management.post_to_connection(ConnectionId=id, Data=b"x")
        assert caller.hear() == "x"
        assert refusal(management.delete_connection, ConnectionId=id)[0] == "AccessDeniedException"


def test_a_function_sends_if_its_role_may(strict: Account) -> None:
    strict.lam.role = strict.role("sender", trust=LAMBDA)
    strict.lam.create("answer", ANSWER, MemorySize=1769, Timeout=20)
    let_in(strict.lam, "answer")
    api = SocketApi(strict.lam, {})
    api.route("$default", "answer", answers=True)
    with api.call() as caller:
        caller.say("hello?")
        assert caller.hear() == "AccessDeniedException"
    may = document(allow("execute-api:ManageConnections"))
    strict.root.client("iam").put_role_policy(RoleName="sender", PolicyName="own", PolicyDocument=may)
    with api.call() as caller:
        caller.say("hello?")
        assert caller.hear() == "hello"
