"""The event stream that InvokeWithResponseStream answers, read by botocore's own parser.

docs/contract/invoke.md#responses.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer

from lambda_emu.api.operations.outcomes import streamed_answer, whole_answer
from lambda_emu.api.wire.event_stream import CHUNK_BYTES, payload_chunks
from lambda_emu.environment.invocation import Outcome
from lambda_emu.http.event_stream import message


def read(stream: bytes) -> list[tuple[dict[str, Any], bytes]]:
    """Headers and payload of each message; fails at a wrong checksum or length, and when something is left over."""
    buffer = EventStreamBuffer()
    buffer.add_data(stream)
    messages = [(dict(found.headers), bytes(found.payload)) for found in buffer]
    assert sum(len(message(headers, payload)) for headers, payload in messages) == len(stream)
    return messages


def events(outcome: Outcome) -> list[tuple[str, bytes]]:
    found = read(streamed_answer(outcome, []).body)
    assert {headers[":message-type"] for headers, _ in found} == {"event"}
    return [(headers[":event-type"], payload) for headers, payload in found]


def test_a_message_carries_headers_and_payload() -> None:
    headers = {":event-type": "PayloadChunk", "größe": "1 µm"}

    assert read(message(headers, b"\0\xff")) == [(headers, b"\0\xff")]


@pytest.mark.parametrize("place", [2, 13, -6])
def test_a_message_that_was_changed_on_its_way_is_noticed(place: int) -> None:
    changed = bytearray(message({"a": "b"}, b"payload"))
    changed[place] ^= 1

    with pytest.raises(ChecksumMismatch):
        read(bytes(changed))


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_a_payload_arrives_whole_in_as_many_chunks_as_it_needs(size: int) -> None:
    payload = bytes(i % 251 for i in range(size))

    chunks = [read(chunk)[0][1] for chunk in payload_chunks(payload)]

    assert b"".join(chunks) == payload
    assert len(chunks) == -(-size // CHUNK_BYTES)


def test_an_outcome_is_its_payload_and_the_word_that_it_is_complete() -> None:
    assert events(Outcome(b'{"a": 1}', failed=False)) == [("PayloadChunk", b'{"a": 1}'), ("InvokeComplete", b"{}")]


def test_the_tail_of_the_log_comes_last() -> None:
    _, (kind, last) = events(Outcome(b"1", failed=False, tail=b"START\n"))

    assert (kind, json.loads(last)) == ("InvokeComplete", {"LogResult": base64.b64encode(b"START\n").decode()})


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b'{"errorType":"Runtime.ExitError","errorMessage":"x"}', "Runtime.ExitError"),
        (b'{"errorMessage":"x"}', "Unhandled"),
        (b'{"errorType":7}', "Unhandled"),
        (b'"a text"', "Unhandled"),
        (b"\xffno json", "Unhandled"),
    ],
)
def test_an_error_is_told_by_its_type_and_in_its_own_words(payload: bytes, code: str) -> None:
    assert [(kind, json.loads(told)) for kind, told in events(Outcome(payload, failed=True))] == [
        ("InvokeComplete", {"ErrorCode": code, "ErrorDetails": payload.decode("utf-8", "replace")})
    ]


def test_a_stream_is_a_success_whatever_became_of_the_function() -> None:
    for failed in (False, True):
        answer = streamed_answer(Outcome(b"{}", failed), [("X-Amz-Executed-Version", "1")])

        assert (answer.status, dict(answer.headers)) == (
            200,
            {
                "X-Amz-Executed-Version": "1",
                "Content-Type": "application/vnd.amazon.eventstream",
                "X-Amzn-Remapped-Content-Type": "application/json",
            },
        )


def test_invoke_itself_answers_the_bytes_as_they_are() -> None:
    answer = whole_answer(Outcome(b"{}", failed=True, tail=b"END\n"), [])

    assert answer.body == b"{}"
    assert ("X-Amz-Function-Error", "Unhandled") in answer.headers
    assert ("X-Amz-Log-Result", base64.b64encode(b"END\n").decode()) in answer.headers
