"""The Flask app, made when a request first needs it: a one-shot invocation needs none, and Flask is slow to import."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any

from lambda_emu.gateway.bridge import WsgiApp


class LateApp:
    """A WSGI app that is made once, by whichever worker asks first; or before, by `make`."""

    def __init__(self, make: Callable[[], WsgiApp]) -> None:
        self._make = make
        self._app: WsgiApp | None = None
        self._lock = Lock()  # guards _app while it is made

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return self.make()(environ, start_response)

    def make(self) -> WsgiApp:
        with self._lock:
            if self._app is None:
                self._app = self._make()
            return self._app
