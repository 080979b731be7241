"""Which requests change what moto knows, by their heads and forms."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Any

_ACTION = re.compile(rb"(?:^|&)Action=([A-Za-z0-9]{1,128})")
READS = (
    *("BatchGet", "Check", "Decrypt", "Describe", "Encrypt", "Estimate", "GenerateDataKey", "GenerateMac"),
    *("GenerateRandom", "Get", "Head", "List", "Lookup", "Query", "ReEncrypt", "Scan", "Search", "Simulate", "Test"),
    *("TransactGet", "Validate"),
)
"""How operations begin that change nothing."""
READ_ONLY = frozenset(("DecodeAuthorizationMessage", "Sign", "Verify", "VerifyMac"))
CHANGES = frozenset(("GetId",))
"""All the same."""
PASSING = frozenset(
    (
        *("Publish", "PublishBatch"),
        *("StartExecution", "StartSyncExecution", "StopExecution", "RedriveExecution"),
        *("SendEmail", "SendRawEmail", "SendTemplatedEmail", "SendBulkTemplatedEmail"),
        *("GetActivityTask", "SendTaskFailure", "SendTaskHeartbeat", "SendTaskSuccess"),
    )
)
"""What they do is over when the process is, or is not to be done again."""

CALLING = frozenset(("CreateReceiptRule", "RegisterTargets", "UpdateReceiptRule"))
"""They ask whether there is whom they name, and what its policy says."""
SENT = ("/v2/email/outbound-emails", "/v2/email/outbound-bulk-emails")
"""Paths of what is passing."""


class RequestKind(Enum):
    """What a request is for the journal."""

    READ = auto()  # or passing: not in it
    CHANGE = auto()  # in it before it is made; changes are made one after the other
    CALLS = auto()  # it calls our own server: made beside others, and in the journal before it is answered
    ROTATION = auto()  # as that; what came of it is in the journal, since the function's part of it is there too


def kind_of(backend: str, environ: dict[str, Any], form: bytes) -> RequestKind:
    """form: the body, where it may name the operation."""
    operation = operation_of(environ, form)
    if operation == "RotateSecret":
        return RequestKind.ROTATION
    if operation in CALLING:
        return RequestKind.CALLS
    if operation is not None:
        return RequestKind.CHANGE if _is_change(operation) else RequestKind.READ
    names = {pair.partition("=")[0] for pair in environ["QUERY_STRING"].split("&")}
    method = environ["REQUEST_METHOD"]
    is_passing = environ["PATH_INFO"] in SENT if backend == "sesv2" else backend == "s3" and "select" in names
    if method in ("GET", "HEAD", "OPTIONS") or is_passing:
        return RequestKind.READ
    return RequestKind.CALLS if backend == "s3" and method == "PUT" and "notification" in names else RequestKind.CHANGE


def operation_of(environ: dict[str, Any], form: bytes) -> str | None:
    """As the JSON and the query protocol name it; None: it is told by method and path."""
    target: str | None = environ.get("HTTP_X_AMZ_TARGET")
    if target is not None:
        return target.rpartition(".")[2]
    action = _ACTION.search(form) or _ACTION.search(environ["QUERY_STRING"].encode("latin-1"))
    return None if action is None else action[1].decode()


def _is_change(operation: str) -> bool:
    if operation in CHANGES:
        return True
    return operation not in PASSING and operation not in READ_ONLY and not operation.startswith(READS)
