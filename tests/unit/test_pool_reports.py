"""When an answer waits for init's word on memory: only when there was time to use too much since the last."""

from __future__ import annotations

import pytest

from lambda_emu.environment.failures import may_be_out_of_memory
from lambda_emu.sandbox.base import Usage

MB = 1 << 20


@pytest.mark.parametrize(("known_mb", "elapsed_ms", "may_exceed"), [
    (0, 0.1, True),   # nothing is known yet
    (27, 1, False),
    (27, 20, False),
    (27, 30, True),
    (125, 2, True),
    (300, 0, True),
])  # fmt: skip
def test_memory_may_exceed_what_it_had_time_to_fill(known_mb: int, elapsed_ms: float, may_exceed: bool) -> None:
    usage = Usage(known_mb * MB, 300 * MB, 0, 0)

    assert may_be_out_of_memory(usage, 128 * MB, elapsed_ms) is may_exceed
