"""Log groups as targets of rules: each event is a line, in a stream with the rule's name."""

from __future__ import annotations

import json
from typing import Any

from lambda_emu.clock import Clock
from lambda_emu.destinations.delivery import Delivery
from lambda_emu.destinations.failures import NotDelivered
from lambda_emu.destinations.requests import TargetRequest
from lambda_emu.destinations.senders import ClientSender
from lambda_emu.http.loop import Loop
from lambda_emu.services.clients import Call

NO_STREAM = "The specified log stream does not exist"


class LogGroupSender(ClientSender):
    def __init__(self, call: Call, loop: Loop, clock: Clock) -> None:
        super().__init__(call, loop)
        self._clock = clock

    def _send(self, delivery: Delivery, body: bytes) -> None:
        group = delivery.target.split(":", 5)[5].removeprefix("log-group:").removesuffix(":*")
        stream = {"logGroupName": group, "logStreamName": delivery.function.name}
        put = TargetRequest("logs", "PutLogEvents", {**stream, "logEvents": [self._line(body)]})
        try:
            self._ask(delivery, put)
        except NotDelivered as error:
            if NO_STREAM not in str(error):
                raise
            self._ask(delivery, TargetRequest("logs", "CreateLogStream", stream))
            self._ask(delivery, put)

    def _line(self, body: bytes) -> dict[str, Any]:
        """A template may say the time and the text of it: {"timestamp", "message"}."""
        text, now_ms = body.decode("utf-8", "replace"), int(self._clock.now_s() * 1000)
        try:
            said = json.loads(text)
        except ValueError:
            said = None
        if isinstance(said, dict) and said.keys() == {"timestamp", "message"} and type(said["timestamp"]) is int:
            message = said["message"]
            text = message if isinstance(message, str) else json.dumps(message, separators=(",", ":"))
            now_ms = said["timestamp"]
        return {"timestamp": now_ms, "message": text}
