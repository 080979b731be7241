"""Messages of Cognito's user pools: in whose words, to whom, and that the code in them is the one that is good."""

from __future__ import annotations

from typing import Any

import pytest
from own import OwnLam
from pools_rig import PASSWORD, Pool, refused
from services_rig import lam

__all__ = ["lam"]

WORDS = """
if source.startswith("CustomMessage"):
    response["emailSubject"] = source
    response["emailMessage"] = (request["usernameParameter"] or "") + " by " + request["codeParameter"]
""".strip()


def test_each_message_is_in_the_words_of_the_function_and_its_code_is_good(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, WORDS, "CustomMessage", AutoVerifiedAttributes=["email"])
    first, second = f"{name}@example.com", f"{name}@example.org"
    told = {"ClientId": pool.client_id, "Username": "ada"}

    pool.sign_up("ada", attributes={"email": first}, ClientMetadata={"lang": "de"})
    old = pool.code(first)
    pool.idp.resend_confirmation_code(**told)
    stale = refused(pool.idp.confirm_sign_up, **told, ConfirmationCode=old) if old != pool.code(first) else None
    pool.idp.confirm_sign_up(**told, ConfirmationCode=pool.code(first))
    pool.idp.forgot_password(**told)
    pool.idp.confirm_forgot_password(**told, ConfirmationCode=pool.code(first), Password=f"{PASSWORD}5")
    token = pool.sign_in("ada", f"{PASSWORD}5")["AuthenticationResult"]["AccessToken"]
    new = [{"Name": "email", "Value": second}]
    [way] = pool.idp.update_user_attributes(AccessToken=token, UserAttributes=new)["CodeDeliveryDetailsList"]
    unverified = pool.attributes("ada")["email_verified"]
    pool.idp.get_user_attribute_verification_code(AccessToken=token, AttributeName="email")
    pool.idp.verify_user_attribute(AccessToken=token, AttributeName="email", Code=pool.code(second))

    assert stale in (None, ("CodeMismatchException", "Invalid verification code provided, please try again."))
    assert [one["subject"] for one in pool.sent(first)] == [
        "CustomMessage_SignUp", "CustomMessage_ResendCode", "CustomMessage_ForgotPassword"
    ]  # fmt: skip
    assert [one["subject"] for one in pool.sent(second)] == [
        "CustomMessage_UpdateUserAttribute", "CustomMessage_VerifyUserAttribute"
    ]  # fmt: skip
    assert pool.sent(first)[0]["message"] == f" by {old}"
    assert (way["DeliveryMedium"], way["AttributeName"], unverified) == ("EMAIL", "email", "false")
    assert pool.attributes("ada")["email_verified"] == "true"
    event = pool.events()[0]
    assert event["request"] == {
        "userAttributes": event["request"]["userAttributes"],
        "codeParameter": "{####}",
        "linkParameter": "{##Click Here##}",
        "usernameParameter": None,
        "clientMetadata": {"lang": "de"},
    }
    assert event["response"] == {"smsMessage": None, "emailMessage": None, "emailSubject": None}


def test_an_invitation_has_a_place_for_the_name(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, WORDS, "CustomMessage")
    address = f"{name}@example.com"

    pool.idp.admin_create_user(
        UserPoolId=pool.id,
        Username="ada",
        TemporaryPassword=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": address}],
    )

    [sent] = pool.sent(address)
    assert (sent["subject"], sent["message"]) == ("CustomMessage_AdminCreateUser", f"ada by {PASSWORD}")


def test_words_without_a_place_for_the_code_are_not_sent(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, "response['emailMessage'] = 'Welcome'", "CustomMessage", AutoVerifiedAttributes=["email"])
    address = f"{name}@example.com"

    pool.sign_up("ada", attributes={"email": address})

    assert pool.sent(address)[0]["message"] == f"Your verification code is {pool.code(address)}. "


def test_a_function_of_messages_that_fails_is_told(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, "raise ValueError('no words')", "CustomMessage", AutoVerifiedAttributes=["email"])

    told = refused(pool.sign_up, name="ada")

    assert told == ("UserLambdaValidationException", "CustomMessage failed with error no words.")
    assert pool.user("ada")["UserStatus"] == "UNCONFIRMED"


@pytest.mark.parametrize(
    ("settings", "subject", "message"),
    [
        ({"EmailVerificationSubject": "Hi", "EmailVerificationMessage": "Take {####}."}, "Hi", "Take {code}."),
        (
            {"VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE", "EmailSubject": "S",
                                             "EmailMessage": "M {####}"}},
            "S", "M {code}",
        ),
        (
            {"VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_LINK", "EmailSubjectByLink": "L",
                                             "EmailMessageByLink": "Please {##click##}"}},
            "L", "Please click ({code})",
        ),
    ],
)  # fmt: skip
def test_a_pool_has_words_of_its_own(lam: OwnLam, name: str, settings: Any, subject: str, message: str) -> None:
    pool = Pool(lam, name, AutoVerifiedAttributes=["email"], **settings)
    address = f"{name}@example.com"

    pool.sign_up("ada", attributes={"email": address})

    [sent] = pool.sent(address)
    assert (sent["subject"], sent["message"]) == (subject, message.replace("{code}", pool.code(address)))


def test_a_telephone_number_goes_before_an_address_and_a_reset_asks_for_a_verified_one(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, AutoVerifiedAttributes=["email", "phone_number"])
    address, number = f"{name}@example.com", f"+49{int(name[1:], 16) % 10**10:010d}"

    way = pool.sign_up("ada", attributes={"email": address, "phone_number": number})["CodeDeliveryDetails"]
    early = refused(pool.idp.forgot_password, ClientId=pool.client_id, Username="ada")
    pool.idp.admin_confirm_sign_up(UserPoolId=pool.id, Username="ada")
    verified = [{"Name": "email_verified", "Value": "true"}]
    pool.idp.admin_update_user_attributes(UserPoolId=pool.id, Username="ada", UserAttributes=verified)
    pool.idp.admin_reset_user_password(UserPoolId=pool.id, Username="ada")
    must = refused(pool.sign_in, name="ada")

    assert way["DeliveryMedium"] == "SMS"
    assert way["Destination"] == f"+{'*' * 8}{number[-4:]}"
    assert early[0] == "InvalidParameterException"
    assert must[0] == "PasswordResetRequiredException"
    assert len(pool.sent(number)) == len(pool.sent(address)) == 1


def test_a_code_is_good_for_the_address_that_it_was_sent_to(lam: OwnLam, name: str) -> None:
    pool = Pool(lam, name, AutoVerifiedAttributes=["email"])
    first, second = f"{name}@example.com", f"{name}@example.org"
    pool.sign_up("ada", attributes={"email": first})
    code = pool.code(first)
    changed = [{"Name": "email", "Value": second}]

    pool.idp.admin_update_user_attributes(UserPoolId=pool.id, Username="ada", UserAttributes=changed)
    told = refused(pool.idp.confirm_sign_up, ClientId=pool.client_id, Username="ada", ConfirmationCode=code)

    assert told == ("ExpiredCodeException", "Invalid code provided, please request a code again.")
    assert pool.attributes("ada")["email_verified"] == "false"
