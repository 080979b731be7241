"""Framed records are found in the output they stand in, wherever it was cut.

docs/contract/logs-billing.md#groups-and-streams.
"""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_emu.logs.frames import Frames, LogRecord, Piece
from lambda_emu.logs.levels import Level
from lambda_emu.logs.lines import EVENT_BYTES, JOINT, decode_event, encode_output, encode_record, end_of_event, events

OF_RUBY = 0x01
"""The kind that AWS's client for Ruby writes."""


def frame(text: bytes, kind: int = 0x03) -> bytes:
    time = b"" if kind == OF_RUBY else bytes(8)
    return bytes((0xA5, 0x5A, 0, kind)) + len(text).to_bytes(4, "big") + time + text


def merged(pieces: list[Piece]) -> list[Piece]:
    """Output that was given in several pieces as one."""
    found: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, bytes) and found and isinstance(found[-1], bytes):
            found[-1] += piece
        elif piece:
            found.append(piece)
    return found


TEXT = st.text(max_size=20).map(lambda text: text.encode())
WRITTEN = st.lists(st.tuples(st.sampled_from([None, 0x03, OF_RUBY]), TEXT), max_size=8)


@given(WRITTEN, st.lists(st.integers(0, 400), max_size=10))
def test_what_was_printed_and_what_was_logged_come_apart_in_order(
    written: list[tuple[int | None, bytes]], cuts: list[int]
) -> None:
    data = b"".join(text if kind is None else frame(text, kind) for kind, text in written)
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    frames = Frames()

    found = [piece for start, end in itertools.pairwise(places) for piece in frames.feed(data[start:end])]
    found += frames.end()

    expected = [text if kind is None else LogRecord(text, None) for kind, text in written if text]
    assert merged(found) == merged(expected)


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_of_what_is_no_frame_nothing_is_lost(chunks: list[bytes]) -> None:
    frames = Frames()

    found = [piece for chunk in chunks for piece in frames.feed(chunk)] + list(frames.end())

    assert b"".join(piece for piece in found if isinstance(piece, bytes)) == b"".join(chunks)


@pytest.mark.parametrize(
    ("kind", "level"),
    [(OF_RUBY, None), (0x02, None), (0x03, None), (0x07, Level.TRACE), (0x0A, Level.DEBUG), (0x0F, Level.INFO),
     (0x13, Level.WARN), (0x16, Level.ERROR), (0x1B, Level.FATAL), (0x1F, None)],
)  # fmt: skip
def test_a_frame_names_its_level(kind: int, level: Level | None) -> None:
    assert Frames().feed(frame(b"x", kind)) == [LogRecord(b"x", level)]


@pytest.mark.parametrize("kind", [0x00, 0x04, 0x22, 0xFF])
def test_other_kinds_are_output(kind: int) -> None:
    assert merged(list(Frames().feed(frame(b"x", kind)))) == [frame(b"x", kind)]


def test_a_record_longer_than_an_event_becomes_several_and_is_not_held() -> None:
    frames = Frames()
    head = frame(b"")[:4] + (2**32 - 1).to_bytes(4, "big") + bytes(8)

    found = [*frames.feed(head), *(piece for _ in range(9) for piece in frames.feed(b"x" * 65536))]

    assert found == [LogRecord(b"x" * EVENT_BYTES, None)] * 2
    assert frames.flush() == [LogRecord(b"x" * 65536, None)]
    assert frames.feed(b"y") == []


def test_a_record_that_its_writer_left_unfinished_does_not_take_what_follows() -> None:
    frames = Frames()
    frames.feed(frame(b"whole")[:-2])

    assert frames.end() == [LogRecord(b"who", None)]
    assert frames.feed(b"printed\n") == (b"printed\n",)


@given(st.lists(st.tuples(st.booleans(), st.text(alphabet="ab\né", min_size=1, max_size=9)), max_size=6))
def test_kept_records_are_single_events_with_their_newlines(written: list[tuple[bool, str]]) -> None:
    whole = [(framed, text.removesuffix("\n").encode() + b"\n") for framed, text in written]

    kept = b"".join(encode_record(text) if framed else encode_output(text) for framed, text in whole)

    expected = [event for framed, text in whole for event in ([text] if framed else text.splitlines(keepends=True))]
    assert [decode_event(event) for event in events(kept)] == expected
    assert b"".join(events(kept)) == kept
    ends = list(itertools.accumulate(map(len, events(kept))))
    assert [end_of_event(kept, at) for at in range(len(kept))] == [
        next(e for e in ends if e > at) for at in range(len(kept))
    ]


def test_output_cannot_look_like_a_kept_record() -> None:
    assert JOINT not in encode_output(b"binary\xff\nmore\n")
    assert len(list(events(encode_output(b"binary\xff\nmore\n")))) == 2
