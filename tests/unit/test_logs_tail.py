import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_emu.logs.tail import TAIL_BYTES, Tail


@given(st.lists(st.binary(max_size=9000), max_size=30))
def test_the_tail_is_the_last_4096_bytes_however_they_came(chunks: list[bytes]) -> None:
    tail = Tail()

    for chunk in chunks:
        tail.append(chunk)

    assert tail.last() == b"".join(chunks)[-TAIL_BYTES:]


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (b"", b"START\nEND\n"),
        (b"done\n", b"START\ndone\nEND\n"),
        (b"no newline", b"START\nno newline\nEND\n"),
        (b"a\r", b"START\na\r\nEND\n"),
    ],
)
def test_a_platform_line_begins_a_line_and_an_open_one_stays_in_the_tail(printed: bytes, expected: bytes) -> None:
    tail = Tail()

    tail.append_line(b"START\n")
    tail.append(printed)
    tail.append_line(b"END\n")

    assert tail.last() == expected


def test_gigabytes_do_not_gather() -> None:
    tail, line = Tail(), b"x" * 1023 + b"\n"

    tracemalloc.start()
    for _ in range(10_000):
        tail.append(line)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert tail.last() == line * 4
    assert peak_bytes < 100 * 1024
