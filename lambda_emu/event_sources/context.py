"""What all who poll have of the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.event_sources.leave import LateLeave
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.request import Invoke
from lambda_emu.store import Store

CountFor = Callable[[Scope, tuple[tuple[str, str], ...], str, float], None]
"""A value of a metric with these dimensions, as `metrics.Recorder.add_for`; invoke.ending.Count is of functions."""


class PollingContext(NamedTuple):
    """store: of mappings and functions. invoke: gives a batch to its function.

    count_for: of metrics of mappings. leave: who may read.
    """

    store: Store
    invoke: Invoke
    count_for: CountFor
    loop: Loop
    clock: Clock
    leave: LateLeave
