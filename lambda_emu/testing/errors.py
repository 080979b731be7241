"""What a test is told: of a function that failed, and of what could not be had."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


class FunctionError(Exception):
    """A function raised, exited or timed out.

    type, message: as the function's answer has them, `ZeroDivisionError`. trace: its traceback, a line or frame each.
    payload: the whole answer. request_id: of the invocation, as in the function's log.
    """

    def __init__(self, function: str, payload: bytes, request_id: str) -> None:
        answer = _read(payload)
        self.function = function
        self.payload = answer
        self.request_id = request_id
        members = answer if isinstance(answer, dict) else {}
        self.type = str(members.get("errorType") or "")
        self.message = str(members.get("errorMessage") or "")
        self.trace = _trace(members)
        told = ": ".join(part for part in (self.type, self.message) if part) or payload.decode("utf-8", "replace")
        super().__init__("\n".join([f"{function} failed: {told}", *self.trace]))


class NotDeployed(Exception):
    """There is no function to be had from what was given."""


class NotStarted(Exception):
    """No server can be had; the text has what it said."""


class SharedServer(Exception):
    """What was asked for would change what other tests see at the same time."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"other tests use this server too, and would see {what}; a test marked with @pytest.mark.lambda_clock "
            "has a server that no other uses meanwhile"
        )


def _read(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")


def _trace(members: dict[str, Any]) -> Sequence[str]:
    """Python's `stackTrace`, Node's `trace`; other runtimes may have neither."""
    found = members.get("stackTrace") or members.get("trace") or ()
    return tuple(str(line).rstrip("\n") for line in found) if isinstance(found, list) else ()
