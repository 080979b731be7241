"""Which images of functions may go of those that an engine keeps. docs/builds.md#images."""

from __future__ import annotations

from lambda_emu.sandbox.docker.kept_images import JUST_USED_S, MOST_BUILT, MOST_BUILT_BYTES, Built, surplus

NOW_S = 1_000_000.0
LONG_AGO_S = NOW_S - 2 * JUST_USED_S


def built(count: int, size_bytes: int, used_s: float = LONG_AGO_S) -> list[Built]:
    """Each used a second before the one that follows."""
    return [Built(f"n{number}", used_s - count + number, size_bytes) for number in range(count)]


def test_of_too_many_and_of_too_much_those_go_that_were_used_longest_ago() -> None:
    assert surplus(built(MOST_BUILT, 1), NOW_S) == []
    assert surplus(built(MOST_BUILT + 2, 1), NOW_S) == ["n1", "n0"]
    assert surplus(built(4, MOST_BUILT_BYTES // 3), NOW_S) == ["n0"]
    assert surplus(built(1, MOST_BUILT_BYTES + 1), NOW_S) == ["n0"]


def test_what_was_just_used_stays_however_much_it_is() -> None:
    assert surplus(built(3, MOST_BUILT_BYTES, NOW_S), NOW_S) == []
