"""Whatever is sent to Kinesis in either form, its errors come back, never a 500, and streams go on."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from botocore import model
from botocore.session import Session
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from kinesis_rig import ARN, Kinesis, serving

from lambda_emu.services.kinesis import cbor
from lambda_emu.services.kinesis.keys import TOP
from lambda_emu.services.kinesis.operations import OPERATIONS

SERVICE = Session().get_service_model("kinesis")
CALLS = count()
SHARD = "shardId-000000000000"
USUAL = {
    "StreamName": "jobs",
    "StreamARN": f"{ARN}jobs",
    "ResourceARN": f"{ARN}jobs",
    "ConsumerARN": f"{ARN}jobs/consumer/c:1",
    "ShardId": SHARD,
    "HashKey": str(TOP // 2),
}
"""By the shape's name."""
texts = st.sampled_from(
    [
        "",
        "jobs",
        "absent",
        f"{ARN}jobs",
        f"{ARN}absent",
        f"{ARN}jobs/consumer/c:1",
        SHARD,
        "shardId-0",
        "9" * 400,
        "0",
        "-1",
        str(TOP),
        str(TOP - 1),
        str(TOP // 2),
        "LATEST",
        "TRIM_HORIZON",
        "AT_TIMESTAMP",
        "AT_SEQUENCE_NUMBER",
        "AFTER_SHARD_ID",
        "AT_LATEST",
        "FROM_TIMESTAMP",
        "UNIFORM_SCALING",
        "KMS",
        "ON_DEMAND",
        "PROVISIONED",
        "AUTO",
        "ALL",
        "{}",
        "49590338271490256608559692538361571095921575989136588898",
        "AAAA",
        "\x00",
        "\uffff",
        "٣",
        "x" * 300,
    ]
) | st.text(max_size=20)
numbers = st.sampled_from([0, 1, -1, 2, 24, 168, 10_000, 2**31, 2**63, 1.5, 1e18, 1e308]) | st.integers(-5, 1_000)
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
        needed = {name: members.pop(name) for name in shape.required_members}
        right = st.fixed_dictionaries(needed, optional=members)
    elif isinstance(shape, model.ListShape):
        right = st.lists(of(shape.member), max_size=5)
    elif isinstance(shape, model.MapShape):
        right = st.dictionaries(texts, of(shape.value), max_size=5)
    elif shape.type_name == "boolean":
        right = st.booleans()
    elif shape.type_name in ("integer", "timestamp"):
        right = st.integers(1, 60) | numbers
    elif shape.type_name == "blob":
        right = st.sampled_from(["", "aGVsbG8=", "AA", "?"])
    elif getattr(shape, "enum", ()):
        right = st.sampled_from([*shape.enum, *shape.enum, "OTHER"])
    else:
        right = st.integers(0, 4).flatmap(lambda dice: texts if not dice else st.just(USUAL.get(shape.name, "c")))
    return st.integers(0, 9).flatmap(lambda dice: right if dice else anything)


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """An operation and its members, which mostly name what is there."""
    name = draw(st.sampled_from(sorted(OPERATIONS)))
    shape = SERVICE.operation_model(name).input_shape
    members = draw(of(shape)) if shape is not None else {}
    members = members if isinstance(members, dict) else {}
    if shape is not None and draw(st.integers(0, 3)):
        there = {"StreamName": "jobs", "StreamARN": f"{ARN}jobs", "ResourceARN": f"{ARN}jobs", "ShardId": SHARD}
        wanted = draw(st.sampled_from(("StreamName", "StreamARN")))
        members |= {
            member: its
            for member, its in there.items()
            if member in shape.members and (member not in ("StreamName", "StreamARN") or member == wanted)
        }
    return name, members


@pytest.fixture(scope="module")
def kinesis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kinesis]:
    with serving(tmp_path_factory.mktemp("kinesis")) as kinesis:
        yield kinesis


def check_goes_on(kinesis: Kinesis) -> None:
    """Now and then: each time would take as long as all the rest."""
    if next(CALLS) % 10:
        return
    there = kinesis.client.list_streams()["StreamNames"]
    for name in ("jobs", "well"):
        if name not in there:
            kinesis.create(name)
    kinesis.put("well", "well")
    assert kinesis.texts("well")[-1] == "well"
    for name in set(there) - {"jobs", "well"}:
        kinesis.client.delete_stream(StreamName=name, EnforceConsumerDeletion=True)


def is_answered(status: int, told: Any) -> bool:
    return status == 200 or (400 <= status < 500 and bool(told["__type"]) and "message" in told)


SETTINGS = settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@SETTINGS
@given(calls())
@example(("UpdateShardCount", {"StreamName": "jobs", "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"}))
@example(("GetRecords", {"ShardIterator": "AAAA"}))
def test_whatever_comes_as_json_has_an_answer_of_kinesis(kinesis: Kinesis, call: tuple[str, dict[str, Any]]) -> None:
    name, members = call

    status, body = kinesis.ask(name, json.dumps(members).encode())

    assert name == "SubscribeToShard" or is_answered(status, json.loads(body or b"{}")), (status, body)
    check_goes_on(kinesis)


@SETTINGS
@given(calls())
def test_whatever_comes_as_cbor_has_an_answer_of_kinesis(kinesis: Kinesis, call: tuple[str, dict[str, Any]]) -> None:
    name, members = call

    status, body = kinesis.ask(name, as_cbor(members), "application/x-amz-cbor-1.1")

    assert name == "SubscribeToShard" or is_answered(status, cbor.decode(body) if body else {}), (status, body)
    check_goes_on(kinesis)


@SETTINGS
@given(st.sampled_from(sorted(OPERATIONS)), st.binary(max_size=40))
def test_whatever_bytes_come_have_an_answer_of_kinesis(kinesis: Kinesis, name: str, body: bytes) -> None:
    status, told = kinesis.ask(name, body, "application/x-amz-cbor-1.1")

    assert is_answered(status, cbor.decode(told) if told else {}), (status, told)
    check_goes_on(kinesis)


def as_cbor(value: Any) -> bytes:
    """Anything, which our own writer need not know: no number where a time is, one that is too large for 64 bits."""
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(as_cbor(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(as_cbor, value))
    if isinstance(value, str):
        text = value.encode(errors="surrogatepass")
        return head(3, len(text)) + text
    if isinstance(value, bool) or value is None:
        return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
    if isinstance(value, int) and -(2**64) <= value < 2**64:
        return head(0, value) if value >= 0 else head(1, -1 - value)
    return b"\xfb" + struct.pack(">d", value)


def head(major: int, number: int) -> bytes:
    return bytes([major << 5 | 27]) + number.to_bytes(8)
