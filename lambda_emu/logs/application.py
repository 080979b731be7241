"""What a function with LogFormat JSON prints: filtered by level, plain lines wrapped. Contract: logs-billing.md 4.4."""

from __future__ import annotations

import json
from typing import Any

from lambda_emu.logs.events import iso_time
from lambda_emu.logs.levels import Level, declared
from lambda_emu.logs.lines import events


def shape(text: bytes, least: Level, request_id: str | None, now_s: float) -> bytes:
    """The lines of `text` as a JSON log keeps them: those at or above `least`, each one an object."""
    return b"".join(_shaped(line, least, request_id, now_s) for line in events(text))


def _shaped(line: bytes, least: Level, request_id: str | None, now_s: float) -> bytes:
    members = _object(line)
    if members is not None:
        return line if declared(members) >= least else b""
    if least > Level.INFO:
        return b""
    wrapped = {"timestamp": iso_time(now_s), "level": "INFO", "message": line.rstrip(b"\n").decode("utf-8", "replace")}
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
