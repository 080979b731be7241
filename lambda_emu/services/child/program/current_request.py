"""What is known of the request that a thread serves: moto's models do not hand it down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lambda_emu.services.s3_ids import s3_ids

_here = threading.local()

SERVICE = "lambda_emu.service"
"""Key of an environ: moto's name of the service that it is asked of."""
REQUEST_ID, PEER, ACCOUNT = "HTTP_X_LAMBDA_EMU_REQUEST_ID", "HTTP_X_LAMBDA_EMU_PEER", "HTTP_X_MOTO_ACCOUNT_ID"
TRACE = "HTTP_X_AMZN_TRACE_ID"


@contextmanager
def asking(environ: dict[str, Any]) -> Iterator[None]:
    """Until the block ends this thread serves it."""
    _here.environ = environ
    try:
        yield
    finally:
        _here.environ = {}


@contextmanager
def later() -> Iterator[list[Callable[[], None]]]:
    """What this thread would tell others until the block ends is put into a list, to be told afterwards."""
    waiting: list[Callable[[], None]] = []
    _here.waiting = waiting
    try:
        yield waiting
    finally:
        _here.waiting = None


def tell(deliver: Callable[[], None]) -> None:
    """Now, or when a change is made; as the request that is served now."""
    waiting, environ = getattr(_here, "waiting", None), getattr(_here, "environ", {})
    if waiting is None:
        deliver()
        return

    def as_asked() -> None:
        with asking(environ):
            deliver()

    waiting.append(as_asked)


def _said(name: str, otherwise: str) -> str:
    said: str = getattr(_here, "environ", {}).get(name) or otherwise
    return said


def peer() -> str:
    """The address that the caller asks from."""
    return _said(PEER, "127.0.0.1")


def trace() -> dict[str, str]:
    """The header that names the chain of events it belongs to, for what follows from it; none if it has none."""
    said = _said(TRACE, "")
    return {"X-Amzn-Trace-Id": said} if said else {}


def service() -> str:
    """moto's name of whose request it is; none where a service does something by itself."""
    return _said(SERVICE, "")


def has(parameter: str) -> bool:
    """Whether the query names it, as `?tagging` and `?uploadId=1` do."""
    return any(pair.partition("=")[0] == parameter for pair in _said("QUERY_STRING", "").split("&"))


def is_expiry() -> bool:
    """Whether an item is deleted because its time is over."""
    return bool(_said("HTTP_X_LAMBDA_EMU_EXPIRED", ""))


def skips_validation() -> bool:
    """Whether targets of notifications may be what nobody can reach."""
    return _said("HTTP_X_AMZ_SKIP_DESTINATION_VALIDATION", "").lower() == "true"


def principal() -> str:
    return f"AWS:{_said(ACCOUNT, '123456789012')}"


def session_token() -> str:
    """Of temporary credentials; empty where there is none."""
    return _said("HTTP_X_AMZ_SECURITY_TOKEN", "")


def request_ids() -> dict[str, str]:
    """As S3 names its requests: both say the same request."""
    return s3_ids(_said(REQUEST_ID, ""))
