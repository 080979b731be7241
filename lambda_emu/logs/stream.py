"""The log stream of one execution environment: what it prints and what the platform says of it, in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from msgspec import Struct

from lambda_emu.arn import FunctionId
from lambda_emu.clock import Clock
from lambda_emu.logs.frames import LogRecord
from lambda_emu.logs.levels import Level, configured_level
from lambda_emu.logs.platform import lines_of
from lambda_emu.logs.records import Record, Report, Start
from lambda_emu.model.function.function import FunctionVersion

DEFAULT_GROUP = "/aws/lambda/"


class Origin(Struct, frozen=True, eq=False):
    """Which stream a line belongs to, and what the price of its invocations depends on."""

    group: str
    name: str
    function: FunctionId
    version: str
    architecture: str
    storage_mb: int
    log_format: str
    application_level: Level
    system_level: Level

    @classmethod
    def of(cls, version: FunctionVersion, clock: Clock) -> Origin:
        """A new stream of a function's version, named after today (UTC)."""
        logging = version.logging
        return cls(
            group=logging.log_group,
            name=stream_name(logging.log_group, version.id.name, version.version, clock),
            function=version.id,
            version=version.version,
            architecture=version.architecture,
            storage_mb=version.ephemeral_storage_mb,
            log_format=logging.log_format,
            application_level=configured_level(logging.application_log_level),
            system_level=configured_level(logging.system_log_level),
        )


class StreamClosed(Struct, frozen=True):
    """The environment is gone; nothing follows in its stream."""


Chunk = tuple[Origin, int, bytes, Record | StreamClosed | LogRecord | None]
"""Some bytes on their way to the store, with the time in milliseconds since the epoch.

The last is None with output, cut anywhere; a LogRecord with its text, one event; else the last record of the lines. A
START or REPORT without bytes, of a text log, is put into words where it is written, and END before a REPORT.
"""


ENDED = "the log's writer has ended"

Told = Callable[[str | None], None]
"""Called on the store's thread. None: it was done, and lasts; else why it was not."""


class LogRequest(Struct, frozen=True):
    """What the log is asked besides keeping what functions print: it is done in order with that, and answered.

    kind, detail, data: as `logs.writer` has them.
    """

    kind: int
    detail: Any
    told: Told
    data: bytes = b""


class LogSink(Protocol):
    """Takes chunks on the loop without waiting."""

    def offer(self, chunk: Chunk) -> bool:
        """Take it. False: it was taken, but nothing more should come before `when_room` calls back."""

    def when_room(self, callback: Callable[[], None]) -> None:
        """Call back once, on the loop, when there is room again."""


def stream_name(group: str, function: str, version: str, clock: Clock) -> str:
    """`2024/01/31/[$LATEST]<32 hex>`; in a group of the user's own the function's name leads.

    docs/contract/logs-billing.md#groups-and-streams.
    """
    day = datetime.fromtimestamp(clock.now_s(), UTC).strftime("%Y/%m/%d")
    owner = "" if group == DEFAULT_GROUP + function else function
    return f"{day}/{owner}[{version}]{clock.new_token()}"


class LogStream:
    """Written on the loop; costs little there, for lines are found and kept by the store's own thread."""

    def __init__(self, origin: Origin, sink: LogSink, clock: Clock) -> None:
        self.origin = origin
        self._sink = sink
        self._clock = clock
        self.is_json = origin.log_format == "JSON"
        self._line = lines_of(origin.log_format, origin.system_level)

    def write_output(self, data: bytes) -> bool:
        """What the code printed, cut anywhere. False: stop reading its output until `when_room` calls back."""
        return self._sink.offer((self.origin, int(self._clock.now_s() * 1000), data, None))

    def write_record(self, record: LogRecord) -> bool:
        """What the code logged by its runtime's client. False: as for output."""
        return self._sink.offer((self.origin, int(self._clock.now_s() * 1000), record.text, record))

    def write_platform(self, *records: Record) -> bytes:
        """Write records' lines. Returns them, for the tail; empty when this log shows none of the records."""
        now_s, origin = self._clock.now_s(), self.origin
        text, last = b"", None
        for record in records:
            line = self._line(record, now_s)
            if line is not None or isinstance(record, Start):  # an unseen START still says whose output follows
                text += line or b""
                last = record
        if last is not None:
            self._sink.offer((origin, int(now_s * 1000), text, last))
        return text

    def write_later(self, record: Start | Report) -> None:
        """The same of a text log whose lines nobody needs here; with a REPORT its END is written too."""
        self._sink.offer((self.origin, int(self._clock.now_s() * 1000), b"", record))

    def when_room(self, callback: Callable[[], None]) -> None:
        """Call back once, on the loop, when output may be read again."""
        self._sink.when_room(callback)

    def close(self) -> None:
        """The last call: a line still open becomes an event."""
        self._sink.offer((self.origin, int(self._clock.now_s() * 1000), b"", StreamClosed()))
