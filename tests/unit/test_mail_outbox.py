"""What is kept of SMS and e-mails, and how much of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_emu.services.child.program.outbox import (
    MOST_ARRIVING,
    MOST_BYTES,
    MOST_KEPT,
    Full,
    Outbox,
    is_waited_for,
    read_sent,
)


def test_the_last_of_them_are_kept_and_outlive_the_process(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    for number in range(MOST_KEPT + 5):
        outbox.add({"id": number})

    assert [one["id"] for one in outbox.sent()] == list(range(5, MOST_KEPT + 5))
    assert read_sent(tmp_path) == Outbox(tmp_path).sent() == outbox.sent()


def test_large_ones_are_fewer() -> None:
    outbox = Outbox()
    for number in range(4):
        outbox.add({"id": number, "text": "x" * (MOST_BYTES // 2 - 1000)})
    assert [one["id"] for one in outbox.sent()] == [2, 3]

    outbox.add({"id": 4, "text": "x" * MOST_BYTES})
    assert [one["id"] for one in outbox.sent()] == [4]


def test_what_is_to_be_received_waits_within_bounds(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    assert not is_waited_for(tmp_path)
    numbers = [outbox.add({"id": number}, b"mail") for number in range(MOST_ARRIVING)]
    assert is_waited_for(tmp_path)

    with pytest.raises(Full):
        outbox.add({"id": "one more"}, b"mail")
    outbox.add({"id": "one that nobody receives"})
    outbox.arrived(numbers[0])
    outbox.add({"id": "one again"}, b"mail")

    assert [one["id"] for one in outbox.sent()][-2:] == ["one that nobody receives", "one again"]
    assert outbox.mail(numbers[0]) is None
    assert Outbox(tmp_path).arriving() == outbox.arriving()


@pytest.mark.parametrize("content", [None, b"", b"no database at all" * 1000])
def test_what_cannot_be_read_is_nothing(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "outbox.db").write_bytes(content)

    assert read_sent(tmp_path) == []
    assert not is_waited_for(tmp_path)
