"""When an answer waits for init's word on memory: only when there was time to use too much since the last."""

from __future__ import annotations

import pytest
from sandbox_rig import EmptyInit, EmptySandbox

from lambda_emu.environment.reports import Reports
from lambda_emu.http.loop import Loop
from lambda_emu.sandbox.base import Usage

MB = 1 << 20


@pytest.mark.parametrize(("known_mb", "elapsed_ms", "may_exceed"), [
    (None, 0.1, True),   # nothing is known yet
    (27, 1, False),
    (27, 20, False),
    (27, 30, True),
    (125, 2, True),
    (300, 0, True),
])  # fmt: skip
def test_memory_may_exceed_what_it_had_time_to_fill(known_mb: int | None, elapsed_ms: float, may_exceed: bool) -> None:
    reports = Reports(EmptySandbox("sandbox", EmptyInit(Loop()), 0))
    if known_mb is not None:
        reports.synced(0, Usage(known_mb * MB, 300 * MB, 0, 0))

    assert reports.may_exceed(128 * MB, elapsed_ms) is may_exceed
