"""Sign-in to Cognito's user pools by a proof of the password, and by a second factor."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from own import OwnLam
from packages import programs_apart
from pools_rig import PASSWORD, Pool, refused
from services_rig import lam

__all__ = ["lam"]

AROUND = ("PreAuthentication", "PostAuthentication", "PreTokenGeneration")
SIGNED_IN = ["PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_Authentication"]
SRP = """
import boto3, json, sys
from pycognito.aws_srp import AWSSRP
url, pool, client, name, password, how = sys.argv[1:]
idp = boto3.client("cognito-idp", endpoint_url=url, region_name="us-east-1", aws_access_key_id="x",
                   aws_secret_access_key="y")
srp = AWSSRP(name, password, pool, client, client=idp)
def custom():
    given = srp.get_auth_params()
    told = given | {"CHALLENGE_NAME": "SRP_A"}
    asked = idp.initiate_auth(ClientId=client, AuthFlow="CUSTOM_AUTH", AuthParameters=told)
    proof = srp.process_challenge(asked["ChallengeParameters"], given)
    asked = idp.respond_to_auth_challenge(ClientId=client, ChallengeName=asked["ChallengeName"],
                                          Session=asked["Session"], ChallengeResponses=proof)
    told = {"USERNAME": name, "ANSWER": "42"}
    return idp.respond_to_auth_challenge(ClientId=client, ChallengeName=asked["ChallengeName"],
                                         Session=asked["Session"], ChallengeResponses=told)
ways = {"plain": srp.authenticate_user, "new": lambda: srp.set_new_password_challenge("Secret-5678"), "custom": custom}
try:
    print(json.dumps(ways[how]()["AuthenticationResult"]))
except idp.exceptions.NotAuthorizedException as error:
    print(json.dumps(error.response["Error"]["Message"]))
"""


@pytest.fixture(scope="module")
def pycognito(pytestconfig: pytest.Config) -> Path:
    """A Python that has a client of SRP by others."""
    return programs_apart(pytestconfig, "pycognito==2024.5.1") / "python"


def respond(pool: Pool, asked: Any, **responses: str) -> Any:
    """To a challenge, as `ada`."""
    return pool.idp.respond_to_auth_challenge(
        ClientId=pool.client_id,
        ChallengeName=asked["ChallengeName"],
        Session=asked["Session"],
        ChallengeResponses={"USERNAME": "ada", **responses},
    )


def proved(python: Path, pool: Pool, password: str, how: str = "plain") -> Any:
    """What a client of others has of it."""
    line = [python, "-c", SRP, pool.lam.url, pool.id, pool.client_id, "ada", password, how]
    return json.loads(subprocess.run(line, capture_output=True, text=True, timeout=120, check=True).stdout)


def app_code(secret: str, now_s: float) -> str:
    """Of an app of codes: RFC 6238."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    digest = hmac.new(key, struct.pack(">Q", int(now_s) // 30), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def test_a_password_is_proved_by_srp_and_never_sent(lam: OwnLam, name: str, pycognito: Path) -> None:
    pool = Pool(lam, name, "pass", *AROUND)
    pool.confirmed("ada")

    wrong, right = proved(pycognito, pool, "Secret-9999"), proved(pycognito, pool, PASSWORD)

    assert wrong == "Incorrect username or password."
    assert pool.idp.get_user(AccessToken=right["AccessToken"])["Username"] == "ada"
    assert pool.sources() == [SIGNED_IN[0], *SIGNED_IN]


def test_so_is_one_that_has_to_be_changed(lam: OwnLam, name: str, pycognito: Path) -> None:
    pool = Pool(lam, name, "pass", *AROUND)
    pool.idp.admin_create_user(UserPoolId=pool.id, Username="ada", TemporaryPassword=PASSWORD, MessageAction="SUPPRESS")

    told = proved(pycognito, pool, PASSWORD, "new")

    assert pool.idp.get_user(AccessToken=told["AccessToken"])["Username"] == "ada"
    assert pool.sources() == [*SIGNED_IN[:2], "TokenGeneration_NewPasswordChallenge"]
    assert pool.sign_in("ada", "Secret-5678")["AuthenticationResult"]


def test_so_is_one_before_challenges_of_functions(lam: OwnLam, name: str, pycognito: Path) -> None:
    body = """
if source.startswith("Define"):
    asked = [(one["challengeName"], one["challengeResult"]) for one in request["session"]]
    response["challengeName"] = ["PASSWORD_VERIFIER", "CUSTOM_CHALLENGE", None][len(asked) - 1]
    response["issueTokens"] = asked == [("SRP_A", True), ("PASSWORD_VERIFIER", True), ("CUSTOM_CHALLENGE", True)]
    response["failAuthentication"] = not all(is_right for _, is_right in asked)
if source.startswith("Verify"):
    response["answerCorrect"] = request["challengeAnswer"] == "42\""""
    pool = Pool(lam, name, body.strip(), "DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse")
    pool.confirmed("ada")

    wrong, right = (proved(pycognito, pool, one, "custom") for one in ("Secret-9999", PASSWORD))

    assert wrong == "Incorrect username or password."
    assert pool.idp.get_user(AccessToken=right["AccessToken"])["Username"] == "ada"


def test_a_code_by_sms_is_the_second_factor(lam: OwnLam, name: str) -> None:
    number = f"+49{int(name[1:], 16) % 10**10:010d}"
    pool = Pool(lam, name, "response['smsMessage'] = 'Here: {####}'", "CustomMessage", *AROUND)
    pool.confirmed("ada", phone_number=number, phone_number_verified="true")
    pool.idp.admin_set_user_mfa_preference(
        UserPoolId=pool.id, Username="ada", SMSMfaSettings={"Enabled": True, "PreferredMfa": True}
    )

    asked = pool.sign_in("ada")
    code = pool.code(number)
    wrong = refused(respond, pool=pool, asked=asked, SMS_MFA_CODE=f"{(int(code) + 1) % 10**6:06d}")
    told = respond(pool, asked, SMS_MFA_CODE=code)

    assert asked["ChallengeName"] == "SMS_MFA"
    assert re.fullmatch(r"Here: [0-9]{6}", pool.sent(number)[-1]["message"])
    assert wrong == ("CodeMismatchException", "Invalid code received for user")
    assert told["AuthenticationResult"]["TokenType"] == "Bearer"
    assert pool.sources() == [SIGNED_IN[0], "CustomMessage_Authentication", *SIGNED_IN[1:]]


def test_so_is_one_of_an_app(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name)
    pool.confirmed("ada")
    token = pool.sign_in("ada")["AuthenticationResult"]["AccessToken"]
    secret = pool.idp.associate_software_token(AccessToken=token)["SecretCode"]
    now_s = lam.clock.now_s()
    code = app_code(secret, now_s)
    other = next(one for one in ("000000", "000001", "000002", "000003") if one not in codes_around(secret, now_s))

    unseen = refused(pool.idp.verify_software_token, AccessToken=token, UserCode=other)
    pool.idp.verify_software_token(AccessToken=token, UserCode=code)
    pool.idp.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True})
    asked = pool.sign_in("ada")
    wrong = refused(respond, pool=pool, asked=asked, SOFTWARE_TOKEN_MFA_CODE=other)
    told = respond(pool, asked, SOFTWARE_TOKEN_MFA_CODE=app_code(secret, lam.clock.now_s()))

    assert unseen[0] == "CodeMismatchException"
    assert asked["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    assert wrong == ("CodeMismatchException", "Invalid code received for user")
    assert told["AuthenticationResult"]["TokenType"] == "Bearer"


def codes_around(secret: str, now_s: float) -> set[str]:
    return {app_code(secret, now_s + 30 * step) for step in range(-3, 4)}


def test_where_a_second_factor_must_be_it_is_set_up_at_sign_in(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name)
    pool.confirmed("ada")
    pool.idp.set_user_pool_mfa_config(
        UserPoolId=pool.id, MfaConfiguration="ON", SoftwareTokenMfaConfiguration={"Enabled": True}
    )

    asked = pool.sign_in("ada")
    early = refused(respond, pool=pool, asked=asked)
    begun = pool.idp.associate_software_token(Session=asked["Session"])
    code = app_code(begun["SecretCode"], lam.clock.now_s())
    seen = pool.idp.verify_software_token(Session=begun["Session"], UserCode=code)
    told = respond(pool, asked | {"Session": seen["Session"]})

    assert (asked["ChallengeName"], json.loads(asked["ChallengeParameters"]["MFAS_CAN_SETUP"])) == (
        "MFA_SETUP", ["SOFTWARE_TOKEN_MFA"]
    )  # fmt: skip
    assert early[0] == "NotAuthorizedException"
    assert told["AuthenticationResult"]["TokenType"] == "Bearer"


def test_who_has_two_factors_and_prefers_none_chooses(lam: OwnLam, name: str) -> None:
    number = f"+49{int(name[1:], 16) % 10**10:010d}"
    pool = Pool(lam, name)
    pool.confirmed("ada", phone_number=number)
    token = pool.sign_in("ada")["AuthenticationResult"]["AccessToken"]
    secret = pool.idp.associate_software_token(AccessToken=token)["SecretCode"]
    pool.idp.verify_software_token(AccessToken=token, UserCode=app_code(secret, lam.clock.now_s()))
    both = {"SMSMfaSettings": {"Enabled": True}, "SoftwareTokenMfaSettings": {"Enabled": True}}
    pool.idp.set_user_mfa_preference(AccessToken=token, **both)

    choice = pool.sign_in("ada")
    asked = respond(pool, choice, ANSWER="SMS_MFA")
    told = respond(pool, asked, SMS_MFA_CODE=pool.code(number))

    assert choice["ChallengeName"] == "SELECT_MFA_TYPE"
    assert json.loads(choice["ChallengeParameters"]["MFAS_CAN_CHOOSE"]) == ["SMS_MFA", "SOFTWARE_TOKEN_MFA"]
    assert asked["ChallengeName"] == "SMS_MFA"
    assert told["AuthenticationResult"]["TokenType"] == "Bearer"
