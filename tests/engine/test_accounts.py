"""Functions that callers of another account invoke, and those that callers of another region look for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from lam import Lam, client
from own import EITHER_ENGINE

pytestmark = EITHER_ENGINE

OTHER = "210987654321"
SAYS = "def handler(event, context):\n    return context.invoked_function_arn\n"


@pytest.fixture
def lent(lam: Lam) -> str:
    """The ARN of a function that account OTHER may invoke, and do nothing else with."""
    lam.create("says", SAYS)
    action: Any = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": OTHER}
    lam.client.add_permission(FunctionName="says", **action)
    return str(lam.client.get_function_configuration(FunctionName="says")["FunctionArn"])


@pytest.fixture
def theirs(lam: Lam) -> Iterator[Lam]:
    made = Lam(lam.emulator, access_key=OTHER)
    yield made
    made.close()


@pytest.mark.parametrize("size", [2, 100_000], ids=["small", "large"])
def test_a_function_runs_for_the_account_that_its_policy_names(lent: str, theirs: Lam, size: int) -> None:
    assert theirs.invoke(lent, "x" * size).payload == lent


def test_it_runs_for_no_other_and_does_nothing_else(lam: Lam, lent: str, theirs: Lam) -> None:
    third = client(lam.emulator.url, "333333333333")

    for refused in (
        lambda: third.invoke(FunctionName=lent),
        lambda: theirs.invoke(f"{lent}:$LATEST"),
        lambda: theirs.client.get_function(FunctionName=lent),
    ):
        with pytest.raises(ClientError) as error:
            refused()
        assert error.value.response["Error"]["Code"] == "AccessDeniedException"


def test_an_invocation_by_the_arn_of_another_account_is_told_whose_that_is(lam: Lam, lent: str) -> None:
    with pytest.raises(ClientError) as error:
        client(lam.emulator.url).invoke(FunctionName=lent.replace("000000000000", "123456789012"))

    assert error.value.response["Error"]["Code"] == "AccessDeniedException"
    assert error.value.response["ResponseMetadata"]["HTTPHeaders"]["x-lambda-emu-hint"] == (
        "the name is of account 123456789012, and the caller's credentials mean account 000000000000; "
        "there is a function says in that of the caller"
    )


def test_events_of_the_other_account_are_taken(lent: str, theirs: Lam) -> None:
    assert theirs.invoke(lent, {}, InvocationType="Event").status == 202


def test_an_invocation_in_another_region_is_told_where_the_function_is(lam: Lam, lent: str) -> None:
    there = client(lam.emulator.url, region="eu-west-1")

    with pytest.raises(ClientError) as error:
        there.invoke(FunctionName="says", Payload=json.dumps({}))

    assert error.value.response["Error"] == {
        "Code": "ResourceNotFoundException",
        "Message": f"Function not found: {lent.replace('us-east-1', 'eu-west-1')}:$LATEST",
    }
    hint = error.value.response["ResponseMetadata"]["HTTPHeaders"]["x-lambda-emu-hint"]
    assert hint.endswith("there is one in region us-east-1 of account 000000000000")
