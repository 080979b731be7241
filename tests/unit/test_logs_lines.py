import itertools
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_emu.logs.application import shape
from lambda_emu.logs.levels import Level
from lambda_emu.logs.lines import EVENT_BYTES, Lines, events

NOW_S = 1704067200.123


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=10))
def test_chunks_become_whole_lines_wherever_they_were_cut(text: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    lines = Lines()

    pieces = [lines.feed(text[start:end]) for start, end in itertools.pairwise(places)]
    rest = lines.flush()

    assert b"".join(pieces) + rest == text
    assert all(piece == b"" or piece.endswith(b"\n") for piece in pieces)
    assert b"\n" not in rest


def test_a_line_that_comes_byte_by_byte_takes_no_more_memory_than_its_bytes() -> None:
    lines = Lines()
    tracemalloc.start()
    try:
        for _ in range(EVENT_BYTES - 1):
            lines.feed(b"x")
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most_bytes < 2.5 * EVENT_BYTES
    assert lines.flush() == b"x" * (EVENT_BYTES - 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", []),
        (b"a\n", [b"a\n"]),
        (b"another\rline\n", [b"another\rline\n"]),  # docs/contract/logs-billing.md#groups-and-streams
        (b"a\r\nb\n", [b"a\r\n", b"b\n"]),
        (b"\n\na", [b"\n", b"\n", b"a"]),
        (b"x" * EVENT_BYTES + b"y\n", [b"x" * EVENT_BYTES, b"y\n"]),
    ],
)
def test_each_newline_ends_an_event(text: bytes, expected: list[bytes]) -> None:
    assert list(events(text)) == expected


def test_a_line_without_end_is_given_out_at_256_kb() -> None:
    lines, half = Lines(), b"x" * (EVENT_BYTES // 2)

    first, second = lines.feed(half), lines.feed(half)

    assert (first, second, lines.flush()) == (b"", half + half, b"")


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('{"level":"TRACE","message":"x"}', Level.TRACE),
        ('{"level":"debug"}', Level.DEBUG),
        ('{"level":"WARNING"}', Level.WARN),
        ('{"log_level":"ERROR","errorMessage":"x"}', Level.ERROR),
        ('{"level":"CRITICAL"}', Level.FATAL),
        ('{"level":"loud"}', Level.INFO),
        ('{"level":7}', Level.INFO),
        ('{"message":"no level"}', Level.INFO),
    ],
)
@pytest.mark.parametrize("least", Level)
def test_a_json_log_keeps_structured_lines_from_the_application_level_up(line: str, level: Level, least: Level) -> None:
    text = line.encode() + b"\n"

    assert shape(text, least, None, NOW_S) == (text if level >= least else b"")


@pytest.mark.parametrize("line", ["plain", "{broken", "[1, 2]", '"text"', "{" * 5000, "a\rb", "é"])
def test_a_json_log_wraps_a_plain_line_as_info(line: str) -> None:
    wrapped = shape(line.encode() + b"\n", Level.INFO, "id-1", NOW_S)

    assert json.loads(wrapped) == {
        "timestamp": "2024-01-01T00:00:00.123Z",
        "level": "INFO",
        "message": line,
        "requestId": "id-1",
    }
    assert shape(line.encode() + b"\n", Level.WARN, "id-1", NOW_S) == b""


def test_what_is_printed_before_the_first_invocation_has_no_request_id() -> None:
    assert "requestId" not in json.loads(shape(b"loading\n", Level.INFO, None, NOW_S))
