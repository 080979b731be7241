"""The form that Java's SDK speaks: CBOR, in which times are milliseconds and bytes are bytes."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.parsers import RpcV2CBORParser
from hypothesis import given, settings
from hypothesis import strategies as st
from kinesis_rig import Kinesis, kinesis

from lambda_emu.services.kinesis.cbor import NotCbor, decode, encode

__all__ = ["kinesis"]
TYPE = "application/x-amz-cbor-1.1"
# {"StreamName": "s", "Data": b"\x00\xff", "PartitionKey": "k"} as Jackson writes it, with no length of the map
PUT = b"\xbf\x6aStreamName\x61s\x64Data\x42\x00\xff\x6cPartitionKey\x61k\xff"

LONG = (23, 24, 255, 256)
"""Where the length is written another way."""
LEAVES = st.one_of(
    *(st.integers(-(2**63), 2**63), st.binary(max_size=9), st.text(max_size=9), st.booleans()),
    st.sampled_from([*(b"\xff" * length for length in LONG), *("x" * length for length in LONG)]),
)
NAMES = st.text(max_size=9).filter(lambda name: not name.endswith("Timestamp"))
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=30) | st.dictionaries(NAMES, inner), max_leaves=30)


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(NAMES, VALUES))
def test_what_is_written_is_read_the_same_here_and_elsewhere(value: dict[str, Any]) -> None:
    written = encode(value)

    other = RpcV2CBORParser()
    assert decode(written) == value
    assert other.parse_data_item(other.get_peekable_stream_from_bytes(written)) == value


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=60))
def test_bytes_that_mean_nothing_are_told_to_be_none(data: bytes) -> None:
    try:
        decode(data)
    except NotCbor:
        return


@pytest.mark.parametrize(
    "data", [b"\x9f" * 100, b"\x5b" + b"\xff" * 8, b"\x9b" + b"\xff" * 8, b"", b"\xff", b"\x00\x00"]
)
def test_what_is_too_deep_or_not_there_is_not_read(data: bytes) -> None:
    with pytest.raises(NotCbor):
        decode(data)


def test_records_are_put_and_read_in_cbor(kinesis: Kinesis) -> None:
    kinesis.create("s")
    status, body = kinesis.ask("PutRecord", PUT, TYPE)
    put = decode(body)
    assert (status, put["ShardId"]) == (200, "shardId-000000000000")
    asked = {"StreamName": "s", "ShardId": put["ShardId"], "ShardIteratorType": "AT_TIMESTAMP"}

    at = encode(asked | {"Timestamp": kinesis.clock.now_s() - 1})
    iterator = decode(kinesis.ask("GetShardIterator", at, TYPE)[1])["ShardIterator"]
    body = kinesis.ask("GetRecords", encode({"ShardIterator": iterator}), TYPE)[1]

    (record,) = decode(body)["Records"]
    assert (record["Data"], record["PartitionKey"]) == (b"\x00\xff", "k")
    assert record["SequenceNumber"] == put["SequenceNumber"]
    assert record["ApproximateArrivalTimestamp"] == pytest.approx(kinesis.clock.now_s(), abs=0.001)
    arrived = b"\x78\x1bApproximateArrivalTimestamp\xc1\x1b"
    at_ms = int.from_bytes(body[body.index(arrived) + len(arrived) :][:8])
    assert at_ms == pytest.approx(kinesis.clock.now_s() * 1000, abs=1)


def test_errors_are_told_in_cbor(kinesis: Kinesis) -> None:
    status, body = kinesis.ask("PutRecord", PUT, TYPE)

    assert (status, decode(body)["__type"]) == (400, "ResourceNotFoundException")
