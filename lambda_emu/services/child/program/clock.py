"""The time of the server's clock: the machine's, but where a test has moved it. moto's dates follow it too."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

AHEAD = "HTTP_X_LAMBDA_EMU_AHEAD"
"""Key of an environ: how many seconds the server's clock is ahead of the machine's, where it is not that."""


class ServersClock:
    """As the last request said it, for all threads."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def follow(self, environ: Mapping[str, Any]) -> None:
        said = environ.get(AHEAD)
        if said is not None:
            self._ahead_s = float(said)

    def now_s(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._ahead_s


clock = ServersClock()
