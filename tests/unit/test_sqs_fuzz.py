"""Whatever is sent to SQS in either form, its errors come back, never a 500, and queues go on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes
from xml.etree import ElementTree

import pytest
from api_rig import signed
from botocore import model
from botocore.session import Session
from ground_rig import ACCOUNT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqs_rig import ARN, NAMESPACE, Sqs, serving

from lambda_emu.services.sqs.wire.members import ENTRY_INPUTS, INPUTS, QUERY_NAMES

SERVICE = Session().get_service_model("sqs")
QUEUE = f"http://127.0.0.1/{ACCOUNT}/jobs"
MAPS = ("Attribute", "Tag", "MessageAttribute", "MessageSystemAttribute")
CALLS = count()
SIGNATURE = {"Authorization": signed(ACCOUNT).replace("/lambda/", "/sqs/")}

texts = st.sampled_from(
    [
        "",
        "jobs",
        "jobs.fifo",
        QUEUE,
        f"{QUEUE}.fifo",
        f"http://[/{ACCOUNT}/jobs",
        f"/{ACCOUNT}/%00",
        f"{ARN}jobs",
        f"{ARN}dead",
        "All",
        "String",
        "Number",
        "Binary",
        "VisibilityTimeout",
        "RedrivePolicy",
        "Policy",
        "AWSTraceHeader",
        "true",
        "1e5",
        "{}",
        "[]",
        '{"deadLetterTargetArn": 1, "maxReceiveCount": "x"}',
        '{"deadLetterTargetArn": "' + ARN + 'dead", "maxReceiveCount": 1e999}',
        '{"redrivePermission": ["byQueue"]}',
        '{"Statement": [1, {"Sid": []}]}',
        "MSAx",
        "eyJ0YXNrSWQiOiAxfQ==",
        "\ud800",
        "\x00",
        "\uffff",
        "٣",
        "x" * 300,
    ]
) | st.text(max_size=20)
numbers = st.sampled_from([0, 1, -1, 10, 20, 43_200, 2**31, 2**63, 10**30, 1.5, 1e308]) | st.integers(-5, 1_000)
anything = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


def of(shape: model.Shape) -> st.SearchStrategy[Any]:
    """Mostly what the shape takes."""
    right: st.SearchStrategy[Any]
    if isinstance(shape, model.StructureShape):
        members = {name: of(member) for name, member in shape.members.items()}
        right = st.fixed_dictionaries({}, optional=members)
    elif isinstance(shape, model.ListShape):
        right = st.lists(of(shape.member), max_size=12)
    elif isinstance(shape, model.MapShape):
        right = st.dictionaries(texts, of(shape.value), max_size=12)
    else:
        right = numbers if shape.type_name == "integer" else texts
    return right | right | right | anything


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """An operation and its members, which mostly name a queue that is there."""
    name = draw(st.sampled_from(SERVICE.operation_names))
    members = draw(of(SERVICE.operation_model(name).input_shape))
    members = members if isinstance(members, dict) else {}
    if draw(st.integers(0, 3)):
        members["QueueUrl"] = draw(st.sampled_from([QUEUE, f"{QUEUE}.fifo"]))
    members.pop("WaitTimeSeconds", None)  # nobody waits here
    return name, members


def flat(operation: str, value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Members as a client of the query form writes them."""
    if isinstance(value, Mapping):
        is_map = name.rpartition(".")[2] in MAPS
        for place, (key, its) in enumerate(value.items(), 1):
            if is_map:
                yield f"{name}.{place}.{'Key' if name == 'Tag' else 'Name'}", key
                yield from flat(operation, its, f"{name}.{place}.Value")
            else:
                known = f"{operation}RequestEntry" if key == "Entries" else QUERY_NAMES.get(key, key)
                yield from flat(operation, its, f"{name}.{known}" if name else known)
    elif isinstance(value, list):
        for place, one in enumerate(value, 1):
            yield from flat(operation, one, f"{name}.{place}")
    else:
        yield name, str(value)


@pytest.fixture(scope="module")
def sqs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sqs]:
    folder: Path = tmp_path_factory.mktemp("sqs")
    with serving(folder) as sqs:
        yield sqs


def ask(sqs: Sqs, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", sqs.port, timeout=10)
    try:
        connection.request("POST", "/", body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def check_at_times(sqs: Sqs) -> None:
    """That it goes on; each time would take as long as all the rest."""
    if next(CALLS) % 10 == 0:
        check_goes_on(sqs)


def check_goes_on(sqs: Sqs) -> None:
    for name in ("jobs", "jobs.fifo", "dead"):
        sqs.create(name)
    well = sqs.create("well")
    sqs.send(well, "well")
    [got] = sqs.receive(well)
    sqs.delete(well, got)
    assert got["Body"] == "well"


SETTINGS = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@SETTINGS
@given(calls())
def test_whatever_comes_as_json_has_an_answer_of_sqs(sqs: Sqs, call: tuple[str, dict[str, Any]]) -> None:
    name, members = call
    headers = {"X-Amz-Target": f"AmazonSQS.{name}", "Content-Type": "application/x-amz-json-1.0", **SIGNATURE}

    status, body = ask(sqs, json.dumps(members).encode(), headers)

    told = json.loads(body)
    assert status == 200 or (400 <= status < 500 and "#" in told["__type"] and "message" in told), told
    check_at_times(sqs)


@SETTINGS
@given(calls(), st.lists(st.tuples(st.binary(max_size=12), st.binary(max_size=12)), max_size=3))
def test_whatever_comes_as_a_form_has_an_answer_of_sqs(
    sqs: Sqs, call: tuple[str, dict[str, Any]], more: list[tuple[bytes, bytes]]
) -> None:
    name, members = call
    pairs = [
        (one.encode(errors="surrogatepass"), its.encode(errors="surrogatepass")) for one, its in flat(name, members)
    ]
    fields = [(b"Action", name.encode()), *pairs, *more]
    form = "&".join(f"{quote_from_bytes(one)}={quote_from_bytes(its)}" for one, its in fields)

    status, body = ask(sqs, form.encode(), {"Content-Type": "application/x-www-form-urlencoded", **SIGNATURE})

    told = ElementTree.fromstring(body)
    code = told.findtext(f"{NAMESPACE}Error/{NAMESPACE}Code")
    assert status == 200 or (400 <= status < 500 and code), body
    check_at_times(sqs)


@pytest.mark.parametrize(
    "form",
    [
        b"Action=SendMessage&MessageBody=%ff",
        b"Action=SendMessage&MessageBody=\xff",
        b"Action",
        b"=&=&=",
        b"&".join(b"a%d=1" % number for number in range(2_000)),
        b"Action=CreateQueue&QueueName=x&Attribute.99999999999999999999.Name=a&Attribute.0.Name=b&Attribute..Name=c",
        b"Action=SendMessageBatch&SendMessageBatchRequestEntry.1.Id.1=a&SendMessageBatchRequestEntry.x.Id=b",
        b"Action=TagQueue&Tag.1.Value=x",
        b"Action=ReceiveMessage&MaxNumberOfMessages=" + b"9" * 5_000,
    ],
)
def test_a_form_that_is_none_is_refused(sqs: Sqs, form: bytes) -> None:
    status, body = ask(sqs, form, {"Content-Type": "application/x-www-form-urlencoded", **SIGNATURE})

    assert 400 <= status < 500
    assert ElementTree.fromstring(body).findtext(f"{NAMESPACE}Error/{NAMESPACE}Code")
    check_goes_on(sqs)


def test_operations_take_what_the_model_of_aws_says() -> None:
    found = {name: SERVICE.operation_model(name).input_shape.members for name in SERVICE.operation_names}

    assert {name: set(members) for name, members in found.items()} == {name: set(its) for name, its in INPUTS.items()}
    for name, entries in ENTRY_INPUTS.items():
        assert set(found[name]["Entries"].member.members) == set(entries)
