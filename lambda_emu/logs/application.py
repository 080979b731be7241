"""What a function with LogFormat JSON prints: filtered by level, plain lines wrapped.

docs/contract/logs-billing.md#json-and-levels.
"""

from __future__ import annotations

import json
from typing import Any

from lambda_emu.logs.levels import Level, declared_level, iso_time
from lambda_emu.logs.lines import decode_event, events


def shape(text: bytes, least: Level, request_id: str | None, now_s: float, level: Level = Level.INFO) -> bytes:
    """The events of `text` as a JSON log keeps them: those at or above `least`, each one an object.

    level: of what is no object.
    """
    return b"".join(_shape(event, least, request_id, now_s, level) for event in events(text))


def _shape(event: bytes, least: Level, request_id: str | None, now_s: float, level: Level) -> bytes:
    line = decode_event(event)
    members = _object(line)
    if members is not None:
        return event if declared_level(members) >= least else b""
    if level < least:
        return b""
    message = line.rstrip(b"\n").decode("utf-8", "replace")
    wrapped = {"timestamp": iso_time(now_s), "level": level.name, "message": message}
    if request_id is not None:
        wrapped["requestId"] = request_id
    return json.dumps(wrapped, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _object(line: bytes) -> dict[str, Any] | None:
    if not line.startswith(b"{"):
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
