"""The streams of Kinesis of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_emu.services.journal.late import LateHeir

if TYPE_CHECKING:
    from lambda_emu.services.kinesis.streams import Streams


class LateStreams(LateHeir["Streams"]):
    left = "SELECT 1 FROM kinesis_streams"

    def _open(self) -> Streams:
        from lambda_emu.services.kinesis import table
        from lambda_emu.services.kinesis.changes import KEEPING
        from lambda_emu.services.kinesis.streams import Streams

        return self._open_kept(KEEPING, Streams, table.read_all)
