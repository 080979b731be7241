"""What Cognito's user pools refuse, and tokens that end before their time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from concurrent.futures import Future, ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from own import OwnLam, own_emulator
from pools_rig import PASSWORD, Pool, refused
from services_rig import ACCOUNT, lam

__all__ = ["lam"]


@pytest.fixture(scope="module")
def pool(lam: OwnLam) -> Pool:
    """With a user `ada`."""
    pool = Pool(lam, "refusals")
    pool.confirmed("ada")
    return pool


def refresh(pool: Pool, token: str, **more: str) -> Any:
    return pool.idp.initiate_auth(
        ClientId=pool.client_id, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": token, **more}
    )


def raw(lam: OwnLam, operation: str, body: bytes) -> tuple[int, Any]:
    """Status and answer, of what no SDK would send."""
    connection = HTTPConnection(urlsplit(lam.url).netloc, timeout=60)
    target = f"AWSCognitoIdentityProviderService.{operation}"
    connection.request("POST", "/", body, {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"})
    answer = connection.getresponse()
    said = json.loads(answer.read())
    connection.close()
    return answer.status, said


@pytest.mark.parametrize("operation", ["global_sign_out", "admin_user_global_sign_out"])
def test_who_signs_out_everywhere_has_no_token_that_holds(lam: OwnLam, name: str, operation: str) -> None:
    pool = Pool(lam, name)
    pool.confirmed("ada")
    told = pool.sign_in("ada")["AuthenticationResult"]
    by_admin = {"UserPoolId": pool.id, "Username": "ada"}
    given = by_admin if operation.startswith("admin") else {"AccessToken": told["AccessToken"]}

    getattr(pool.idp, operation)(**given)

    assert refused(pool.idp.get_user, AccessToken=told["AccessToken"])[0] == "NotAuthorizedException"
    assert refused(refresh, pool=pool, token=told["RefreshToken"]) == (
        "NotAuthorizedException", "Refresh Token has been revoked"
    )  # fmt: skip


def test_a_user_leaves_and_so_do_the_tokens(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name)
    pool.confirmed("ada")
    told = pool.sign_in("ada")["AuthenticationResult"]

    pool.idp.delete_user(AccessToken=told["AccessToken"])

    assert refused(pool.user, name="ada") == ("UserNotFoundException", "User does not exist.")
    assert refused(refresh, pool=pool, token=told["RefreshToken"])[0] == "NotAuthorizedException"


def test_a_password_is_changed_by_who_knows_it(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name)
    pool.confirmed("ada")
    token = pool.sign_in("ada")["AuthenticationResult"]["AccessToken"]
    given = {"AccessToken": token, "ProposedPassword": "Secret-5678"}

    wrong = refused(pool.idp.change_password, **given, PreviousPassword="Secret-9999")
    pool.idp.change_password(**given, PreviousPassword=PASSWORD)

    assert wrong == ("NotAuthorizedException", "Incorrect username or password.")
    assert pool.sign_in("ada", "Secret-5678")["AuthenticationResult"]


def test_a_password_that_an_administrator_gave_is_over_after_its_days(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name)
    pool.idp.admin_create_user(UserPoolId=pool.id, Username="ada", TemporaryPassword=PASSWORD, MessageAction="SUPPRESS")
    lam.clock.advance(7 * 24 * 3600 + 1)

    told = refused(pool.sign_in, name="ada")

    text = "Temporary password has expired and must be reset by an administrator."
    assert told == ("NotAuthorizedException", text)


def test_an_app_with_a_secret_shows_that_it_knows_it(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, client={"GenerateSecret": True})
    pool.confirmed("ada")
    described = pool.idp.describe_user_pool_client(UserPoolId=pool.id, ClientId=pool.client_id)
    secret = described["UserPoolClient"]["ClientSecret"].encode()
    right = base64.b64encode(hmac.new(secret, f"ada{pool.client_id}".encode(), hashlib.sha256).digest()).decode()

    def sign_in(**more: str) -> Any:
        given = {"USERNAME": "ada", "PASSWORD": PASSWORD, **more}
        flow = "USER_PASSWORD_AUTH"
        return pool.idp.initiate_auth(ClientId=pool.client_id, AuthFlow=flow, AuthParameters=given)

    without, wrong = refused(sign_in), refused(sign_in, SECRET_HASH="x")
    token = sign_in(SECRET_HASH=right)["AuthenticationResult"]["RefreshToken"]
    wrong_again = refused(refresh, pool=pool, token=token, SECRET_HASH="x")

    assert without[1] == f"Client {pool.client_id} is configured with secret but SECRET_HASH was not received"
    assert wrong[1] == wrong_again[1] == f"Unable to verify secret hash for client {pool.client_id}"
    assert refresh(pool, token, SECRET_HASH=right)["AuthenticationResult"]


def test_a_user_is_known_by_an_alias_once_it_is_verified(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, AliasAttributes=["email", "preferred_username"])
    address = f"{name}@example.com"
    pool.confirmed("ada", email=address, preferred_username="countess")

    before = refused(pool.sign_in, name=address)
    verified = [{"Name": "email_verified", "Value": "true"}]
    pool.idp.admin_update_user_attributes(UserPoolId=pool.id, Username="countess", UserAttributes=verified)
    told = pool.sign_in(address)["AuthenticationResult"]

    assert before[0] == "UserNotFoundException"
    assert pool.idp.get_user(AccessToken=told["AccessToken"])["Username"] == "ada"
    assert pool.user(address)["Username"] == pool.user(pool.attributes("ada")["sub"])["Username"] == "ada"


def test_attributes_of_a_pools_own_are_in_events_and_tokens(lam: OwnLam, name: str) -> None:
    schema = [{"Name": "plan", "AttributeDataType": "String", "Mutable": True}]
    pool = Pool(lam, name, "pass", "PostAuthentication", Schema=schema)
    pool.confirmed("ada", **{"custom:plan": "gold"})

    token = pool.sign_in("ada")["AuthenticationResult"]["IdToken"]

    body = token.split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["custom:plan"] == "gold"
    assert pool.events()[0]["request"]["userAttributes"]["custom:plan"] == "gold"


def test_an_update_of_a_pool_leaves_what_it_was_made_with(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, UsernameAttributes=["email"])

    pool.idp.update_user_pool(UserPoolId=pool.id, AutoVerifiedAttributes=["email"])

    described = pool.idp.describe_user_pool(UserPoolId=pool.id)["UserPool"]
    assert described["UsernameAttributes"] == described["AutoVerifiedAttributes"] == ["email"]


@pytest.mark.parametrize(
    ("operation", "given", "code"),
    [
        ("SignUp", {"Username": "a" * 129, "Password": PASSWORD}, "InvalidParameterException"),
        ("SignUp", {"Username": "a", "Password": "A1-a" * 100}, "InvalidParameterException"),
        ("SignUp", {"Username": "a"}, "InvalidParameterException"),
        ("SignUp", {"Username": "a", "Password": PASSWORD, "UserAttributes": [{"Name": "custom:none", "Value": "1"}]},
         "InvalidParameterException"),
        ("SignUp", {"Username": ["a"], "Password": PASSWORD}, "SerializationException"),
        ("SignUp", {"Username": "a", "Password": PASSWORD, "UserAttributes": [{}]}, "InvalidParameterException"),
        ("InitiateAuth", {"AuthFlow": "NONE"}, "InvalidParameterException"),
        ("InitiateAuth", {"AuthFlow": "USER_AUTH"}, "InvalidParameterException"),
        ("InitiateAuth", {"AuthFlow": "USER_SRP_AUTH", "AuthParameters": {"USERNAME": "ada", "SRP_A": "0"}},
         "InvalidParameterException"),
        ("InitiateAuth", {"AuthFlow": "USER_SRP_AUTH", "AuthParameters": {"USERNAME": "ada", "SRP_A": "x"}},
         "InvalidParameterException"),
        ("InitiateAuth", {"AuthFlow": "USER_SRP_AUTH", "AuthParameters": {"USERNAME": "ada", "SRP_A": "f" * 99_999}},
         "InvalidParameterException"),
        ("InitiateAuth", {"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": "none"}},
         "NotAuthorizedException"),
        ("InitiateAuth", {"AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "ada", "PASSWORD": "\ud800"}
                          }, "SerializationException"),
        ("RespondToAuthChallenge", {"ChallengeName": "CUSTOM_CHALLENGE", "Session": "x" * 30,
                                    "ChallengeResponses": {"USERNAME": "ada", "ANSWER": "1"}},
         "NotAuthorizedException"),
        ("RespondToAuthChallenge", {"ChallengeName": "DEVICE_SRP_AUTH"}, "InvalidParameterException"),
        ("ConfirmSignUp", {"Username": "ada", "ConfirmationCode": "\ud800"}, "SerializationException"),
        ("ConfirmForgotPassword", {"Username": "ada", "ConfirmationCode": "1", "Password": PASSWORD},
         "ExpiredCodeException"),
        ("GetUser", {"AccessToken": "a.b.c"}, "NotAuthorizedException"),
        ("GetUser", {"AccessToken": f"a.{'W' * 3}.c"}, "NotAuthorizedException"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_codes_of_aws(
    lam: OwnLam, pool: Pool, operation: str, given: Any, code: str
) -> None:
    client = {} if operation == "GetUser" else {"ClientId": pool.client_id}

    status, said = raw(lam, operation, json.dumps(client | given).encode())

    assert (status, said["__type"].rpartition("#")[2]) == (400, code), said


def test_of_many_at_once_one_has_the_name_and_one_the_session(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name)
    pool.idp.admin_create_user(UserPoolId=pool.id, Username="ada", TemporaryPassword=PASSWORD, MessageAction="SUPPRESS")
    asked = pool.sign_in("ada")

    def answer(number: int) -> Any:
        return pool.idp.respond_to_auth_challenge(
            ClientId=pool.client_id,
            ChallengeName=asked["ChallengeName"],
            Session=asked["Session"],
            ChallengeResponses={"USERNAME": "ada", "NEW_PASSWORD": f"Secret-{number}567"},
        )

    with ThreadPoolExecutor(8) as threads:
        names = [threads.submit(pool.sign_up, "eve", f"Secret-{number}567") for number in range(8)]
        answers = [threads.submit(answer, number) for number in range(8)]

    assert sorted(code_of(one) for one in names) == ["", *["UsernameExistsException"] * 7]
    assert sorted(code_of(one) for one in answers) == ["", *["NotAuthorizedException"] * 7]
    [first] = [number for number, one in enumerate(answers) if not code_of(one)]
    assert pool.sign_in("ada", f"Secret-{first}567")["AuthenticationResult"]


def code_of(asked: Future[Any]) -> str:
    """Of the refusal; empty without one."""
    error = asked.exception()
    if error is None:
        return ""
    assert isinstance(error, ClientError)
    return str(error.response["Error"]["Code"])


def test_another_clients_id_is_nobodys(lam: OwnLam) -> None:
    status, said = raw(lam, "SignUp", json.dumps({"ClientId": "none", "Username": "a", "Password": "b"}).encode())

    assert (status, said["message"]) == (400, "User pool client none does not exist.")


def test_a_page_may_sign_somebody_in_whose_origin_is_allowed(tmp_path: Path) -> None:
    origin = "http://localhost:3000"
    with own_emulator(tmp_path, "process", stems=0, account=ACCOUNT, allowed_origins=origin) as lam:
        pool = Pool(lam, "page")
        pool.confirmed("ada")
        secret = {"USERNAME": "ada", "PASSWORD": PASSWORD}
        asked = {"ClientId": pool.client_id, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": secret}

        before = by_page(lam, "OPTIONS", origin)
        told = by_page(lam, "POST", origin, json.dumps(asked).encode())
        stranger = by_page(lam, "POST", "http://evil.example", json.dumps(asked).encode())

    assert "x-amz-target" in before.headers["Access-Control-Allow-Headers"].lower()
    assert told.headers["Access-Control-Allow-Origin"] == origin
    assert told.status == 200
    assert stranger.status == 403


def by_page(lam: OwnLam, method: str, origin: str, body: bytes = b"") -> HTTPResponse:
    """What a browser has for a page of this origin."""
    connection = HTTPConnection(urlsplit(lam.url).netloc, timeout=60)
    headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
    if method == "OPTIONS":
        headers |= {"Access-Control-Request-Method": "POST"}
        headers |= {"Access-Control-Request-Headers": "cache-control,content-type,x-amz-target,x-amz-user-agent"}
    else:
        target = "AWSCognitoIdentityProviderService.InitiateAuth"
        headers |= {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    connection.request(method, "/", body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer
