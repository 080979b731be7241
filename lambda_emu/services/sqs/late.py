"""The queues of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_emu.services.journal.late import LateHeir

if TYPE_CHECKING:
    from lambda_emu.services.sqs.queues import Queues


class LateQueues(LateHeir["Queues"]):
    left = "SELECT 1 FROM sqs_queues"

    def _open(self) -> Queues:
        from lambda_emu.services.sqs import table
        from lambda_emu.services.sqs.changes import KEEPING
        from lambda_emu.services.sqs.queues import Queues

        return self._open_kept(KEEPING, Queues, table.read_all)
