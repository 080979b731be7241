"""Invoking a durable function, which nothing runs yet, on every engine. docs/contract/invoke.md#durable-functions."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from lam import Lam
from own import EITHER_ENGINE

pytestmark = EITHER_ENGINE

CODE = "def handler(event, context):\n    return 1\n"
DURABLE: dict[str, Any] = {"DurableConfig": {"ExecutionTimeout": 60}}
UNQUALIFIED = "You cannot invoke a durable function using an unqualified ARN."
NOT_BUILT = "The execution of durable functions is not built into lambda-emu yet"


@pytest.mark.parametrize("kind", ["RequestResponse", "Event"])
@pytest.mark.parametrize(
    ("config", "params", "code", "text"),
    [
        (DURABLE, {}, "InvalidParameterValueException", UNQUALIFIED),
        (DURABLE, {"Qualifier": "$LATEST"}, "NotImplementedException", NOT_BUILT),
        (
            {},
            {"DurableExecutionName": "name"},
            "InvalidParameterValueException",
            "DurableExecutionName is only supported for functions with DurableConfig.",
        ),
    ],
    ids=["unqualified", "qualified", "not durable"],
)
def test_an_invocation_that_cannot_be_says_why(
    lam: Lam, kind: str, config: dict[str, Any], params: dict[str, str], code: str, text: str
) -> None:
    lam.create("function", CODE, **config)

    with pytest.raises(ClientError) as refused:
        lam.invoke("function", {}, InvocationType=kind, **params)

    assert refused.value.response["Error"] == {"Code": code, "Message": text}


def test_a_dry_run_only_looks_at_the_request(lam: Lam) -> None:
    lam.create("function", CODE, **DURABLE)

    assert lam.invoke("function", InvocationType="DryRun", Qualifier="$LATEST").status == 204
    with pytest.raises(ClientError, match=UNQUALIFIED):
        lam.invoke("function", InvocationType="DryRun")
