"""What the platform has to say about an environment and its invocations, as facts.

docs/contract/runtime.md#telemetry.
"""

from __future__ import annotations

from msgspec import Struct

from lambda_emu.logs import text_lines
from lambda_emu.logs.billing import billed_ms
from lambda_emu.logs.text_lines import Figures

SUCCESS = text_lines.SUCCESS


class Tracing(Struct, frozen=True):
    """The trace header an invocation runs under."""

    value: str
    span_id: str | None = None


class Span(Struct, frozen=True):
    """A stretch of an invocation. name: responseLatency, responseDuration, runtimeOverhead, extensionOverhead."""

    name: str
    start_s: float  # since the epoch
    duration_ms: float


class InitStart(Struct, frozen=True):
    """An environment begins to initialise. runtime_version: known for managed runtimes only."""

    function_name: str
    function_version: str
    runtime_version: str | None = None
    runtime_version_arn: str | None = None
    phase: str = "init"
    initialization_type: str = "on-demand"


class InitRuntimeDone(Struct, frozen=True):
    """The runtime asked for its first event, or failed before it did."""

    status: str = SUCCESS
    error_type: str | None = None
    phase: str = "init"
    initialization_type: str = "on-demand"


class InitReport(Struct, frozen=True):
    """An init has ended. phase: "init", or "invoke" when it was repeated inside an invocation."""

    duration_ms: float
    status: str = SUCCESS
    error_type: str | None = None
    phase: str = "init"
    initialization_type: str = "on-demand"


class Start(Struct, frozen=True):
    """An environment got an event."""

    request_id: str
    version: str
    tracing: Tracing | None = None
    tenant_id: str | None = None


class RuntimeDone(Struct, frozen=True):
    """The runtime has answered and asked for the next event, or failed. produced_bytes: size of its answer."""

    request_id: str
    duration_ms: float
    produced_bytes: int
    status: str = SUCCESS
    error_type: str | None = None
    spans: tuple[Span, ...] = ()
    tracing: Tracing | None = None


class End(Struct, frozen=True):
    """The runtime is done with an event, well or not."""

    request_id: str


class Report(Struct, frozen=True):
    """An invocation is over for everybody inside.

    init_ms: only for the first invocation after an init of its own phase. peak_mb: the environment's highest so far.
    status: "success", "failure" (the function answered with an error), "error" (it crashed) or "timeout".
    """

    request_id: str
    duration_ms: float
    memory_mb: int
    peak_mb: int
    init_ms: float | None = None
    status: str = SUCCESS
    error_type: str | None = None
    tracing: Tracing | None = None

    @property
    def billed_ms(self) -> int:
        return billed_ms(self.duration_ms, self.init_ms)

    @property
    def figures(self) -> Figures:
        """As its line shows them."""
        ended = (self.request_id, self.status, self.error_type)
        return *ended, self.duration_ms, self.billed_ms, self.memory_mb, self.peak_mb, self.init_ms


Record = InitStart | InitRuntimeDone | InitReport | Start | RuntimeDone | End | Report
