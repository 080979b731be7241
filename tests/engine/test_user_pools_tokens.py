"""Tokens of Cognito's user pools: what functions make of them, who finds the keys, and that they outlive a kill."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from joserfc import jwt
from joserfc.jwk import KeySet
from own import OwnLam, served
from pools_rig import PASSWORD, Pool, refused, services
from services_rig import ACCOUNT, lam, sdk
from waiting import eventually

__all__ = ["lam"]

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com"


def page(url: str) -> Any:
    with urlopen(url, timeout=30) as answer:
        return json.load(answer)


def verified(url: str, pool_id: str, token: str) -> dict[str, Any]:
    """The claims, once the signature holds by the keys that the pool's page has."""
    keys = KeySet.import_key_set(page(f"{url}/{pool_id}/.well-known/jwks.json"))
    return dict(jwt.decode(token, keys).claims)


def tokens(pool: Pool, name: str = "ada") -> tuple[dict[str, Any], dict[str, Any]]:
    """Claims of the token of identity and that of access."""
    told = pool.sign_in(name)["AuthenticationResult"]
    return (
        verified(pool.lam.url, pool.id, told["IdToken"]),
        verified(pool.lam.url, pool.id, told["AccessToken"]),
    )


def test_tokens_say_what_they_say_on_aws(lam: OwnLam, name: str) -> None:
    validity = {"AccessTokenValidity": 10, "TokenValidityUnits": {"AccessToken": "minutes"}}
    pool = Pool(lam, name, client=validity)
    pool.confirmed("ada", email="ada@example.com", email_verified="true")
    for group, precedence in (("later", 2), ("first", 1)):
        role = f"arn:aws:iam::{ACCOUNT}:role/{group}"
        pool.idp.create_group(UserPoolId=pool.id, GroupName=group, Precedence=precedence, RoleArn=role)
        pool.idp.admin_add_user_to_group(UserPoolId=pool.id, Username="ada", GroupName=group)

    identity, access = tokens(pool)

    sub, roles = pool.attributes("ada")["sub"], [f"arn:aws:iam::{ACCOUNT}:role/{one}" for one in ("first", "later")]
    made = {each: identity.pop(each) for each in ("origin_jti", "event_id", "jti", "auth_time", "iat", "exp")}
    assert identity == {
        "sub": sub,
        "email": "ada@example.com",
        "email_verified": True,
        "cognito:groups": ["first", "later"],
        "cognito:preferred_role": roles[0],
        "cognito:roles": roles,
        "cognito:username": "ada",
        "aud": pool.client_id,
        "token_use": "id",
        "iss": f"{ISSUER}/{pool.id}",
    }
    assert made["exp"] - made["iat"] == 3600
    assert access["exp"] - access["iat"] == 600
    assert {each: access[each] for each in ("sub", "client_id", "token_use", "scope", "username", "origin_jti")} == {
        "sub": sub,
        "client_id": pool.client_id,
        "token_use": "access",
        "scope": "aws.cognito.signin.user.admin",
        "username": "ada",
        "origin_jti": made["origin_jti"],
    }
    assert access["cognito:groups"] == ["first", "later"]
    assert "aud" not in access


def test_a_function_adds_overrides_and_suppresses_claims_of_the_token_of_identity(lam: OwnLam, name: str) -> None:
    body = """
response["claimsOverrideDetails"] = {
    "claimsToAddOrOverride": {"plan": "gold", "name": "Countess", "sub": "x", "cognito:username": "x"},
    "claimsToSuppress": ["email", "iss"],
    "groupOverrideDetails": {"groupsToOverride": ["g"], "iamRolesToOverride": ["r"], "preferredRole": "r"}}"""
    pool = Pool(lam, name, body.strip(), "PreTokenGeneration")
    pool.confirmed("ada", email="ada@example.com", name="Ada")
    pool.idp.create_group(UserPoolId=pool.id, GroupName="own")
    pool.idp.admin_add_user_to_group(UserPoolId=pool.id, Username="ada", GroupName="own")

    identity, access = tokens(pool)

    [event] = pool.events()
    assert event["version"] == "1"
    assert event["request"]["groupConfiguration"] == {
        "groupsToOverride": ["own"], "iamRolesToOverride": [], "preferredRole": None
    }  # fmt: skip
    assert (identity["plan"], identity["name"]) == ("gold", "Countess")
    assert identity["sub"] == access["sub"] == pool.attributes("ada")["sub"]
    assert (identity["cognito:username"], identity["iss"]) == ("ada", f"{ISSUER}/{pool.id}")
    assert "email" not in identity
    assert (identity["cognito:roles"], identity["cognito:preferred_role"]) == (["r"], "r")
    assert identity["cognito:groups"] == access["cognito:groups"] == ["g"]
    assert "plan" not in access


def test_in_its_second_version_it_changes_the_token_of_access_and_its_scopes(lam: OwnLam, name: str) -> None:
    body = """
response["claimsAndScopeOverrideDetails"] = {
    "idTokenGeneration": {"claimsToAddOrOverride": {"plan": {"name": "gold", "seats": 2}}},
    "accessTokenGeneration": {
        "claimsToAddOrOverride": {"tenant": "t1", "client_id": "x"}, "claimsToSuppress": ["username", "event_id"],
        "scopesToAdd": ["photos/read"], "scopesToSuppress": ["aws.cognito.signin.user.admin"]}}"""
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"
    second = {"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": arn}}
    pool = Pool(lam, name, body.strip(), LambdaConfig=second)
    pool.confirmed("ada")

    identity, access = tokens(pool)

    [event] = pool.events()
    assert event["version"] == "2"
    assert event["request"]["scopes"] == ["aws.cognito.signin.user.admin"]
    assert event["response"] == {"claimsAndScopeOverrideDetails": None}
    assert identity["plan"] == {"name": "gold", "seats": 2}
    assert (access["tenant"], access["scope"]) == ("t1", "photos/read")
    assert (access["client_id"], access["username"]) == (pool.client_id, "ada")


def test_claims_of_another_kind_are_refused(lam: OwnLam, name: str) -> None:
    body = "response['claimsOverrideDetails'] = {'claimsToAddOrOverride': {'plan': ['gold']}}"
    pool = Pool(lam, name, body, "PreTokenGeneration")
    pool.confirmed("ada")

    told = refused(pool.sign_in, name="ada")

    assert told == ("InvalidLambdaResponseException", "Invalid lambda function output : Invalid JSON")


def test_each_pool_has_a_key_of_its_own_that_its_pages_tell(lam: OwnLam, name: str) -> None:
    one, other = Pool(lam, name), Pool(lam, f"{name}-b")
    one.confirmed("ada")

    described = page(f"{lam.url}/{one.id}/.well-known/openid-configuration")
    [key], [another] = (page(f"{lam.url}/{pool.id}/.well-known/jwks.json")["keys"] for pool in (one, other))

    assert described["issuer"] == f"{ISSUER}/{one.id}"
    assert described["jwks_uri"] == f"{lam.url}/{one.id}/.well-known/jwks.json"
    assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
    assert key["n"] != another["n"]
    assert "d" not in key


CHALLENGED = """
if source.startswith("Define"):
    response["challengeName"], response["issueTokens"] = "CUSTOM_CHALLENGE", bool(request["session"])
if source.startswith("Create"):
    response["privateChallengeParameters"] = {"answer": "42"}
if source.startswith("Verify"):
    response["answerCorrect"] = request["challengeAnswer"] == request["privateChallengeParameters"]["answer"]
""".strip()
CUSTOM = ("DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse")


def kill_child(lam: Any) -> None:
    [pid] = [one["pid"] for one in services(lam)["processes"] if one["name"] == "moto"]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not any(one.get("pid") == pid for one in services(lam)["processes"]), "its end to be seen")


def test_codes_sessions_tokens_and_keys_outlive_a_kill_of_either_process(tmp_path: Path) -> None:
    address = "ada@example.com"
    with served(tmp_path, "process") as lam:
        pool = Pool(lam, "hook", CHALLENGED, "PreSignUp", *CUSTOM, AutoVerifiedAttributes=["email"])
        pool.sign_up("ada", attributes={"email": address})
        code = pool.code(address)
        kill_child(lam)
        pool.idp.confirm_sign_up(ClientId=pool.client_id, Username="ada", ConfirmationCode=code)
        told = pool.sign_in("ada")["AuthenticationResult"]
        before = verified(lam.url, pool.id, told["IdToken"])
        flow = {"AuthFlow": "CUSTOM_AUTH", "AuthParameters": {"USERNAME": "ada"}}
        asked = pool.idp.initiate_auth(ClientId=pool.client_id, **flow)
        kill_child(lam)
        assert pool.idp.get_user(AccessToken=told["AccessToken"])["Username"] == "ada"
        lam.end(signal.SIGKILL)

    with served(tmp_path, "process") as lam:
        idp = sdk(lam, "cognito-idp")
        after = verified(lam.url, pool.id, told["IdToken"])
        user = idp.get_user(AccessToken=told["AccessToken"])
        again = idp.initiate_auth(
            ClientId=pool.client_id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": told["RefreshToken"]},
        )["AuthenticationResult"]
        answered = idp.respond_to_auth_challenge(
            ClientId=pool.client_id,
            ChallengeName="CUSTOM_CHALLENGE",
            Session=asked["Session"],
            ChallengeResponses={"USERNAME": "ada", "ANSWER": "42"},
        )["AuthenticationResult"]

        assert before == after
        assert user["Username"] == "ada"
        assert verified(lam.url, pool.id, again["IdToken"])["sub"] == before["sub"]
        assert verified(lam.url, pool.id, answered["IdToken"])["sub"] == before["sub"]
        secret = {"USERNAME": "ada", "PASSWORD": PASSWORD}
        assert idp.initiate_auth(ClientId=pool.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=secret)
