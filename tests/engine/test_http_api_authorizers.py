"""Authorizers of HTTP APIs: tokens of an issuer that serves its keys, functions, signatures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from function_url_rig import ECHO, Got, ask
from http_apis_rig import ERROR, REGION, Api, Gateway, arn, let_in, shared
from joserfc import jwk, jwt
from own import OwnLam, own_emulator
from server_rig import Exchange, http_server, send
from services_rig import ACCOUNT, sdk
from waiting import Eventually

__all__ = ["shared"]

HEADER = "$request.header.Authorization"
UNAUTHORIZED = (401, {"message": "Unauthorized"})
FORBIDDEN = (403, {"message": "Forbidden"})
FAILED = (500, ERROR)
AUTHORIZER = """
import json, time
def handler(event, context):
    said = (event.get("headers") or {}).get("x-say") or (event.get("headers") or {})["authorization"]
    return eval(said, {"event": event, "time": time, "allow": allow, "json": json})
def allow(arn, effect="Allow", **context):
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": arn}
    return {"principalId": "me", "policyDocument": {"Statement": [statement]}, "context": context}
"""


WHOLE = """
import json
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}
"""


class Issuer:
    """Tells its keys by OIDC's discovery. hangs: it tells nothing while this is not set."""

    def __init__(self) -> None:
        self.key = jwk.RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})
        self.asked: list[str] = []
        self.url = ""
        self.goes = Event()
        self.goes.set()

    def answer(self, exchange: Exchange) -> None:
        self.asked.append(exchange.path)
        self.goes.wait(30)
        found = self.pages().get(exchange.path)
        send(exchange, json.dumps(found or {}).encode(), 404 if found is None else 200)

    def pages(self) -> Mapping[str, Any]:
        return {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/keys": {"keys": [self.key.as_dict(private=False)]},
        }

    def token(self, now_s: float, **claims: Any) -> str:
        told = {"iss": self.url, "aud": "me", "exp": int(now_s) + 600, "sub": "ada", "scope": "read"} | claims
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, told, self.key)


@pytest.fixture
def lam(shared: OwnLam) -> Iterator[OwnLam]:
    shared.create("echo", ECHO)
    shared.create("judge", AUTHORIZER, Timeout=60)
    for name in ("echo", "judge"):
        let_in(shared, name)
    yield shared
    shared.close()


@pytest.fixture
def gateway(lam: OwnLam) -> Gateway:
    return Gateway(lam)


@contextmanager
def issuing() -> Iterator[Issuer]:
    issuer = Issuer()
    with http_server(issuer.answer) as issuer.url:
        yield issuer
    issuer.goes.set()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


def said(answer: Got) -> tuple[int, Any]:
    return answer.status, answer.json


def guarded_by_token(gateway: Gateway, issuer: str, payload: str = "2.0", **route: Any) -> Api:
    api = gateway.api()
    told = {"Issuer": issuer, "Audience": ["me"]}
    authorizer = api.authorizer("JWT", IdentitySource=[HEADER], JwtConfiguration=told)
    api.route("GET /me", "echo", payload, AuthorizationType="JWT", AuthorizerId=authorizer, **route)
    return api


def guarded_by_function(gateway: Gateway, payload: str = "2.0", **authorizer: Any) -> Api:
    api = gateway.api()
    made = api.authorizer(
        "REQUEST",
        AuthorizerUri=arn("judge"),
        AuthorizerPayloadFormatVersion=payload,
        **({"IdentitySource": [HEADER], "AuthorizerResultTtlInSeconds": 0} | authorizer),
    )
    for key in ("GET /me", "GET /other/{id}"):
        api.route(key, "echo", payload, AuthorizationType="CUSTOM", AuthorizerId=made)
    return api


def test_a_token_of_the_issuer_is_let_in_and_told(lam: OwnLam, gateway: Gateway, issuer: Issuer) -> None:
    api = guarded_by_token(gateway, issuer.url)
    token = issuer.token(lam.clock.now_s(), groups=["a", "b"])

    event = api.ask("/me", Authorization=f"Bearer {token}").json
    bare = api.ask("/me", Authorization=token)

    told = event["requestContext"]["authorizer"]["jwt"]
    assert (told["claims"]["sub"], told["claims"]["groups"], told["scopes"]) == ("ada", "[a b]", None)
    assert bare.status == 200
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


def test_payload_format_1_0_tells_the_claims(lam: OwnLam, gateway: Gateway, issuer: Issuer) -> None:
    lam.create("whole", WHOLE)
    let_in(lam, "whole")
    api = gateway.api()
    made = api.authorizer("JWT", IdentitySource=[HEADER], JwtConfiguration={"Issuer": issuer.url, "Audience": ["me"]})
    api.route("GET /me", "whole", "1.0", AuthorizationType="JWT", AuthorizerId=made, AuthorizationScopes=["read"])

    event = api.ask("/me", Authorization=issuer.token(lam.clock.now_s())).json

    assert event["requestContext"]["authorizer"]["claims"]["sub"] == "ada"
    assert event["requestContext"]["authorizer"]["scopes"] == ["read"]


def test_other_tokens_are_not(lam: OwnLam, gateway: Gateway, issuer: Issuer) -> None:
    api = guarded_by_token(gateway, issuer.url, AuthorizationScopes=["read", "all"])
    now_s = lam.clock.now_s()
    stranger = Issuer()
    forged = jwt.encode(
        {"alg": "RS256", "kid": "first"}, {"iss": issuer.url, "aud": "me", "exp": now_s + 9}, stranger.key
    )

    none = api.ask("/me")
    bad = {
        "expired": issuer.token(now_s, exp=int(now_s) - 1),
        "audience": issuer.token(now_s, aud="you"),
        "issuer": issuer.token(now_s, iss="http://127.0.0.1:1"),
        "verified": forged,
        "cannot": "no token",
    }
    answers = {why: api.ask("/me", Authorization=f"Bearer {token}") for why, token in bad.items()}
    weak = api.ask("/me", Authorization=issuer.token(now_s, scope="write"))

    assert (said(none), none.headers["WWW-Authenticate"]) == (UNAUTHORIZED, "Bearer")
    for why, answer in answers.items():
        assert said(answer) == UNAUTHORIZED
        assert why in answer.headers["WWW-Authenticate"]
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert said(weak) == FORBIDDEN
    assert 'error="insufficient_scope"' in weak.headers["WWW-Authenticate"]
    assert api.ask("/me", Authorization=issuer.token(now_s)).status == 200


def test_a_token_is_good_until_it_ends(lam: OwnLam, gateway: Gateway, issuer: Issuer) -> None:
    api = guarded_by_token(gateway, issuer.url)
    token = issuer.token(lam.clock.now_s(), exp=int(lam.clock.now_s()) + 100)
    assert api.ask("/me", Authorization=token).status == 200

    lam.clock.advance(101)

    assert said(api.ask("/me", Authorization=token)) == UNAUTHORIZED


def test_an_issuer_may_change_its_keys(lam: OwnLam, gateway: Gateway, issuer: Issuer) -> None:
    api = guarded_by_token(gateway, issuer.url)
    assert api.ask("/me", Authorization=issuer.token(lam.clock.now_s())).status == 200

    issuer.key = jwk.RSAKey.generate_key(2048, {"kid": "second"})
    lam.clock.advance(6)

    assert api.ask("/me", Authorization=issuer.token(lam.clock.now_s())).status == 200


def test_an_issuer_that_hangs_holds_up_nobody_else(
    lam: OwnLam, gateway: Gateway, issuer: Issuer, eventually: Eventually
) -> None:
    good = guarded_by_token(gateway, issuer.url)
    with issuing() as hanging, ThreadPoolExecutor(20) as threads:
        hanging.goes.clear()
        api = guarded_by_token(gateway, hanging.url)
        token = hanging.token(lam.clock.now_s())
        waiting = [threads.submit(api.ask, "/me", Authorization=token) for _ in range(20)]
        eventually(lambda: hanging.asked, "it to be asked")
        other = good.ask("/me", Authorization=issuer.token(lam.clock.now_s()))
        answers = [one.result(30) for one in waiting]
        asked = list(hanging.asked)

    assert other.status == 200
    assert {said(answer)[0] for answer in answers} == {401}
    assert len(asked) == 1


@pytest.mark.parametrize("by_port", [False, True])
def test_a_user_pool_of_our_own_issues_tokens(lam: OwnLam, gateway: Gateway, *, by_port: bool) -> None:
    cognito = sdk(lam, "cognito-idp")
    pool = cognito.create_user_pool(PoolName="people")["UserPool"]["Id"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client_id = cognito.create_user_pool_client(UserPoolId=pool, ClientName="app", ExplicitAuthFlows=flows)[
        "UserPoolClient"
    ]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username="ada", TemporaryPassword="Secret-123")
    cognito.admin_set_user_password(UserPoolId=pool, Username="ada", Password="Secret-1234", Permanent=True)
    tokens = cognito.admin_initiate_auth(
        UserPoolId=pool, ClientId=client_id, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada", "PASSWORD": "Secret-1234"},
    )["AuthenticationResult"]  # fmt: skip
    api = gateway.api()
    issuer = f"https://cognito-idp.{REGION}.amazonaws.com/{pool}"
    told = {"Issuer": f"{lam.url}/{pool}" if by_port else issuer, "Audience": [client_id]}
    made = api.authorizer("JWT", IdentitySource=[HEADER], JwtConfiguration=told)
    api.route("GET /me", "echo", AuthorizationType="JWT", AuthorizerId=made)

    for kind in ("IdToken", "AccessToken"):
        event = api.ask("/me", Authorization=f"Bearer {tokens[kind]}").json
        assert event["requestContext"]["authorizer"]["jwt"]["claims"]["iss"] == issuer


def test_a_function_answers_simply_whether(gateway: Gateway) -> None:
    api = guarded_by_function(gateway, EnableSimpleResponses=True)

    event = api.ask("/me?a=1", Authorization="{'isAuthorized': True, 'context': {'who': event['routeArn']}}").json
    no = api.ask("/me", Authorization="{'isAuthorized': False}")
    seen = api.ask("/other/7", Authorization="{'isAuthorized': True, 'context': {'e': json.dumps(event)}}").json

    source = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/$default/GET/me"
    assert event["requestContext"]["authorizer"] == {"lambda": {"who": source}}
    assert said(no) == FORBIDDEN
    given = json.loads(seen["requestContext"]["authorizer"]["lambda"]["e"])
    assert (given["version"], given["type"], given["routeKey"]) == ("2.0", "REQUEST", "GET /other/{id}")
    assert given["identitySource"] == ["{'isAuthorized': True, 'context': {'e': json.dumps(event)}}"]
    assert given["pathParameters"] == {"id": "7"}
    assert "body" not in given


@pytest.mark.parametrize("payload", ["1.0", "2.0"])
def test_a_function_answers_with_a_policy(gateway: Gateway, payload: str) -> None:
    api = guarded_by_function(gateway, payload)
    api.route("GET /seen", "echo", AuthorizationType="CUSTOM", AuthorizerId=_authorizer_of(api))
    own = "event.get('methodArn') or event['routeArn']"

    event = api.ask("/seen", Authorization=f"allow({own}, who='ada')").json
    denied = api.ask("/seen", Authorization=f"allow({own}, 'Deny')")
    other = api.ask("/seen", Authorization=f"allow(({own}).replace('seen', 'x'))")

    expected = {"who": "ada"} | ({"principalId": "me"} if payload == "1.0" else {})
    assert event["requestContext"]["authorizer"]["lambda"] == expected
    assert said(denied) == said(other) == FORBIDDEN


def _authorizer_of(api: Api) -> str:
    [one] = api.client.get_authorizers(ApiId=api.id)["Items"]
    found: str = one["AuthorizerId"]
    return found


def test_without_an_identity_source_nobody_is_asked(lam: OwnLam, gateway: Gateway, eventually: Eventually) -> None:
    api = guarded_by_function(gateway, IdentitySource=[HEADER, "$request.querystring.q"])

    answer = api.ask("/me", Authorization="allow('*')")

    assert said(answer) == UNAUTHORIZED
    eventually(lambda: lam.environments("judge") == [], "none but those of other tests, which end")


@pytest.mark.parametrize(
    "failure", ["1 / 0", "None", "'yes'", "{'isAuthorized': True}", "{'policyDocument': 1}", "exit(1)"]
)
def test_an_authorizer_that_fails_is_an_internal_server_error(gateway: Gateway, failure: str) -> None:
    assert said(guarded_by_function(gateway).ask("/me", Authorization=failure)) == FAILED


def test_an_authorizer_may_say_that_nobody_knows_who_asks(gateway: Gateway) -> None:
    api = guarded_by_function(gateway)

    answer = api.ask("/me", Authorization="(_ for _ in ()).throw(Exception('Unauthorized'))")

    assert said(answer) == UNAUTHORIZED


def test_an_authorizer_that_hangs_is_an_internal_server_error(
    lam: OwnLam, gateway: Gateway, eventually: Eventually
) -> None:
    api = guarded_by_function(gateway)
    api.route("GET /open", "echo")

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(api.ask, "/me", Authorization="time.sleep(20)")
        eventually(lambda: [one for one in lam.environments("judge") if one.state == "BUSY"], "it to run")
        meanwhile = api.ask("/open")
        lam.clock.advance(10.1)
        answer = waiting.result(15)

    assert meanwhile.status == 200
    assert said(answer) == FAILED


SAYS_WHEN = "{'isAuthorized': True, 'context': {'when': str(time.time_ns())}}"


def when_of(event: Any) -> str:
    """When the authorizer of an event was asked."""
    return str(event["requestContext"]["authorizer"]["lambda"]["when"])


def test_what_an_authorizer_says_holds_as_long_as_it_is_told(lam: OwnLam, gateway: Gateway) -> None:
    api = guarded_by_function(gateway, EnableSimpleResponses=True, AuthorizerResultTtlInSeconds=60)
    headers = {"Authorization": "key", "x-say": SAYS_WHEN}

    def when(**more: str) -> str:
        return when_of(api.ask("/me", **(headers | more)).json)

    first, second, other, again = when(), when(), when(Authorization="other"), when()
    assert first == second == again != other
    lam.clock.advance(61)
    assert when() not in (first, other)


def test_an_authorizer_that_looks_at_nothing_is_asked_each_time(gateway: Gateway) -> None:
    api = guarded_by_function(gateway, IdentitySource=[], EnableSimpleResponses=True, AuthorizerResultTtlInSeconds=60)
    connection = HTTPConnection(urlsplit(api.endpoint).netloc, timeout=30)

    found = []
    for _ in range(3):
        connection.request("GET", f"{urlsplit(api.endpoint).path}/me", headers={"x-say": SAYS_WHEN})
        found.append(when_of(json.loads(connection.getresponse().read())))
    connection.close()

    assert len(set(found)) == 3


def test_an_authorizer_must_let_the_api_in(lam: OwnLam, gateway: Gateway) -> None:
    api = guarded_by_function(gateway)
    lam.client.remove_permission(FunctionName="judge", StatementId="api")
    refused = api.ask("/me", Authorization="allow('*')")

    let_in(lam, "judge", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/authorizers/*")

    assert said(refused) == FAILED
    assert api.ask("/me", Authorization="allow('*')").status == 200


def test_a_route_whose_authorizer_is_gone_lets_nobody_in(gateway: Gateway) -> None:
    api = guarded_by_function(gateway)
    api.client.delete_authorizer(ApiId=api.id, AuthorizerId=_authorizer_of(api))

    assert said(api.ask("/me", Authorization="allow('*')")) == FAILED


def signed(api: Api, key: str, secret: str, service: str = "execute-api", endpoint: str = "", **more: str) -> Got:
    endpoint = endpoint or api.endpoint
    asked = AWSRequest("GET", f"{endpoint}/me?b=2&a=1", headers={"Host": urlsplit(endpoint).netloc})
    SigV4Auth(Credentials(key, secret), service, REGION).add_auth(asked)
    return ask(endpoint, headers=dict(asked.headers.items()) | more, path="/me?b=2&a=1")


def test_a_signature_for_the_api_lets_its_account_in(gateway: Gateway) -> None:
    api = gateway.api()
    api.route("GET /me", "echo", AuthorizationType="AWS_IAM")

    path = f"{api.gateway.lam.emulator.url}/restapis/{api.id}/$default/_user_request_"

    for endpoint in (api.endpoint, path):
        event = signed(api, ACCOUNT, "any", endpoint=endpoint).json
        assert event["requestContext"]["authorizer"]["iam"]["accountId"] == ACCOUNT
    for refused in (api.ask("/me"), signed(api, "999999999999", "any"), signed(api, ACCOUNT, "any", service="s3")):
        assert said(refused) == FORBIDDEN


def test_the_signature_of_a_key_that_iam_made_is_checked(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", account=ACCOUNT) as lam:
        lam.create("echo", ECHO)
        let_in(lam, "echo")
        api = Gateway(lam).api()
        api.route("GET /me", "echo", AuthorizationType="AWS_IAM")
        iam = sdk(lam, "iam")
        user = iam.create_user(UserName="ada")["User"]
        key = iam.create_access_key(UserName="ada")["AccessKey"]
        id, secret = key["AccessKeyId"], key["SecretAccessKey"]

        told = signed(api, id, secret).json["requestContext"]["authorizer"]["iam"]

        assert (told["userArn"], told["userId"], told["accessKey"]) == (user["Arn"], user["UserId"], id)
        assert said(signed(api, id, secret[:-1])) == FORBIDDEN
        assert said(signed(api, id, secret, **{"X-Amz-Date": "20200101T000000Z"})) == FORBIDDEN
        iam.update_access_key(UserName="ada", AccessKeyId=id, Status="Inactive")
        assert said(signed(api, id, secret)) == FORBIDDEN
        iam.update_access_key(UserName="ada", AccessKeyId=id, Status="Active")
        assert signed(api, id, secret).status == 200
        lam.clock.advance(301)
        assert said(signed(api, id, secret)) == FORBIDDEN
