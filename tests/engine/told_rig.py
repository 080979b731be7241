"""Services around Lambda, and functions that say what they were told of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from own import OwnLam, own_emulator
from services_rig import ACCOUNT, sdk
from waiting import Eventually

TELL = """
import json, urllib.request, os
def handler(event, context):
    asked = urllib.request.Request(
        os.environ["AWS_ENDPOINT_URL"] + "/heard/" + os.environ["KEY"], json.dumps(event).encode(), method="PUT",
        headers={"Authorization": f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/20260101/us-east-1/s3"
                 "/aws4_request, SignedHeaders=host, Signature=x", "Content-Type": "application/json"})
    urllib.request.urlopen(asked, timeout=9).close()
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("services"), "process", stems=0, account=ACCOUNT) as lam:
        sdk(lam, "s3").create_bucket(Bucket="heard")
        yield lam


def create(lam: OwnLam, name: str, code: str) -> str:
    """A function that knows the port; its ARN."""
    url = lam.emulator.url
    variables = {"AWS_ENDPOINT_URL": url, "KEY": name}
    lam.create(name, code, Environment={"Variables": variables}, Timeout=60, MemorySize=1769)
    arn: str = lam.client.get_function_configuration(FunctionName=name)["FunctionArn"]
    return arn


def heard(lam: OwnLam, name: str, eventually: Eventually) -> Any:
    """The event that the function `name` of TELL was given."""
    s3 = sdk(lam, "s3")

    def look() -> Any:
        found = s3.list_objects_v2(Bucket="heard", Prefix=name).get("Contents")
        return found and json.load(s3.get_object(Bucket="heard", Key=name)["Body"])

    event = eventually(look, f"an event of {name}")
    s3.delete_object(Bucket="heard", Key=name)
    return event


def notify(lam: OwnLam, bucket: str, arn: str, event: str, prefix: str = "") -> Any:
    s3 = sdk(lam, "s3")
    s3.create_bucket(Bucket=bucket)
    told: dict[str, Any] = {"Id": "told", "LambdaFunctionArn": arn, "Events": [event]}
    if prefix:
        told["Filter"] = {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}}
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [told]}
    )
    return s3
