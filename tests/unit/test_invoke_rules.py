"""Whether a function may be invoked: the rules about an event, and which speaks first.

docs/contract/invoke.md#order-of-checks.
"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from sandbox_rig import VERSION

from lambda_emu.arn import Target
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import PayloadNotJson, RequestTooLarge
from lambda_emu.errors.resources import AccessDenied, FunctionNotFound
from lambda_emu.errors.service import NotBuiltYet
from lambda_emu.invoke.request import InvocationType, InvokeRequest
from lambda_emu.invoke.rules import EventTooLarge, authorize, check, check_served, runnable
from lambda_emu.model.function.durable import Durability, DurableNameRefused, DurableNeedsQualifier
from lambda_emu.model.function.tenancy import TenantIdMissing, TenantIdRefused
from lambda_emu.text.json_text import refusal

DURABLE = {"durable": Durability(60)}
TENANTS = {"tenant_isolation": "PER_TENANT"}
EVENT, DRY_RUN = InvocationType.EVENT, InvocationType.DRY_RUN
LARGE_EVENT, TOO_LARGE = bytes(1024 * 1024 + 1), bytes(6 * 1024 * 1024 + 1)
NOT_JSON = refusal(b"{")


def request(payload: bytes = b"{}", qualifier: str | None = None, **members: Any) -> InvokeRequest:
    return InvokeRequest("id", Target(VERSION.id, qualifier), payload, **members)


@pytest.mark.parametrize(
    ("asked", "function", "refusal"),
    [
        (request(TOO_LARGE, payload_error=NOT_JSON), {}, RequestTooLarge),
        (request(LARGE_EVENT, kind=EVENT, payload_error=NOT_JSON), {}, EventTooLarge),
        (request(payload_error=NOT_JSON), TENANTS, PayloadNotJson),
        (request(kind=EVENT, payload_error=NOT_JSON), TENANTS, PayloadNotJson),
        (request(kind=DRY_RUN, payload_error=NOT_JSON), TENANTS, TenantIdMissing),
        (request(), TENANTS | DURABLE, TenantIdMissing),
        (request(tenant_id="blue", execution_name="x"), {}, TenantIdRefused),
        (request(execution_name="x"), {}, DurableNameRefused),
        (request(execution_name="x"), DURABLE, DurableNeedsQualifier),
    ],
)
def test_the_first_rule_that_is_broken_speaks(
    asked: InvokeRequest, function: dict[str, Any], refusal: type[LambdaError]
) -> None:
    with pytest.raises(refusal):
        check(asked, replace(VERSION, **function))


@pytest.mark.parametrize(
    ("asked", "function"),
    [
        (request(), {}),
        (request(LARGE_EVENT), {}),  # only events have the lower limit
        (request(kind=DRY_RUN, payload_error=NOT_JSON), {}),
        (request(tenant_id="blue"), TENANTS),
        (request(qualifier="1", execution_name="x"), DURABLE),
    ],
)
def test_what_breaks_none_passes(asked: InvokeRequest, function: dict[str, Any]) -> None:
    check(asked, replace(VERSION, **function))


def test_what_nothing_serves_yet_is_refused() -> None:
    with pytest.raises(NotBuiltYet):
        check_served(replace(VERSION, durable=Durability(60)))


def test_another_account_does_not_learn_whether_there_is_such_a_function() -> None:
    with pytest.raises(AccessDenied):
        authorize(None, "111111111111", "lambda:InvokeFunction", Target(VERSION.id))


def test_a_function_that_is_not_there_is_named_as_it_was_asked_for() -> None:
    with pytest.raises(FunctionNotFound, match=r"hello:\$LATEST"):
        runnable(None, Target(VERSION.id), None, 0.0)
