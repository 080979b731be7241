"""Which requests AWS takes from who signs nothing: those that botocore's models say."""

from __future__ import annotations

import pytest
from api_rig import asked
from botocore.session import Session

from lambda_emu.services.unsigned import ACTIONS, TARGETS, may_be_unsigned

TARGET_OF = {"cognito-idp": "AWSCognitoIdentityProviderService", "cognito-identity": "AWSCognitoIdentityService"}
JSON_SERVICES = (*TARGET_OF, "dynamodb", "events", "kinesis", "kms", "logs", "secretsmanager", "sqs", "ssm")


def unsigned_operations(service: str) -> set[str]:
    model = Session().get_service_model(service)
    return {
        name
        for name in model.operation_names
        if model.operation_model(name).auth_type == "none" or model.operation_model(name).auth == ["smithy.api#noAuth"]
    }


def test_targets_are_those_of_the_models() -> None:
    found = {f"{TARGET_OF.get(one, one)}.{name}".encode() for one in JSON_SERVICES for name in unsigned_operations(one)}

    assert found == TARGETS


def test_actions_are_those_of_the_models_and_links_in_messages() -> None:
    found = {name for one in ("sts", "iam", "sns", "ses") for name in unsigned_operations(one)}

    assert found | {"ConfirmSubscription", "Unsubscribe"} == set(ACTIONS)


@pytest.mark.parametrize(
    ("request_", "headers"),
    [
        ("POST /", {"X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth"}),
        ("GET /?Action=ConfirmSubscription&Token=a", {}),
        ("GET /us-east-1_abc/.well-known/jwks.json", {}),
    ],
)
def test_they_are_known(request_: str, headers: dict[str, str]) -> None:
    assert may_be_unsigned(asked(request_, headers=headers))


@pytest.mark.parametrize(
    ("request_", "headers"),
    [
        ("POST /", {"X-Amz-Target": "AWSCognitoIdentityProviderService.AdminGetUser"}),
        ("GET /?Action=AssumeRole", {}),
        ("GET /?Action=UnsubscribeAll", {}),
        ("GET /?Actions=Unsubscribe", {}),
        ("POST /?Action=Unsubscribe", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}),
        ("GET /?Action=ListTopics&%41ction=Unsubscribe", {}),
        ("POST /restapis?Action=Unsubscribe", {}),
        ("GET /any/.well-known/jwks.json", {}),
    ],
)
def test_others_are_not(request_: str, headers: dict[str, str]) -> None:
    assert not may_be_unsigned(asked(request_, headers=headers))


def test_a_form_of_another_kind_is_not_looked_at() -> None:
    form = b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15"

    assert may_be_unsigned(asked("POST /", form, {"Content-Type": "application/x-www-form-urlencoded"}))
    assert not may_be_unsigned(asked("POST /", form, {"Content-Type": "text/plain"}))
