"""What the log is asked to do besides keeping what functions print: it is done in order with that, and answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

ENDED = "the log's writer has ended"

Told = Callable[[str | None], None]
"""Called on the store's thread. None: it was done, and lasts; else why it was not."""


class LogRequest(Struct, frozen=True):
    """kind, detail, data: as `logs.writer` has them."""

    kind: int
    detail: Any
    told: Told
    data: bytes = b""
