"""Authorizers of REST APIs: functions, user pools, signatures. docs/contract/events.md#authorizers-of-rest-apis."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from function_url_rig import Got, ask
from http_apis_rig import let_in
from own import OwnLam, own_emulator
from rest_rig import ECHO, REGION, RestApi, invoke_arn
from services_rig import ACCOUNT, sdk

AUTHORIZER = """
import json, time
CALLS = []
def handler(event, context):
    CALLS.append(event)
    said = event.get("authorizationToken") or event["headers"]["X-Say"]
    return eval(said, {"event": event, "time": time, "allow": allow, "json": json, "calls": len(CALLS), "fail": fail})
def allow(arn="*", effect="Allow", condition=None, **context):
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": arn}
    if condition:
        statement["Condition"] = condition
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "me", "policyDocument": document, "context": context}
def fail(text):
    raise Exception(text)
"""
UNAUTHORIZED = (401, {"message": "Unauthorized"})
FAILED = (500, {"message": None})
NOT_AUTHORIZED = {"Message": "User is not authorized to access this resource"}
EXPLICITLY = {"Message": "User is not authorized to access this resource with an explicit deny"}
HEADER = "method.request.header.Authorization"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("guarded"), "process", account=ACCOUNT) as lam:
        yield lam


@pytest.fixture
def lam(shared: OwnLam) -> Iterator[OwnLam]:
    shared.create("echo", ECHO)
    shared.create("judge", AUTHORIZER, Timeout=30)
    for name in ("echo", "judge"):
        let_in(shared, name)
    yield shared
    shared.close()


def said(answer: Got) -> tuple[int, Any]:
    return answer.status, answer.json


def guarded(lam: OwnLam, type: str = "TOKEN", function: str = "judge", **authorizer: Any) -> RestApi:
    """Its paths are guarded by a function, which says what the value of the token, or of X-Say, is."""
    api = RestApi(lam)
    told = {"authorizerUri": invoke_arn(function), "identitySource": HEADER, "authorizerResultTtlInSeconds": 0}
    made = api.client.create_authorizer(restApiId=api.id, name="judge", type=type, **(told | authorizer))["id"]
    for route in ("ANY /", "ANY /{proxy+}"):
        api.proxy(route, "echo", authorizationType="CUSTOM", authorizerId=made)
    api.deploy()
    return api


def test_a_function_lets_a_token_in_and_says_who_it_is(lam: OwnLam) -> None:
    api = guarded(lam)

    token = "allow(n=1, yes=True, none=None, event=json.dumps(event))"
    authorizer = api.ask("/a/b?x=1", Authorization=token).json["requestContext"]["authorizer"]

    assert json.loads(authorizer.pop("event")) == {
        "type": "TOKEN",
        "methodArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/dev/GET/a/b",
        "authorizationToken": token,
    }
    assert authorizer.pop("integrationLatency") >= 0
    assert authorizer == {"principalId": "me", "n": "1", "yes": "true"}


def test_a_function_sees_the_whole_request(lam: OwnLam) -> None:
    api = guarded(lam, "REQUEST", identitySource="method.request.header.X-Say, method.request.querystring.x")

    got = api.ask("/a?x=1&x=2", X_Say="allow(event=json.dumps(event))")

    event = json.loads(got.json["requestContext"]["authorizer"]["event"])
    assert list(event)[:5] == ["type", "methodArn", "resource", "path", "httpMethod"]
    assert (event["type"], event["resource"], event["path"]) == ("REQUEST", "/{proxy+}", "/a")
    assert event["methodArn"] == f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/dev/GET/a"
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert (event["pathParameters"], event["stageVariables"]) == ({"proxy": "a"}, {})
    assert event["requestContext"]["apiId"] == api.id
    assert {"body", "isBase64Encoded"} & event.keys() == set()
    assert said(api.ask("/a", X_Say="allow()")) == UNAUTHORIZED
    assert said(api.ask("/a?x=1")) == UNAUTHORIZED


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("allow(effect='Deny')", (403, EXPLICITLY)),
        ("allow('arn:aws:execute-api:*:*:*/dev/POST/*')", (403, NOT_AUTHORIZED)),
        ("allow(condition={'IpAddress': {'aws:SourceIp': '10.0.0.0/8'}})", (403, NOT_AUTHORIZED)),
        ("fail('Unauthorized')", UNAUTHORIZED),
        ("fail('anything')", FAILED),
        ("{'principalId': 'me'}", FAILED),
        ("{'policyDocument': {'Statement': []}}", FAILED),
        ("'text'", FAILED),
        ("allow(nested={'a': 1})", FAILED),
        ("{'policyDocument': 1}", FAILED),
        ("{'policyDocument': {'Statement': [{'Effect': 'Maybe'}]}}", (403, NOT_AUTHORIZED)),
    ],
)
def test_what_functions_do_not_allow_is_refused_in_awss_words(lam: OwnLam, token: str, expected: Any) -> None:
    assert said(guarded(lam).ask("/", Authorization=token)) == expected


@pytest.mark.parametrize(
    "token",
    [
        "allow('arn:aws:execute-api:*:*:*/dev/GET/a*')",
        "allow(condition={'IpAddress': {'aws:SourceIp': '127.0.0.0/8'}})",
        "{'policyDocument': {'Statement': {'Effect': 'Allow', 'Action': '*', 'Resource': ['*']}}}",
    ],
)
def test_what_a_policy_allows_is_let_in(lam: OwnLam, token: str) -> None:
    assert guarded(lam).ask("/a/b", Authorization=token).status == 200


def test_a_token_that_is_missing_or_does_not_fit_asks_nobody(lam: OwnLam) -> None:
    api = guarded(lam, identityValidationExpression="allow.*")

    got = api.ask("/")
    assert (said(got), got.headers["x-amzn-ErrorType"]) == (UNAUTHORIZED, "UnauthorizedException")
    assert said(api.ask("/", Authorization="fail('x')")) == UNAUTHORIZED
    first = api.ask("/", Authorization="allow(calls=calls)").json["requestContext"]["authorizer"]
    assert first["calls"] == "1"


def test_an_expression_that_never_ends_is_a_misconfiguration(lam: OwnLam) -> None:
    api = guarded(lam, identityValidationExpression="(a*)*b")

    assert said(api.ask("/", Authorization="a" * 4000)) == FAILED


def test_what_a_function_said_is_kept_for_its_time(lam: OwnLam) -> None:
    api = guarded(lam, authorizerResultTtlInSeconds=60)
    token = "allow('arn:aws:execute-api:*:*:*/dev/GET/a', calls=calls)"

    def calls(path: str) -> Any:
        return api.ask(path, Authorization=token).json["requestContext"]["authorizer"]["calls"]

    first = calls("/a")
    assert calls("/a") == first
    assert said(api.ask("/b", Authorization=token)) == (403, NOT_AUTHORIZED)
    api.deploy()
    assert calls("/a") == first
    lam.clock.advance(61)
    assert int(calls("/a")) > int(first)


def test_a_function_has_to_let_its_api_in(lam: OwnLam) -> None:
    lam.create("shut", AUTHORIZER)
    api = guarded(lam, function="shut")

    got = api.ask("/", Authorization="allow()")

    assert (said(got), got.headers["x-amzn-ErrorType"]) == (FAILED, "AuthorizerConfigurationException")


def test_an_api_tells_refusals_in_its_own_words(lam: OwnLam) -> None:
    api = guarded(lam)
    for type, status in (("UNAUTHORIZED", "418"), ("ACCESS_DENIED", "404")):
        api.client.put_gateway_response(
            restApiId=api.id,
            responseType=type,
            statusCode=status,
            responseTemplates={"application/json": '{"why":$context.error.messageString}'},
            responseParameters={"gatewayresponse.header.X-Why": "'no'"},
        )
    api.deploy()

    assert said(api.ask("/")) == (418, {"why": "Unauthorized"})
    got = api.ask("/", Authorization="allow(effect='Deny')")
    assert (said(got), got.headers["X-Why"]) == ((404, {"why": EXPLICITLY["Message"]}), "no")


def test_a_function_says_by_which_api_key_it_is_counted(lam: OwnLam) -> None:
    api = RestApi(lam, apiKeySource="AUTHORIZER")
    told = {"authorizerUri": invoke_arn("judge"), "identitySource": HEADER, "authorizerResultTtlInSeconds": 0}
    made = api.client.create_authorizer(restApiId=api.id, name="judge", type="TOKEN", **told)["id"]
    api.proxy("GET /", "echo", authorizationType="CUSTOM", authorizerId=made, apiKeyRequired=True)
    api.deploy()
    key = api.client.create_api_key(name="mine", enabled=True)
    plan = api.client.create_usage_plan(name="plan", apiStages=[{"apiId": api.id, "stage": "dev"}])
    api.client.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")

    got = api.ask("/", Authorization=f"{{**allow(), 'usageIdentifierKey': {key['value']!r}}}")
    unknown = api.ask("/", Authorization="{**allow(), 'usageIdentifierKey': 'another-key-of-twenty-characters'}")
    missing = api.ask("/", Authorization="allow()")

    assert got.json["requestContext"]["identity"]["apiKeyId"] == key["id"]
    assert said(unknown) == said(missing) == (403, {"message": "Forbidden"})


class People:
    """A user pool with somebody in it."""

    def __init__(self, lam: OwnLam) -> None:
        cognito = sdk(lam, "cognito-idp")
        told = cognito.create_user_pool(PoolName="people")["UserPool"]
        self.id, self.arn = told["Id"], told["Arn"]
        flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
        made = cognito.create_user_pool_client(UserPoolId=self.id, ClientName="app", ExplicitAuthFlows=flows)
        self.client = made["UserPoolClient"]["ClientId"]
        cognito.admin_create_user(UserPoolId=self.id, Username="ada", TemporaryPassword="Secret-123")
        cognito.admin_set_user_password(UserPoolId=self.id, Username="ada", Password="Secret-1234", Permanent=True)
        self.tokens = cognito.admin_initiate_auth(
            UserPoolId=self.id, ClientId=self.client, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "ada", "PASSWORD": "Secret-1234"},
        )["AuthenticationResult"]  # fmt: skip


def guarded_by(lam: OwnLam, people: People, **authorizer: Any) -> RestApi:
    """`GET /` for who somebody is, `GET /scoped` for what he may."""
    api = RestApi(lam)
    told = {"identitySource": HEADER, "providerARNs": [people.arn]} | authorizer
    made = api.client.create_authorizer(restApiId=api.id, name="pool", type="COGNITO_USER_POOLS", **told)["id"]
    by: Any = {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": made}
    api.proxy("GET /", "echo", **by)
    api.proxy("GET /scoped", "echo", **by, authorizationScopes=["aws.cognito.signin.user.admin"])
    api.proxy("GET /other", "echo", **by, authorizationScopes=["items/read"])
    api.deploy()
    return api


def test_a_user_pools_tokens_are_let_in_by_what_they_are(lam: OwnLam) -> None:
    people = People(lam)
    api = guarded_by(lam, people)
    identity, access = people.tokens["IdToken"], people.tokens["AccessToken"]

    claims = api.ask("/", Authorization=identity).json["requestContext"]["authorizer"]["claims"]

    assert (claims["aud"], claims["token_use"], claims["cognito:username"]) == (people.client, "id", "ada")
    assert re.fullmatch(r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d UTC \d{4}", claims["exp"])
    assert claims["auth_time"].isdigit()
    assert api.ask("/", Authorization=f"Bearer {identity}").status == 200
    assert api.ask("/scoped", Authorization=access).status == 200
    for refused in (
        api.ask("/"),
        api.ask("/", Authorization=access),
        api.ask("/", Authorization="none"),
        api.ask("/", Authorization=identity[:-4] + "AAAA"),
        api.ask("/scoped", Authorization=identity),
        api.ask("/other", Authorization=access),
    ):
        assert said(refused) == UNAUTHORIZED


def test_a_user_pools_tokens_end_and_are_for_whom_they_are(lam: OwnLam) -> None:
    people, others = People(lam), People(lam)
    api = guarded_by(lam, people, identityValidationExpression=f"{people.client}|x")
    token = people.tokens["IdToken"]
    assert api.ask("/", Authorization=token).status == 200

    assert said(api.ask("/", Authorization=others.tokens["IdToken"])) == UNAUTHORIZED
    assert said(guarded_by(lam, people, identityValidationExpression="y").ask("/", Authorization=token)) == UNAUTHORIZED
    lam.clock.advance(3601)
    assert said(api.ask("/", Authorization=token)) == (401, {"message": "The incoming token has expired"})


def signed(api: RestApi, key: str, secret: str = "test", service: str = "execute-api") -> Got:
    url = f"{api.lam.url}/_lambda-emu/api/{api.id}/dev/me"
    request = AWSRequest("GET", f"{url}?a=1", headers={"Host": urlsplit(url).netloc})
    SigV4Auth(Credentials(key, secret), service, REGION).add_auth(request)
    return ask(url, headers=dict(request.headers), path="?a=1")


def test_a_signature_lets_its_account_in_and_says_whose_it_is(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", account=ACCOUNT) as lam:
        lam.create("echo", ECHO)
        let_in(lam, "echo")
        api = RestApi(lam)
        api.proxy("GET /me", "echo", authorizationType="AWS_IAM")
        api.deploy()
        iam = sdk(lam, "iam")
        user = iam.create_user(UserName="ada")["User"]
        key = iam.create_access_key(UserName="ada")["AccessKey"]
        id, secret = key["AccessKeyId"], key["SecretAccessKey"]

        context = signed(api, id, secret).json["requestContext"]
        bad = signed(api, id, secret[:-1])
        other = signed(api, "999999999999")

        assert "authorizer" not in context
        told = context["identity"]
        assert (told["userArn"], told["user"], told["caller"]) == (user["Arn"], user["UserId"], user["UserId"])
        assert (told["accessKey"], told["accountId"]) == (id, ACCOUNT)
        missing = (403, {"message": "Missing Authentication Token"})
        assert said(api.ask("/me")) == said(signed(api, ACCOUNT, service="s3")) == missing
        assert (bad.status, bad.headers["x-amzn-ErrorType"]) == (403, "InvalidSignatureException")
        resource = f"arn:aws:execute-api:{REGION}:********9012:{api.id}/dev/GET/me"
        whose = "User: arn:aws:iam::999999999999:root is not authorized to perform: execute-api:Invoke on resource"
        assert said(other) == (403, {"Message": f"{whose}: {resource}"})
