"""What was made of templates before, by what it was made of: in a folder among all caches."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lambda_emu.folders import NotOurs, Purpose, claim

MOST_KEPT = 64
MOST_BYTES = 32 * 1024 * 1024


def kept(file: Path, *members: str) -> dict[str, Any] | None:
    """None where there is none, or none with these members: it is made again."""
    try:
        with open(file, "rb") as opened:
            found = json.loads(opened.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.keys() >= {*members} else None


def keep(file: Path, answer: Mapping[str, Any]) -> None:
    """Whole or not at all; the oldest of too many go. What cannot be kept is made again."""
    if file.parent == Path():  # nowhere is named
        return
    try:
        claim(file.parent.parent, Purpose.CACHE)  # what others make there asks whether it is ours
        file.parent.mkdir(exist_ok=True)
        writing = file.with_suffix(f".{os.getpid()}")
        writing.write_text(json.dumps(answer))
        writing.replace(file)
        there = sorted(file.parent.glob("*.json"), key=lambda one: one.stat().st_mtime)
        for old in there[:-MOST_KEPT]:
            old.unlink(missing_ok=True)
    except (OSError, NotOurs):
        return
