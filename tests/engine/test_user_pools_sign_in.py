"""Sign-in to Cognito's user pools by boto3: each flow runs the functions that it has, and asks what it should."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from own import OwnLam
from pools_rig import PASSWORD, Pool, refused
from services_rig import lam

__all__ = ["lam"]

AROUND = ("PreAuthentication", "PostAuthentication", "PreTokenGeneration")
SIGNED_IN = ["PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_Authentication"]


def claims(token: str) -> Any:
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def respond(pool: Pool, asked: Any, metadata: Any = None, **responses: str) -> Any:
    """To a challenge, as `ada`."""
    more = {} if metadata is None else {"ClientMetadata": metadata}
    return pool.idp.respond_to_auth_challenge(
        ClientId=pool.client_id,
        ChallengeName=asked["ChallengeName"],
        Session=asked["Session"],
        ChallengeResponses={"USERNAME": "ada", **responses},
        **more,
    )


def custom(pool: Pool, **more: str) -> Any:
    """The first challenge of CUSTOM_AUTH for `ada`."""
    return pool.idp.initiate_auth(
        ClientId=pool.client_id, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": "ada", **more}
    )


@pytest.mark.parametrize("by", ["USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH"])
def test_functions_run_before_and_after_a_password_and_before_tokens(lam: OwnLam, name: str, by: str) -> None:
    pool = Pool(lam, name, "pass", *AROUND)
    pool.confirmed("ada", email="ada@example.com", email_verified="true")
    asked: dict[str, Any] = {"ClientId": pool.client_id, "AuthFlow": by, "ClientMetadata": {"from": "test"}}
    asked["AuthParameters"] = {"USERNAME": "ada", "PASSWORD": PASSWORD}

    if by.startswith("ADMIN"):
        told = pool.idp.admin_initiate_auth(UserPoolId=pool.id, **asked)["AuthenticationResult"]
    else:
        told = pool.idp.initiate_auth(**asked)["AuthenticationResult"]

    user = {
        "sub": pool.attributes("ada")["sub"],
        "cognito:user_status": "CONFIRMED",
        "email": "ada@example.com",
        "email_verified": "true",
    }
    groups: dict[str, Any] = {"groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": None}
    assert [(event["triggerSource"], event["request"], event["response"]) for event in pool.events()] == [
        (SIGNED_IN[0], {"userAttributes": user, "validationData": {"from": "test"}}, {}),
        (SIGNED_IN[1], {"userAttributes": user, "newDeviceUsed": False}, {}),
        (SIGNED_IN[2], {"userAttributes": user, "groupConfiguration": groups}, {"claimsOverrideDetails": None}),
    ]
    assert set(told) == {"AccessToken", "IdToken", "RefreshToken", "ExpiresIn", "TokenType"}
    assert pool.idp.get_user(AccessToken=told["AccessToken"])["Username"] == "ada"


def test_a_function_before_sign_in_keeps_somebody_out(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, "raise ValueError('Not on Sundays')", "PreAuthentication")
    pool.confirmed("ada")

    told = refused(pool.sign_in, name="ada")

    assert told == ("UserLambdaValidationException", "PreAuthentication failed with error Not on Sundays.")


def test_a_wrong_password_runs_no_function_after_it(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, "pass", *AROUND)
    pool.confirmed("ada")

    wrong = refused(pool.sign_in, name="ada", password="Secret-9999")
    nobody = refused(pool.sign_in, name="eve")

    assert wrong == ("NotAuthorizedException", "Incorrect username or password.")
    assert nobody == ("UserNotFoundException", "User does not exist.")
    assert pool.sources() == SIGNED_IN[:1]


def test_nobody_finds_out_who_is_there_where_that_is_hidden(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, "pass", *AROUND, client={"PreventUserExistenceErrors": "ENABLED"})

    told = refused(pool.sign_in, name="eve")

    assert told == ("NotAuthorizedException", "Incorrect username or password.")
    assert [event["request"]["userNotFound"] for event in pool.events()] == [True]


def test_a_flow_that_the_app_does_not_have_is_refused(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, client={"ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"]})
    pool.confirmed("ada")

    told = refused(pool.sign_in, name="ada")

    assert told == ("InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client")


def test_a_refreshed_token_is_asked_of_the_function_and_keeps_the_time_of_sign_in(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, "pass", *AROUND)
    pool.confirmed("ada")
    first = pool.sign_in("ada")["AuthenticationResult"]
    lam.clock.advance(3601)

    over = refused(pool.idp.get_user, AccessToken=first["AccessToken"])
    second = pool.idp.initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": first["RefreshToken"]},
    )["AuthenticationResult"]
    before, after = claims(first["AccessToken"]), claims(second["AccessToken"])
    pool.idp.revoke_token(ClientId=pool.client_id, Token=first["RefreshToken"])
    gone = refused(pool.idp.get_user, AccessToken=second["AccessToken"])

    assert over == ("NotAuthorizedException", "Access Token has expired")
    assert "RefreshToken" not in second
    assert (after["auth_time"], after["origin_jti"]) == (before["auth_time"], before["origin_jti"])
    assert after["iat"] >= before["exp"]
    assert pool.sources() == [*SIGNED_IN, "TokenGeneration_RefreshTokens"]
    assert gone[0] == "NotAuthorizedException"


ASK_TWICE = """
if source.startswith("Define"):
    session = request["session"]
    response["issueTokens"] = len(session) == 2 and all(one["challengeResult"] for one in session)
    response["failAuthentication"] = any(not one["challengeResult"] for one in session)
    response["challengeName"] = "CUSTOM_CHALLENGE"
if source.startswith("Create"):
    number = len(request["session"])
    response["publicChallengeParameters"] = {"question": f"q{number}"}
    response["privateChallengeParameters"] = {"answer": f"a{number}"}
    response["challengeMetadata"] = f"m{number}"
if source.startswith("Verify"):
    response["answerCorrect"] = request["challengeAnswer"] == request["privateChallengeParameters"]["answer"]
""".strip()
CUSTOM = ("DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse")


def test_functions_define_challenges_make_them_and_look_at_the_answers(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, ASK_TWICE, *CUSTOM, *AROUND)
    pool.confirmed("ada")

    first = custom(pool)
    second = respond(pool, first, ANSWER="a0")
    told = respond(pool, second, {"from": "test"}, ANSWER="a1")

    assert first["ChallengeName"] == "CUSTOM_CHALLENGE"
    assert first["ChallengeParameters"] == {"USERNAME": "ada", "question": "q0"}
    assert second["ChallengeParameters"] == {"USERNAME": "ada", "question": "q1"}
    assert first["Session"] != second["Session"]
    assert pool.idp.get_user(AccessToken=told["AuthenticationResult"]["AccessToken"])["Username"] == "ada"
    define, create, verify = (f"{one}_Authentication" for one in CUSTOM)
    rounds = [verify, define, create, verify, define]
    assert pool.sources() == [SIGNED_IN[0], define, create, *rounds, *SIGNED_IN[1:]]
    events = pool.events()
    user = {"sub": pool.attributes("ada")["sub"], "cognito:user_status": "CONFIRMED"}
    went = [
        {"challengeName": "CUSTOM_CHALLENGE", "challengeResult": True, "challengeMetadata": f"m{number}"}
        for number in range(2)
    ]
    assert events[1]["request"] == {"userAttributes": user, "session": []}
    assert events[1]["response"] == dict.fromkeys(("challengeName", "issueTokens", "failAuthentication"))
    assert events[5]["request"] == {
        "userAttributes": user, "challengeName": "CUSTOM_CHALLENGE", "session": went[:1]
    }  # fmt: skip
    assert events[6]["request"] == {
        "userAttributes": user,
        "privateChallengeParameters": {"answer": "a1"},
        "challengeAnswer": "a1",
        "clientMetadata": {"from": "test"},
    }
    assert events[7]["request"]["session"] == went


def test_a_session_is_answered_once_in_its_time_and_by_its_own_app(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, ASK_TWICE, *CUSTOM)
    pool.confirmed("ada")
    invalid = ("NotAuthorizedException", "Invalid session for the user.")

    first = custom(pool)
    second = respond(pool, first, ANSWER="a0")
    again = refused(respond, pool=pool, asked=first, ANSWER="a0")
    other_kind = refused(respond, pool=pool, asked=second | {"ChallengeName": "SMS_MFA"}, SMS_MFA_CODE="1")
    pool.confirmed("eve")
    somebody = refused(respond, pool=pool, asked=second, ANSWER="a1", USERNAME="eve")
    other = pool.idp.create_user_pool_client(
        UserPoolId=pool.id, ClientName="b", ExplicitAuthFlows=["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    )["UserPoolClient"]["ClientId"]
    own, pool.client_id = pool.client_id, other
    elsewhere = refused(respond, pool=pool, asked=second, ANSWER="a1")
    pool.client_id = own
    wrong = refused(respond, pool=pool, asked=second, ANSWER="no")
    third = custom(pool)
    lam.clock.advance(181)
    late = refused(respond, pool=pool, asked=third, ANSWER="a0")

    assert [again, other_kind, somebody, elsewhere] == [invalid] * 4
    assert wrong == ("NotAuthorizedException", "Incorrect username or password.")
    assert late == ("NotAuthorizedException", "Invalid session for the user, session is expired.")


def test_without_its_functions_there_is_no_custom_sign_in(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name)
    pool.confirmed("ada")

    told = refused(custom, pool=pool)

    text = "Custom auth lambda trigger is not configured for the user pool."
    assert told == ("InvalidParameterException", text)


def test_a_user_of_another_directory_comes_in_by_the_first_password(lam: OwnLam, name: str) -> None:
    body = """
if source.startswith("UserMigration") and request["password"] != "Old-Secret-1":
    raise ValueError("no")
response["userAttributes"] = {"email": "ada@example.com", "email_verified": "true"}
response["finalUserStatus"], response["messageAction"] = "CONFIRMED", "SUPPRESS\""""
    pool = Pool(lam, name, body.strip(), "UserMigration", "PostAuthentication")

    wrong = refused(pool.sign_in, name="ada", password="Old-Secret-2")
    first = pool.sign_in("ada", "Old-Secret-1", ClientMetadata={"from": "test"})
    second = pool.sign_in("ada", "Old-Secret-1")

    event = pool.events()[1]
    assert wrong == ("UserNotFoundException", f"Exception migrating user in app client {pool.client_id}")
    assert first["AuthenticationResult"]["AccessToken"] != second["AuthenticationResult"]["AccessToken"]
    assert pool.user("ada")["UserStatus"] == "CONFIRMED"
    assert event["userName"] == "ada"
    assert event["request"] == {"password": "Old-Secret-1", "validationData": {"from": "test"}}
    assert pool.sources() == ["UserMigration_Authentication"] * 2 + ["PostAuthentication_Authentication"] * 2


def test_so_does_one_whose_password_is_forgotten(lam: OwnLam, name: str) -> None:
    address = f"{name}@example.com"
    body = f"response['userAttributes'] = {{'email': '{address}', 'email_verified': True}}"
    pool = Pool(lam, name, body, "UserMigration", "PostConfirmation", LambdaConfig={})

    pool.idp.forgot_password(ClientId=pool.client_id, Username="ada")
    before = refused(pool.sign_in, name="ada")
    given = {"ClientId": pool.client_id, "Username": "ada", "Password": PASSWORD}
    wrong = refused(pool.idp.confirm_forgot_password, **given, ConfirmationCode="none")
    pool.idp.confirm_forgot_password(**given, ConfirmationCode=pool.code(address))

    assert before == ("PasswordResetRequiredException", "Password reset required for the user")
    assert wrong[0] == "CodeMismatchException"
    assert pool.sources() == ["UserMigration_ForgotPassword", "PostConfirmation_ConfirmForgotPassword"]
    assert pool.sign_in("ada")["AuthenticationResult"]
