"""Whatever is sent to Scheduler is answered, never with an error of the server's; what it took can be read again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from api_rig import signed
from ground_rig import ACCOUNT, REGION
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scheduler_rig import TARGET, Scheduler, serving

_TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["default", "a", "rate(1 hour)", "cron(0 9 ? * L *)", "at(2030-01-01T00:00:00)", "\ud800", "\0"]),
    st.sampled_from(["UTC", "../etc", "FLEXIBLE", "OFF", "DELETE", f"arn:aws:sqs:{REGION}:{ACCOUNT}:q", "x" * 5000]),
)
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 2**70), st.floats(allow_nan=False), _TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXTS, inner, max_size=3)),
    max_leaves=5,
)
_TIMES = st.one_of(st.floats(-1e12, 1e13), st.integers(-(2**62), 2**62), _TEXTS)
_TARGETS = st.one_of(
    st.just(TARGET),
    st.fixed_dictionaries(
        {"Arn": _TEXTS, "RoleArn": st.just(TARGET["RoleArn"])},
        optional={"Input": _TEXTS, "RetryPolicy": _VALUES, "DeadLetterConfig": _VALUES, "SqsParameters": _VALUES},
    ),
)
_SCHEDULES = st.fixed_dictionaries(
    {
        "ScheduleExpression": st.one_of(st.just("rate(1 hour)"), _TEXTS),
        "FlexibleTimeWindow": st.one_of(st.just({"Mode": "OFF"}), _VALUES),
        "Target": _TARGETS,
    },
    optional={
        "StartDate": _TIMES,
        "EndDate": _TIMES,
        "ScheduleExpressionTimezone": _TEXTS,
        "State": _TEXTS,
        "ActionAfterCompletion": _TEXTS,
        "ClientToken": _TEXTS,
        "Description": _VALUES,
        "GroupName": _TEXTS,
    },
)
_PATHS = st.sampled_from(["/schedules/a", "/schedule-groups/g", "/schedules", "/schedule-groups", "/tags/x"])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scheduler]:
    with serving(tmp_path_factory.mktemp("scheduler")) as scheduler:
        yield scheduler


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(st.sampled_from(["POST", "PUT", "GET", "DELETE"]), _PATHS, st.one_of(_SCHEDULES, _VALUES), _TEXTS)
def test_every_request_is_answered(served: Scheduler, method: str, path: str, body: Any, asked: str) -> None:
    query = f"?NextToken={quote(asked, errors='replace')}&GroupName={quote(asked, errors='replace')}"

    assert _asked(served, method, path + query, json.dumps(body).encode()) < 500


@FUZZ
@given(_SCHEDULES)
def test_what_was_taken_is_shown_and_can_be_put_again(served: Scheduler, members: Any) -> None:
    client = served.client
    for name in ("a", "b"):
        _asked(served, "DELETE", f"/schedules/{name}", b"")
    body = {key: value for key, value in members.items() if key != "GroupName"}
    if _asked(served, "POST", "/schedules/a", json.dumps(body).encode()) != 200:
        return
    shown = {key: value for key, value in served.get("a").items() if not key.endswith("ificationDate")}

    again = {key: value for key, value in shown.items() if key not in ("Arn", "CreationDate", "GroupName", "Name")}
    again.pop("StartDate", None)  # shown to the second
    again.pop("EndDate", None)
    client.create_schedule(Name="b", **again)
    assert {key: served.get("b")[key] for key in again} == again


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"ScheduleExpression": "\xff"}', b"null", b"7"])
def test_a_body_that_is_no_request_is_the_clients_fault(served: Scheduler, body: bytes) -> None:
    assert _asked(served, "POST", "/schedules/a", body) == 400


def _asked(scheduler: Scheduler, method: str, path: str, body: bytes) -> int:
    headers = {"Authorization": signed(ACCOUNT).replace("/lambda/", "/scheduler/"), "Content-Type": "application/json"}
    url = f"http://127.0.0.1:{scheduler.port}{path}"
    try:
        with urlopen(Request(url, body or None, headers, method=method), timeout=30) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
