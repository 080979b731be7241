"""What an event invoke configuration becomes by each request, and where events may go.

docs/contract/api.md#event-invoke-configurations.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from store_rig import function_id

from lambda_emu.arn import Target
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.function.event_invoke import (
    DestinationConfigInvalid,
    DestinationInvalid,
    DestinationIsItself,
    EventInvokeConfig,
    NothingForEvents,
    check_destinations,
    check_given,
)

F = function_id("f")
G = function_id("g")
NEW = EventInvokeConfig(0)

DESTINATIONS = st.sampled_from([{}, {"Destination": ""}, {"Destination": "arn:aws:sqs:us-east-1:123456789012:q"}])
REQUESTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "MaximumRetryAttempts": st.integers(0, 2),
        "MaximumEventAgeInSeconds": st.integers(60, 21_600),
        "DestinationConfig": st.fixed_dictionaries({}, optional={"OnSuccess": DESTINATIONS, "OnFailure": DESTINATIONS}),
    },
)


@given(REQUESTS, REQUESTS)
def test_an_update_after_a_put_is_a_put_of_both(put: dict[str, Any], update: dict[str, Any]) -> None:
    assert NEW.merge(put, 1).merge(update, 2) == NEW.merge(put | update, 2)


@given(REQUESTS)
def test_an_update_made_twice_changes_nothing_but_its_time(update: dict[str, Any]) -> None:
    once = NEW.merge(update, 1)

    assert once.merge(update, 1) == once
    assert once.merge({}, 2) == replace(once, last_modified_s=2)


@given(REQUESTS)
def test_any_member_is_enough_even_an_empty_one(request: dict[str, Any]) -> None:
    if request:
        check_given(request)
    else:
        with pytest.raises(NothingForEvents):
            check_given(request)


ALLOWED = None


@pytest.mark.parametrize(
    ("arn", "on_success", "on_failure"),
    [
        ("arn:aws:sqs:us-east-1:123456789012:q", ALLOWED, ALLOWED),
        ("arn:aws:sns:us-east-1:123456789012:t", ALLOWED, ALLOWED),
        ("arn:aws:events:us-east-1:123456789012:event-bus/default", ALLOWED, ALLOWED),
        ("arn:aws:s3:::bucket", DestinationConfigInvalid, ALLOWED),
        ("arn:aws:iam::123456789012:role/r", DestinationConfigInvalid, DestinationConfigInvalid),
        ("kafka://topic", DestinationConfigInvalid, DestinationConfigInvalid),
        ("", ALLOWED, ALLOWED),
        (G.arn(), ALLOWED, ALLOWED),
        (G.arn("1"), ALLOWED, ALLOWED),
        (function_id("nope").arn(), DestinationInvalid, DestinationInvalid),
        ("arn:aws:lambda:eu-west-1:123456789012:function:g", DestinationInvalid, DestinationInvalid),
        ("arn:aws:lambda:::function:g", DestinationInvalid, DestinationInvalid),
        (F.arn(), DestinationIsItself, DestinationIsItself),
        (F.arn("live"), DestinationIsItself, DestinationIsItself),
    ],
)
def test_events_may_go_to_what_takes_them(
    arn: str, on_success: type[LambdaError] | None, on_failure: type[LambdaError] | None
) -> None:
    assert refusal({"OnSuccess": {"Destination": arn}}) is on_success
    assert refusal({"OnFailure": {"Destination": arn}}) is on_failure


def refusal(destinations: dict[str, Any]) -> type[LambdaError] | None:
    def exists(target: Target) -> bool:
        return target.id in (F, G)

    try:
        check_destinations(F, {"DestinationConfig": destinations}, exists)
    except LambdaError as error:
        return type(error)
    return None
