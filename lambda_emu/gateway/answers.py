"""An answer as status, headers and body; and how an error becomes one. docs/contract/api.md#errors."""

from __future__ import annotations

import json
from logging import Logger

from msgspec import Struct

from lambda_emu.errors.base import LambdaError

HINT = "X-Lambda-Emu-Hint"
MOST_HINT = 1024
"""Characters."""


class Answer(Struct, frozen=True):
    """What goes back to the caller. Content-Length and Date are added where it is written."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""


def error_answer(error: LambdaError, request_id: str) -> Answer:
    """Status, x-amzn-ErrorType and the body, with the text under the key this error uses."""
    body: dict[str, str | None] = {}
    if error.reason is not None:
        body["Reason"] = error.reason
    if error.kind is not None:
        body["Type"] = error.kind
    body[error.text_key] = error.text
    headers = [
        ("Content-Type", "application/json"),
        ("x-amzn-ErrorType", error.code),
        ("x-amzn-RequestId", request_id),
        *hint_headers(error),
    ]
    return Answer(error.status, headers, json.dumps(body).encode())


def hint_headers(error: LambdaError) -> list[tuple[str, str]]:
    """The one that has its hint, if there is any: what others said may stand in it, and be of any characters."""
    if error.hint is None:
        return []
    printable = "".join(character if character.isprintable() else " " for character in error.hint[:MOST_HINT]).replace(
        "…", "..."
    )
    return [(HINT, printable.encode("ascii", "backslashreplace").decode())]


def log_hint(log: Logger, what: str, error: LambdaError) -> None:
    """What is wrong, for who asks by a client that shows no headers, as the AWS CLI. what: was refused."""
    if error.hint is not None:
        log.warning("%s is refused: %s Because %s", what, error.text, error.hint[:MOST_HINT])
