"""The page of the clock of work: `GET` reads it, `POST` moves it ahead or sets it back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Protocol

from flask import Response, jsonify, request

from lambda_emu.errors.base import InvalidParameter
from lambda_emu.text.durations import read_duration
from lambda_emu.timekeeper import Reading

FORMS = 'POST {"advance": "1h30m"}, {"advance": SECONDS} or {"reset": true}'


class ClockMover(Protocol):
    """timekeeper.Timekeeper, on a worker."""

    def read(self) -> Reading: ...
    def advance(self, seconds: float) -> Reading: ...
    def reset(self) -> Reading: ...


class NoDuration(InvalidParameter):
    text_key = "Message"

    def __init__(self, given: object) -> None:
        super().__init__(f"{str(given)[:80]!r} is no duration, such as 90s, 1h30m or 7d, that is more than nothing")


class NoSuchMove(InvalidParameter):
    text_key = "Message"

    def __init__(self) -> None:
        super().__init__(f"The clock takes {FORMS}")


def read_clock(clock: ClockMover) -> Response:
    return jsonify(shown(clock.read()))


def move_clock(clock: ClockMover) -> Response:
    """NoSuchMove, NoDuration, TooFar, ClockMoves."""
    asked = request.get_json(force=True, silent=True)
    if asked == {"reset": True}:
        return jsonify(shown(clock.reset()))
    if not isinstance(asked, dict) or set(asked) != {"advance"}:
        raise NoSuchMove
    return jsonify(shown(clock.advance(duration_s(asked["advance"]))))


def shown(reading: Reading) -> dict[str, Any]:
    """`{"now": "2026-11-27T13:00:00.000Z", "ahead_s": 3600.0, "left_s": 0.0, "running": {}}`."""
    now = datetime.fromtimestamp(reading.now_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    ahead_s, left_s = round(reading.ahead_s, 3), round(reading.left_s, 3)
    return {"now": now, "ahead_s": ahead_s, "left_s": left_s, "running": dict(reading.running)}


def duration_s(given: object) -> float:
    """Of `1h30m` or a number of seconds. NoDuration."""
    seconds: float | None = None
    if isinstance(given, str):
        seconds = read_duration(given)
    elif isinstance(given, int | float) and not isinstance(given, bool):
        seconds = float(min(given, 1e12))
    if seconds is None or not seconds > 0:
        raise NoDuration(given)
    return seconds
