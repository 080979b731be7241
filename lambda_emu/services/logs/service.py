"""What the gateway is told of CloudWatch Logs."""

from __future__ import annotations

from lambda_emu.gateway.request import Request
from lambda_emu.http.executors import Workers
from lambda_emu.services.own import OwnService

SEARCHES = Workers("searches of logs", 3, 128)
"""Each may take a second: who pushes does not wait for them."""
SEARCHING = (b"Filter", b"Get", b"Describe", b"List", b"StartLiveTail", b"StartQuery")
TARGET = b"Logs_20140328."


class LogService(OwnService):
    """most_bytes: of a megabyte of events, escaped as JSON may escape it."""

    name = "logs"
    workers = Workers("requests about logs", 4, 128)
    most_bytes = 8 * 1024 * 1024

    def workers_for(self, request: Request) -> Workers:
        operation = request.head.first.get(b"x-amz-target", b"").removeprefix(TARGET)
        return SEARCHES if operation.startswith(SEARCHING) else self.workers
