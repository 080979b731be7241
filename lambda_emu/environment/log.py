"""What one environment writes to its log, and the tail of the invocation it serves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lambda_emu.environment.failures import OUT_OF_MEMORY, Failure
from lambda_emu.environment.invocation import Invocation
from lambda_emu.environment.states import InitType
from lambda_emu.logs.frames import Frames, Piece
from lambda_emu.logs.records import (
    SUCCESS,
    End,
    InitReport,
    InitRuntimeDone,
    InitStart,
    Report,
    RuntimeDone,
    Start,
    Tracing,
)
from lambda_emu.logs.stream import LogStream
from lambda_emu.logs.tail import Tail
from lambda_emu.model.function.function import FunctionVersion
from lambda_emu.sandbox.base import Usage

MB = 1024 * 1024


class EnvironmentLog:
    """Puts the platform's records and the function's output in order. Runs on the loop."""

    def __init__(
        self,
        version: FunctionVersion,
        init_type: InitType,
        stream: LogStream,
        runtime_version: str | None,
        runtime_version_arn: str | None,
    ) -> None:
        self._version = version
        self._init_type = init_type
        self._stream = stream
        self._runtime_version = runtime_version
        self._runtime_version_arn = runtime_version_arn
        self._tail: Tail | None = None
        self._frames = Frames()
        self._tracing: Tracing | None = None  # of the invocation that runs

    @property
    def stream_name(self) -> str:
        return self._stream.origin.name

    def init_start(self) -> None:
        """The init phase begins; shown for runtimes whose version is known."""
        record = InitStart(
            self._version.id.name,
            self._version.version,
            self._runtime_version,
            self._runtime_version_arn,
            initialization_type=self._init_type,
        )
        self._stream.write_platform(record)

    def init_done(self, duration_ms: float) -> None:
        """The runtime is ready for its first event."""
        self._write_init_end(duration_ms, SUCCESS, None, "init")

    def init_report(self, duration_ms: float, phase: str, failure: Failure) -> None:
        """An init that failed."""
        self._write_init_end(duration_ms, failure.status, failure.error_type, phase)

    def _write_init_end(self, duration_ms: float, status: str, error_type: str | None, phase: str) -> None:
        self._stream.write_platform(
            InitRuntimeDone(status, error_type, phase, self._init_type),
            InitReport(duration_ms, status, error_type, phase, self._init_type),
        )

    def start(self, invocation: Invocation) -> None:
        """An invocation begins; with it its tail."""
        request, version = invocation.request, self._version.version
        if not (request.wants_tail or self._stream.is_json):
            self._stream.write_later(Start(request.request_id, version))
            return
        self._tracing = tracing = None if request.trace_id is None else Tracing(request.trace_id)
        line = self._stream.write_platform(Start(request.request_id, version, tracing, request.tenant_id))
        if request.wants_tail:
            self._tail = Tail()
            self._tail.append_line(line)

    def output(self, data: bytes) -> bool:
        """What the function printed and logged. False: read no more of it until `when_room` calls back."""
        return self._write(self._frames.feed(data))

    def output_ended(self) -> None:
        """Whoever wrote it has ended: what follows is another's."""
        self._write(self._frames.end())

    def _write(self, pieces: Sequence[Piece]) -> bool:
        room = True
        for piece in pieces:
            if isinstance(piece, bytes):
                if self._tail is not None:
                    self._tail.append(piece)
                room = self._stream.write_output(piece)
            else:
                if self._tail is not None:
                    self._tail.append_line(piece.text if piece.text.endswith(b"\n") else piece.text + b"\n")
                room = self._stream.write_record(piece)
        return room

    def report(self, invocation: Invocation, init_ms: float | None, usage: Usage) -> bytes | None:
        """The invocation is over: END and REPORT. Returns its tail if it was asked for.

        init_ms: of the init phase it pays for.
        """
        if pieces := self._frames.flush():
            self._write(pieces)
        request, failure, memory_mb = invocation.request, invocation.failure, self._version.memory_mb
        id, tracing = request.request_id, self._tracing
        duration_ms = (invocation.ended_s - invocation.started_s) * 1000
        status, error_type = (SUCCESS, None) if failure is None else (failure.status, failure.error_type)
        out_of_memory = error_type == OUT_OF_MEMORY  # the kernel may have been faster than init's next look
        peak_mb = memory_mb if out_of_memory else min(-(-usage.peak_bytes // MB), memory_mb)
        report = Report(id, duration_ms, memory_mb, peak_mb, init_ms, status, error_type, tracing)
        if self._tail is None and not self._stream.is_json:
            self._stream.write_later(report)
            return None
        if self._stream.is_json:
            done = RuntimeDone(id, duration_ms, invocation.produced_bytes, status, error_type, tracing=tracing)
            lines = self._stream.write_platform(done, End(id), report)
        else:
            lines = self._stream.write_platform(End(id), report)
        tail, self._tail = self._tail, None
        if tail is None:
            return None
        tail.append_line(lines)
        return tail.last()

    def when_room(self, callback: Callable[[], None]) -> None:
        """Call back once, when output may be read again."""
        self._stream.when_room(callback)

    def close(self) -> None:
        """The environment is gone."""
        self.output_ended()
        self._stream.close()
