"""Whatever is sent to CloudWatch Logs is answered, and never with an error of the server's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from api_rig import signed
from cloudwatch_logs_rig import ARN, CloudWatchLogs, serving
from ground_rig import ACCOUNT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambda_emu.services.logs.operations import OPERATIONS
from lambda_emu.services.logs.serving import LIVE_TAIL

_TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["orders", "s1", ARN + "orders", f"{ARN}orders:*", "{ $.a = 1 }", "[a, b]", "%a+%", "-", "?"]),
    st.sampled_from(
        ["fields a | stats count(*) by bin(1m)", "filter @message like /a(b|c)*/", "f/3" + "0" * 55 + "/s"]
    ),
    st.sampled_from(["arn:aws:lambda:us-east-1:123456789012:function:f", "$.a", "3" + "0" * 55, "\ud800"]),
)
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 2**70), st.floats(allow_nan=False), _TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXTS, inner, max_size=3)),
    max_leaves=5,
)
_EVENTS = st.lists(st.fixed_dictionaries({}, optional={"timestamp": _VALUES, "message": _VALUES}), max_size=3)
_TRANSFORMATIONS = st.lists(
    st.fixed_dictionaries(
        {"metricName": _TEXTS, "metricNamespace": _TEXTS, "metricValue": _TEXTS},
        optional={"dimensions": _VALUES, "defaultValue": _VALUES},
    ),
    max_size=2,
)
_NAMES = st.sampled_from(["orders", "s1", "none", ARN + "orders"])
_BODIES = st.fixed_dictionaries(
    {"logGroupName": st.one_of(_NAMES, _VALUES)},
    optional={
        "logStreamName": st.one_of(_NAMES, _VALUES),
        "logGroupIdentifier": _VALUES,
        "logGroupIdentifiers": st.lists(_TEXTS, max_size=2),
        "logEvents": st.one_of(_EVENTS, _VALUES),
        "metricTransformations": st.one_of(_TRANSFORMATIONS, _VALUES),
        "logEventMessages": st.lists(_TEXTS, max_size=3),
        "filterName": _TEXTS,
        "destinationArn": _TEXTS,
        "queryString": _TEXTS,
        "resourceArn": _TEXTS,
        "tags": _VALUES,
        "tagKeys": _VALUES,
        "startTime": _VALUES,
        "endTime": _VALUES,
        "limit": _VALUES,
        "nextToken": _TEXTS,
        "filterPattern": _TEXTS,
        "logRecordPointer": _TEXTS,
        "queryId": _TEXTS,
        "retentionInDays": st.sampled_from([1, 2, 3]),
    },
)
_FEW = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def cwl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudWatchLogs]:
    with serving(tmp_path_factory.mktemp("logs")) as cwl:
        cwl.create()
        yield cwl


def ask(cwl: CloudWatchLogs, operation: str, body: bytes) -> tuple[int, Any]:
    headers = {
        "Authorization": signed(ACCOUNT).replace("/lambda/", "/logs/"),
        "X-Amz-Target": f"Logs_20140328.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
    }
    try:
        with urlopen(Request(cwl.url, body, headers), timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@_FEW
@given(operation=st.sampled_from(sorted(OPERATIONS)), members=_BODIES)
def test_every_request_is_answered(cwl: CloudWatchLogs, operation: str, members: dict[str, Any]) -> None:
    status, said = ask(cwl, operation, json.dumps(members).encode())

    assert status in (200, 400), said
    assert status == 200 or said["__type"] != "ServiceUnavailableException", said


@_FEW
@given(operation=st.sampled_from([*sorted(OPERATIONS), LIVE_TAIL, "Nothing", ""]), body=st.binary(max_size=64))
def test_a_body_that_is_no_request_is_the_clients_fault(cwl: CloudWatchLogs, operation: str, body: bytes) -> None:
    status, said = ask(cwl, operation, b"x" + body)

    assert status == 400
    assert said["__type"] in ("SerializationException", "UnknownOperationException")
