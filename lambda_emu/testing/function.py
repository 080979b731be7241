"""A deployed function, as a test calls it."""

from __future__ import annotations

import base64
import json
from typing import Any, Protocol

from msgspec import Struct

from lambda_emu.testing.errors import FunctionError


class Owner(Protocol):
    """The account that a function is in. number: its 12 digits."""

    number: str

    def client(self, service: str = ..., region: str | None = ...) -> Any:
        """boto3's."""


class Answer(Struct, frozen=True):
    """What an invocation came back with. payload: None where it has none. log: its last 4 KB, where that was asked."""

    payload: Any
    request_id: str
    version: str
    log: str


class Function:
    """Called with an event it returns what the function does. name, arn: the function's; account: where it is."""

    def __init__(self, name: str, arn: str, account: Owner) -> None:
        self.name = name
        self.arn = arn
        self.account = account

    def __call__(self, event: Any = None, **told: Any) -> Any:
        """Invoke it with an event of JSON, bytes as they are, and return its payload. FunctionError.

        told: members of Invoke, `Qualifier="live"`.
        """
        __tracebackhide__ = True
        return self.invoke(event, **told).payload

    def invoke(self, event: Any = None, *, log: bool = False, **told: Any) -> Answer:
        """The same with what else is known. log: also its last lines, which are whole a moment later. FunctionError."""
        __tracebackhide__ = True
        if log:
            told["LogType"] = "Tail"
        answer = self._ask(event, told)
        payload = answer["Payload"].read()
        request_id = answer["ResponseMetadata"]["RequestId"]
        if "FunctionError" in answer:
            raise FunctionError(self.name, payload, request_id)
        tail = base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace")
        return Answer(json.loads(payload) if payload else None, request_id, answer.get("ExecutedVersion", ""), tail)

    def send(self, event: Any = None, **told: Any) -> str:
        """Leave it an event, as asynchronous callers do; returns the id of the request."""
        answer = self._ask(event, {"InvocationType": "Event"} | told)
        return str(answer["ResponseMetadata"]["RequestId"])

    def _ask(self, event: Any, told: dict[str, Any]) -> Any:
        body = event if isinstance(event, bytes) else json.dumps({} if event is None else event).encode()
        return self.account.client().invoke(FunctionName=self.name, Payload=body, **told)

    def __repr__(self) -> str:
        return f"<function {self.name} of account {self.account.number}>"
