"""Lets a WSGI app serve requests (PEP 3333)."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any
from urllib.parse import unquote_to_bytes

from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

REQUEST, CALL = "lambda_emu.request", "lambda_emu.call"
"""Keys of an environ: the request as it came, for what WSGI cannot say of it, and its call, None if it has none."""


class LateApp:
    """A WSGI app that is made once, by whichever request needs it first; or before, by `make`.

    For apps whose libraries are slow to import: a one-shot invocation needs none of them.
    """

    def __init__(self, make: Callable[[], WsgiApp]) -> None:
        self._make = make
        self._app: WsgiApp | None = None
        self._lock = Lock()  # guards _app while it is made

    def make(self) -> WsgiApp:
        with self._lock:
            if self._app is None:
                self._app = self._make()
            return self._app

    def serve(self, request: Request, call: Call | None) -> Answer | None:
        return serve(self.make(), request, call)


def serve(app: WsgiApp, request: Request, call: Call | None) -> Answer | None:
    """What the app answers; None when it has detached the call, whose answer comes later."""
    status, headers, chunks = 500, list[tuple[str, str]](), list[bytes]()

    def start_response(line: str, found: list[tuple[str, str]], *_: object) -> Callable[[bytes], None]:
        nonlocal status, headers
        status, headers = int(line[:3]), [(n, v) for n, v in found if n.lower() != "content-length"]
        return chunks.append

    answered = app(environ_of(request) | {CALL: call}, start_response)
    try:
        chunks.extend(answered)
    finally:
        close = getattr(answered, "close", None)
        if close is not None:
            close()
    return None if call is not None and call.detached else Answer(status, headers, b"".join(chunks))


def environ_of(request: Request) -> Environ:
    """What WSGI wants to know of a request. A body that lies in a file is not in it."""
    environ: Environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query.decode("latin-1"),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "wsgi.input": io.BytesIO(request.body),
        "CONTENT_LENGTH": str(len(request.body)),
        REQUEST: request,
    }
    for name, value in request.head.headers:
        text = value.decode("latin-1")
        if name == b"content-type":
            environ["CONTENT_TYPE"] = text
        elif name not in (b"content-length", b"transfer-encoding"):
            key = "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
            environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ
