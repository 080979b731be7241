"""Invoking functions on Managed Instances, which nothing runs yet, on every engine.

docs/contract/invoke.md#order-of-checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from lam import ROLE, Lam
from own import EITHER_ENGINE

pytestmark = EITHER_ENGINE

CODE = "def handler(event, context):\n    return 1\n"
PUBLISHED: dict[str, Any] = {"Publish": True, "PublishTo": "LATEST_PUBLISHED"}
NOT_BUILT = "The execution of functions on Managed Instances is not built into lambda-emu yet"
KINDS = ("RequestResponse", "Event")


@pytest.fixture
def on_instances(lam: Lam) -> Iterator[dict[str, Any]]:
    """What makes a function one on Managed Instances, until the test ends."""
    provider = lam.client.create_capacity_provider(
        CapacityProviderName="provider",
        VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        PermissionsConfig={"CapacityProviderOperatorRoleArn": ROLE},
    )
    arn = provider["CapacityProvider"]["CapacityProviderArn"]
    config = {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": arn}}
    yield {"CapacityProviderConfig": config, "Runtime": "python3.13"}
    lam.close()
    lam.client.delete_capacity_provider(CapacityProviderName="provider")


@pytest.mark.parametrize("kind", [*KINDS, "DryRun"])
def test_a_function_that_was_never_published_says_so(lam: Lam, on_instances: dict[str, Any], kind: str) -> None:
    lam.create("function", CODE, **on_instances)

    with pytest.raises(ClientError) as refused:
        lam.invoke("function", {}, InvocationType=kind)

    assert refused.value.response["Error"]["Code"] == "NoPublishedVersionException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize("params", [{}, {"Qualifier": "$LATEST.PUBLISHED"}], ids=["unqualified", "qualified"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_published_one_says_that_nothing_runs_there(
    lam: Lam, on_instances: dict[str, Any], kind: str, params: dict[str, str]
) -> None:
    lam.create("function", CODE, **on_instances, **PUBLISHED)

    with pytest.raises(ClientError) as refused:
        lam.invoke("function", {}, InvocationType=kind, **params)

    assert refused.value.response["Error"] == {"Code": "NotImplementedException", "Message": NOT_BUILT}
    assert lam.environments("function") == []


def test_a_version_becomes_active_without_an_environment(lam: Lam, on_instances: dict[str, Any]) -> None:
    lam.create("function", CODE, **on_instances)

    lam.client.publish_version(FunctionName="function")

    lam.client.get_waiter("published_version_active").wait(
        FunctionName="function", Qualifier="1", WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    with pytest.raises(ClientError, match=NOT_BUILT):
        lam.invoke("function", {}, Qualifier="1")
