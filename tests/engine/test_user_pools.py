"""Sign-up in Cognito's user pools by boto3: the functions that run meanwhile, and the codes that people are sent."""

from __future__ import annotations

import pytest
from own import OwnLam
from pools_rig import PASSWORD, Pool, refused
from services_rig import lam, sdk

__all__ = ["lam"]


def test_a_function_before_sign_up_is_told_as_on_aws_and_may_confirm_at_once(lam: OwnLam, name: str) -> None:
    body = "response.update({'autoConfirmUser': source == 'PreSignUp_SignUp', 'autoVerifyEmail': True})"
    pool = Pool(lam, name, body, "PreSignUp", "PostConfirmation")

    told = pool.sign_up("ada", ValidationData=[{"Name": "invited", "Value": "yes"}], ClientMetadata={"from": "test"})

    before, after = pool.events()
    assert told["UserConfirmed"] is True
    assert before == {
        "version": "1",
        "region": "us-east-1",
        "userPoolId": pool.id,
        "userName": "ada",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": pool.client_id},
        "triggerSource": "PreSignUp_SignUp",
        "request": {
            "userAttributes": {"email": "ada@example.com"},
            "validationData": {"invited": "yes"},
            "clientMetadata": {"from": "test"},
        },
        "response": {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False},
    }
    assert after["triggerSource"] == "PostConfirmation_ConfirmSignUp"
    assert after["request"] == {
        "userAttributes": {
            "sub": told["UserSub"],
            "cognito:user_status": "CONFIRMED",
            "email": "ada@example.com",
            "email_verified": "true",
        },
        "clientMetadata": {"from": "test"},
    }
    assert after["response"] == {}
    assert pool.user("ada")["UserStatus"] == "CONFIRMED"
    assert pool.attributes("ada")["email_verified"] == "true"


def test_what_a_function_raises_is_told_and_nobody_is_signed_up(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, "raise ValueError('Not from there')", "PreSignUp")

    told = refused(pool.sign_up, name="ada")

    assert told == ("UserLambdaValidationException", "PreSignUp failed with error Not from there.")
    assert pool.idp.list_users(UserPoolId=pool.id)["Users"] == []


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("return None", "Unrecognizable lambda output"),
        ("return {'response': 'yes'}", "Unrecognizable lambda output"),
        ("response['autoConfirmUser'] = 'yes'", "Invalid lambda function output : Invalid JSON"),
    ],
)
def test_an_answer_that_is_none_is_refused(lam: OwnLam, name: str, answer: str, text: str) -> None:
    pool = Pool(lam, name, answer, "PreSignUp")

    assert refused(pool.sign_up, name="ada") == ("InvalidLambdaResponseException", text)


@pytest.mark.slow
def test_a_function_has_five_seconds_and_two_more_tries(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, "time.sleep(6)", "PreSignUp")

    told = refused(pool.sign_up, name="ada")

    error = "PreSignUp invocation failed due to error Socket timeout while invoking Lambda function."
    assert told == ("UnexpectedLambdaException", error)
    assert pool.sources() == ["PreSignUp_SignUp"] * 3


def test_a_second_try_that_is_quick_enough_counts(lam: OwnLam, name: str) -> None:
    sdk(lam, "s3").create_bucket(Bucket=name)
    body = f"""
try:
    ask("s3", "/{name}/seen")
except urllib.error.HTTPError:
    ask("s3", "/{name}/seen", {{}}, "PUT")
    time.sleep(6)"""
    pool = Pool(lam, name, body.strip(), "PreSignUp")

    assert pool.sign_up("ada")["UserConfirmed"] is False
    assert pool.sources() == ["PreSignUp_SignUp"] * 2


def test_a_function_that_does_not_let_cognito_run_it_is_not_run(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, "pass", "PreSignUp")
    lam.client.remove_permission(FunctionName=name, StatementId="cognito")

    denied = refused(pool.sign_up, name="ada")
    lam.client.delete_function(FunctionName=name)
    gone = refused(pool.sign_up, name="ada")

    text = "PreSignUp invocation failed due to error {}."
    assert denied == ("UnexpectedLambdaException", text.format("AccessDeniedException"))
    assert gone == ("UnexpectedLambdaException", text.format("ResourceNotFoundException"))


def test_only_the_code_that_was_sent_confirms(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, "pass", "PostConfirmation", AutoVerifiedAttributes=["email"])
    address = f"{name}@example.com"

    told = pool.sign_up("ada", attributes={"email": address})
    code = pool.code(address)
    other = f"{(int(code) + 1) % 10**6:06d}"
    confirm = {"ClientId": pool.client_id, "Username": "ada"}
    wrong = refused(pool.idp.confirm_sign_up, **confirm, ConfirmationCode=other)
    before = refused(pool.sign_in, name="ada")
    pool.idp.confirm_sign_up(**confirm, ConfirmationCode=code)
    again = refused(pool.idp.confirm_sign_up, **confirm, ConfirmationCode=code)

    assert told["CodeDeliveryDetails"] == {
        "Destination": f"{name[0]}***@e***",
        "DeliveryMedium": "EMAIL",
        "AttributeName": "email",
    }
    assert wrong == ("CodeMismatchException", "Invalid verification code provided, please try again.")
    assert before == ("UserNotConfirmedException", "User is not confirmed.")
    assert again == ("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
    assert pool.sources() == ["PostConfirmation_ConfirmSignUp"]
    assert pool.attributes("ada")["email_verified"] == "true"
    assert pool.sign_in("ada")["AuthenticationResult"]["TokenType"] == "Bearer"


def test_a_code_is_good_for_a_day_and_five_tries(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, AutoVerifiedAttributes=["email"])
    addresses = [f"{name}{number}@example.com" for number in range(2)]
    for number, address in enumerate(addresses):
        pool.sign_up(f"u{number}", attributes={"email": address})
    codes = [pool.code(address) for address in addresses]
    other = next(one for one in ("000000", "000001") if one != codes[0])

    def confirm(user: str, code: str) -> tuple[str, str]:
        return refused(pool.idp.confirm_sign_up, ClientId=pool.client_id, Username=user, ConfirmationCode=code)

    tries = [confirm("u0", other)[0] for _ in range(5)]
    after = confirm("u0", codes[0])
    lam.clock.advance(24 * 3600 + 1)
    late = confirm("u1", codes[1])
    again = pool.idp.resend_confirmation_code(ClientId=pool.client_id, Username="u0")
    pool.idp.confirm_sign_up(ClientId=pool.client_id, Username="u0", ConfirmationCode=pool.code(addresses[0]))

    assert tries == ["CodeMismatchException"] * 5
    assert after == ("LimitExceededException", "Attempt limit exceeded, please try after some time.")
    assert late == ("ExpiredCodeException", "Invalid code provided, please request a code again.")
    assert again["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"


def test_a_function_that_runs_after_confirmation_may_change_the_user(lam: OwnLam, name: str) -> None:
    body = """
asked = {"UserPoolId": event["userPoolId"], "Username": event["userName"], "GroupName": "members"}
ask("cognito-idp", "/", asked, target="AWSCognitoIdentityProviderService.AdminAddUserToGroup")"""
    pool = Pool(lam, name, body.strip(), "PostConfirmation")
    pool.idp.create_group(UserPoolId=pool.id, GroupName="members")
    pool.sign_up("ada")

    pool.idp.admin_confirm_sign_up(UserPoolId=pool.id, Username="ada")

    groups = pool.idp.admin_list_groups_for_user(UserPoolId=pool.id, Username="ada")["Groups"]
    assert [one["GroupName"] for one in groups] == ["members"]
    [event] = pool.events()
    assert event["callerContext"]["clientId"] == "CLIENT_ID_NOT_APPLICABLE"


def test_who_is_confirmed_stays_so_when_the_function_after_it_fails(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, "raise ValueError('no')", "PostConfirmation")
    pool.sign_up("ada")

    told = refused(pool.idp.admin_confirm_sign_up, UserPoolId=pool.id, Username="ada")

    assert told == ("UserLambdaValidationException", "PostConfirmation failed with error no.")
    assert pool.user("ada")["UserStatus"] == "CONFIRMED"


def test_whom_an_administrator_makes_is_invited_with_a_password_to_change(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, "response['autoVerifyEmail'] = True", "PreSignUp", "PreTokenGeneration")
    address = f"{name}@example.com"

    made = pool.idp.admin_create_user(
        UserPoolId=pool.id,
        Username="ada",
        UserAttributes=[{"Name": "email", "Value": address}],
        DesiredDeliveryMediums=["EMAIL"],
    )["User"]
    [sent] = pool.sent(address)
    password = sent["message"].strip().removesuffix(".").rpartition(" ")[2]
    asked = pool.sign_in("ada", password)
    told = pool.idp.respond_to_auth_challenge(
        ClientId=pool.client_id,
        ChallengeName=asked["ChallengeName"],
        Session=asked["Session"],
        ChallengeResponses={"USERNAME": "ada", "NEW_PASSWORD": PASSWORD, "userAttributes.name": "Ada"},
    )

    assert (made["UserStatus"], made["Enabled"]) == ("FORCE_CHANGE_PASSWORD", True)
    assert sent["subject"] == "Your temporary password"
    assert asked["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert asked["ChallengeParameters"]["USER_ID_FOR_SRP"] == "ada"
    assert told["AuthenticationResult"]["ExpiresIn"] == 3600
    assert pool.sources() == ["PreSignUp_AdminCreateUser", "TokenGeneration_NewPasswordChallenge"]
    assert pool.attributes("ada") | {"sub": "x"} == {
        "sub": "x", "email": address, "email_verified": "true", "name": "Ada"
    }  # fmt: skip
    assert refused(pool.sign_in, name="ada", password=password)[0] == "NotAuthorizedException"


def test_users_who_are_known_by_their_address_have_their_sub_for_a_name(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, "response['autoConfirmUser'] = True", "PreSignUp", UsernameAttributes=["email"])
    address = f"{name}@example.com"

    told = pool.sign_up(address, attributes={})
    pool.sign_in(address)
    twice = refused(pool.sign_up, name=address)
    odd = refused(pool.sign_up, name="ada")

    assert [event["userName"] for event in pool.events()] == [told["UserSub"]]
    assert pool.user(address)["Username"] == told["UserSub"]
    assert twice == ("UsernameExistsException", "User already exists")
    assert odd == ("InvalidParameterException", "Username should be an email.")


def test_a_password_that_the_policy_does_not_want_is_refused(lam: OwnLam, name: str) -> None:
    policy = {"PasswordPolicy": {"MinimumLength": 10, "RequireNumbers": True}}
    pool = Pool(lam, name, Policies=policy)

    short, plain = (refused(pool.sign_up, name="ada", password=one)[1] for one in ("Secret-1", "Secret-Secret"))

    assert short == "Password did not conform with policy: Password not long enough"
    assert plain == "Password did not conform with policy: Password must have numeric characters"


def test_accounts_do_not_see_each_others_pools(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name)
    other = sdk(lam, "cognito-idp", "999999999999")

    told = refused(other.admin_create_user, UserPoolId=pool.id, Username="eve")

    assert told == ("ResourceNotFoundException", f"User pool {pool.id} does not exist.")
