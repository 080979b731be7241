"""Functions that send the messages of a user pool themselves: the code is theirs alone to decrypt, and it is good."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from own import OwnLam
from packages import programs_apart
from pools_rig import PASSWORD, Pool, refused
from services_rig import ACCOUNT, lam, sdk
from waiting import eventually

__all__ = ["lam"]

DECRYPT = """
import base64, json, sys
import aws_encryption_sdk
from aws_encryption_sdk import CommitmentPolicy
client = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
keys = aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(key_ids=[sys.argv[1]])
print(json.dumps([client.decrypt(source=base64.b64decode(one), key_provider=keys)[0].decode() for one in sys.argv[2:]]))
"""


@pytest.fixture(scope="module")
def key(lam: OwnLam) -> str:
    return str(sdk(lam, "kms").create_key()["KeyMetadata"]["Arn"])


@pytest.fixture(scope="module")
def encryption_sdk(pytestconfig: pytest.Config) -> Path:
    """A Python that has AWS's own."""
    return programs_apart(pytestconfig, "aws-encryption-sdk==4.0.4") / "python"


def decrypted(python: Path, lam: OwnLam, key: str, *codes: str) -> list[str]:
    variables = {"AWS_ENDPOINT_URL": lam.url, "AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "any"}
    environ = os.environ | variables | {"AWS_DEFAULT_REGION": "us-east-1"}
    line = [str(python), "-c", DECRYPT, key, *codes]
    done = subprocess.run(line, env=environ, capture_output=True, text=True, timeout=120, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


def senders(name: str, key: str) -> dict[str, Any]:
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"
    one = {"LambdaVersion": "V1_0", "LambdaArn": arn}
    return {"CustomEmailSender": one, "CustomSMSSender": one, "KMSKeyID": key}


def test_functions_that_send_are_told_what_they_alone_can_decrypt(lam: OwnLam, key: str, encryption_sdk: Path) -> None:
    config = senders("sender", key)
    pool = Pool(lam, "sender", "pass", "CustomMessage", LambdaConfig=config, AutoVerifiedAttributes=["email"])
    address, number = "ada@sender.example.com", "+4915200000001"

    pool.sign_up("ada", attributes={"email": address}, ClientMetadata={"lang": "de"})
    pool.idp.admin_create_user(
        UserPoolId=pool.id,
        Username="eve",
        TemporaryPassword=PASSWORD,
        UserAttributes=[{"Name": "phone_number", "Value": number}],
        DesiredDeliveryMediums=["SMS"],
    )
    eventually(lambda: len(pool.events()) == 2, "both events")
    email, sms = sorted(pool.events(), key=lambda event: event["triggerSource"])
    code, password = decrypted(encryption_sdk, lam, key, email["request"]["code"], sms["request"]["code"])
    pool.idp.confirm_sign_up(ClientId=pool.client_id, Username="ada", ConfirmationCode=code)

    assert (email["triggerSource"], sms["triggerSource"]) == (
        "CustomEmailSender_SignUp", "CustomSMSSender_AdminCreateUser"
    )  # fmt: skip
    assert email["request"] == {
        "type": "customEmailSenderRequestV1",
        "code": email["request"]["code"],
        "clientMetadata": {"lang": "de"},
        "userAttributes": email["request"]["userAttributes"],
    }
    assert sms["request"]["type"] == "customSMSSenderRequestV1"
    assert password == PASSWORD
    assert pool.sent(address) == pool.sent(number) == []
    assert pool.user("ada")["UserStatus"] == "CONFIRMED"


def test_without_a_key_nothing_is_sent(lam: OwnLam) -> None:
    config = {name: value for name, value in senders("keyless", "").items() if name != "KMSKeyID"}
    pool = Pool(lam, "keyless", "pass", LambdaConfig=config, AutoVerifiedAttributes=["email"])

    told = refused(pool.sign_up, name="ada")

    assert told == ("InvalidParameterException", "KMSKeyID is required for custom sender Lambda triggers")
