"""Function URLs of AuthType AWS_IAM: who signs, and whom the policy lets in. docs/contract/events.md#function-urls."""

from __future__ import annotations

from pathlib import Path

from boto_rig import client_at
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from function_url_rig import ECHO, FORBIDDEN, Got, ask, let_in, made
from inside import probe
from lam import Lam
from own import EITHER_ENGINE, own_emulator

LARGE = 200_000


def signed(
    url: str,
    access_key: str = "test",
    region: str = "us-east-1",
    service: str = "lambda",
    body: str | None = None,
    secret: str = "secret",
) -> Got:
    request = AWSRequest("GET" if body is None else "POST", url, {"Content-Type": "text/plain"}, body or "")
    SigV4Auth(Credentials(access_key, secret), service, region).add_auth(request)
    return ask(url, body, headers=dict(request.headers.items()))


@EITHER_ENGINE
def test_who_signs_is_told_to_the_function(lam: Lam) -> None:
    lam.create("iam", ECHO)
    url = made(lam, "iam", "AWS_IAM")

    context = signed(url).json["requestContext"]

    own = lam.emulator.scope.account
    assert context["accountId"] == own
    assert context["authorizer"]["iam"] == {
        "accessKey": "test",
        "accountId": own,
        "callerId": own,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": f"arn:aws:iam::{own}:root",
        "userId": own,
    }


@EITHER_ENGINE
def test_who_does_not_sign_for_it_is_forbidden(lam: Lam) -> None:
    lam.create("iam", ECHO)
    url = made(lam, "iam", "AWS_IAM")

    refused = [
        *(ask(url), ask(url, headers={"Authorization": "Bearer x"}), signed(url, service="s3")),
        signed(url, region="eu-west-1"),
    ]

    assert [(answer.status, answer.json) for answer in refused] == [(403, FORBIDDEN)] * 4


@EITHER_ENGINE
def test_another_account_needs_the_policy(lam: Lam) -> None:
    lam.create("iam", ECHO)
    url = made(lam, "iam", "AWS_IAM")

    before = signed(url, "111122223333")
    let_in(lam, {"FunctionName": "iam"}, "111122223333", "AWS_IAM")
    after = signed(url, "111122223333")

    assert before.status == 403
    assert after.json["requestContext"]["accountId"] == "111122223333"


def test_the_signature_of_a_key_that_iam_made_is_checked(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process") as lam:
        lam.create("iam", ECHO)
        url = made(lam, "iam", "AWS_IAM")
        iam = client_at(lam.url, "iam", lam.emulator.scope.account)
        user = iam.create_user(UserName="ada")["User"]
        made_key = iam.create_access_key(UserName="ada")["AccessKey"]
        key, secret = made_key["AccessKeyId"], made_key["SecretAccessKey"]

        context = signed(url, key, secret=secret).json["requestContext"]
        large = signed(url, key, secret=secret, body=f"len(body) # {'x' * LARGE}")
        forged = signed(url, key)

        assert context["authorizer"]["iam"]["userArn"] == user["Arn"]
        assert large.status == 200
        assert (forged.status, forged.headers["x-amzn-ErrorType"]) == (403, "InvalidSignatureException")
        lam.clock.advance(301)
        assert signed(url, key, secret=secret).status == 403


def test_a_session_of_sts_is_told_and_its_signature_checked(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process") as lam:
        lam.create("iam", ECHO)
        url = made(lam, "iam", "AWS_IAM")
        account = lam.emulator.scope.account
        sts = client_at(lam.url, "sts", account)
        session = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/caller", RoleSessionName="ada")["Credentials"]

        answer = signed(url, session["AccessKeyId"], secret=session["SecretAccessKey"])
        forged = signed(url, session["AccessKeyId"])

        iam = answer.json["requestContext"]["authorizer"]["iam"]
        assert (iam["accountId"], iam["userArn"]) == (account, f"arn:aws:sts::{account}:assumed-role/caller/ada")
        assert forged.status == 403


def test_a_function_calls_a_url_with_the_credentials_of_its_role(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process") as lam:
        lam.create("iam", ECHO)
        made(lam, "iam", "AWS_IAM")

        context = probe(lam, MemorySize=1769, Timeout=60).run("""
            import boto3, json
            from botocore.auth import SigV4Auth
            from botocore.awsrequest import AWSRequest
            from urllib.request import Request, urlopen
            url = boto3.client("lambda").get_function_url_config(FunctionName="iam")["FunctionUrl"]
            asked = AWSRequest("GET", url)
            SigV4Auth(boto3.Session().get_credentials(), "lambda", "us-east-1").add_auth(asked)
            result = json.load(urlopen(Request(url, headers=dict(asked.headers.items())), timeout=30))["requestContext"]
        """)

        assert context["accountId"] == lam.emulator.scope.account
        assert lam.emulator.around.child.pid is None  # nobody is asked who such a key is of
