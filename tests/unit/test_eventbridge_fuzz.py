"""Whatever is sent to EventBridge is answered, and never with an error of the server's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from api_rig import signed
from eventbridge_rig import Events, serving
from ground_rig import ACCOUNT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambda_emu.services.eventbridge.serving import OPERATIONS

_TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["default", "r", "arn:aws:events:us-east-1:123456789012:event-bus/default", "{}", "$.a", "\ud800"]),
    st.sampled_from(['{"a": [{"wildcard": "*a*"}]}', '{"a": "\\ud800"}', '{"Statement": [{"Effect": "Allow"}]}']),
)
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 2**70), st.floats(allow_nan=False), _TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXTS, inner, max_size=3)),
    max_leaves=5,
)
_MEMBERS = (
    "Name",
    "EventBusName",
    "EventPattern",
    "Event",
    "Rule",
    "Ids",
    "Limit",
    "NextToken",
    "Policy",
    "StatementId",
    "ArchiveName",
    "EventSourceArn",
    "RetentionDays",
    "ReplayName",
    "ConnectionArn",
    "InvocationEndpoint",
)
_ENTRIES = st.lists(
    st.fixed_dictionaries(
        {"Source": _TEXTS, "DetailType": _TEXTS, "Detail": _TEXTS},
        optional={"Time": _VALUES, "Resources": _VALUES, "EventBusName": _TEXTS},
    ),
    min_size=1,
    max_size=3,
)
_TARGETS = st.lists(
    st.fixed_dictionaries(
        {"Id": _TEXTS, "Arn": _TEXTS},
        optional={
            "Input": _TEXTS,
            "InputPath": _TEXTS,
            "InputTransformer": st.fixed_dictionaries({"InputTemplate": _TEXTS}),
        },
    ),
    min_size=1,
    max_size=2,
)


def _replay(name: str, archive: str, first: Any, end: Any, bus: str) -> Any:
    times = {"EventStartTime": first, "EventEndTime": end}
    return {"ReplayName": name, "EventSourceArn": archive, "Destination": {"Arn": bus}, **times}


def _connection(name: str, key: str, value: str, other: Any) -> Any:
    parameters = {"ApiKeyAuthParameters": {"ApiKeyName": key, "ApiKeyValue": value}, "InvocationHttpParameters": other}
    return {"Name": name, "AuthorizationType": "API_KEY", "AuthParameters": parameters}


_BODIES = st.one_of(
    st.dictionaries(st.sampled_from(_MEMBERS), _VALUES, max_size=4),
    st.dictionaries(st.sampled_from(_MEMBERS), _TEXTS, max_size=4),
    st.builds(lambda entries: {"Entries": entries}, _ENTRIES),
    st.builds(lambda rule, targets: {"Rule": rule, "Targets": targets}, _TEXTS, _TARGETS),
    st.builds(_replay, _TEXTS, _TEXTS, _VALUES, _VALUES, _TEXTS),
    st.builds(_connection, _TEXTS, _TEXTS, _TEXTS, _VALUES),
    _VALUES,
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Events]:
    with serving(tmp_path_factory.mktemp("events")) as events:
        events.rule("r", {"source": [{"exists": True}]}, "arn:aws:sqs:us-east-1:123456789012:q")
        yield events


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(OPERATIONS)), _BODIES)
def test_every_request_is_answered(served: Events, operation: str, body: Any) -> None:
    assert _asked(served, operation, json.dumps(body).encode()) < 500


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b'{"Name": "\xff"}', b"null", b'{"Entries": 1}'])
def test_a_body_that_is_no_request_is_the_clients_fault(served: Events, body: bytes) -> None:
    assert _asked(served, "PutEvents", body) == 400


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("PutRule", {"Name": "large", "EventPattern": json.dumps({"k": ["v" * 3_000_000]})}),
        ("PutRule", {"Name": "wide", "EventPattern": json.dumps({f"k{n}": [n] for n in range(200_000)})}),
        ("PutRule", {"Name": "deep", "EventPattern": '{"a":' * 800 + "[1]" + "}" * 800}),
        ("PutRule", {"Name": "ways", "EventPattern": json.dumps({"$or": [{f"k{n}": [n]} for n in range(200_000)]})}),
        ("TestEventPattern", {"EventPattern": '{"a": [1]}', "Event": '{"a":' * 400_000}),
        ("CreateArchive", {"ArchiveName": "a" * 4_000_000, "EventSourceArn": "x" * 10}),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_is_too_much_is_refused_at_once(served: Events, operation: str, body: Any) -> None:
    assert _asked(served, operation, json.dumps(body).encode()) in (400, 413)


@pytest.mark.parametrize(
    "detail", ['{"a":' * 50_000 + "1" + "}" * 50_000, '{"a":' + "[" * 100_000 + "]" * 100_000 + "}", '{"a": 1e999999}']
)
def test_details_that_are_deep_or_odd_disturb_nobody(served: Events, detail: str) -> None:
    entry = {"Source": "a", "DetailType": "t", "Detail": detail}

    assert _asked(served, "PutEvents", json.dumps({"Entries": [entry]}).encode()) in (200, 400)
    assert "EventId" in served.put({"n": 1})


def test_a_time_that_no_calendar_has_is_the_clients_fault(served: Events) -> None:
    entry = {"Source": "a", "DetailType": "t", "Detail": "{}", "Time": 1e300}

    assert _asked(served, "PutEvents", json.dumps({"Entries": [entry]}).encode()) == 400


def _asked(events: Events, operation: str, body: bytes) -> int:
    headers = {
        "X-Amz-Target": f"AWSEvents.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": signed(ACCOUNT).replace("/lambda/", "/events/"),
    }
    try:
        with urlopen(Request(f"http://127.0.0.1:{events.port}/", body, headers), timeout=30) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
