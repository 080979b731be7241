"""Lets a WSGI app serve requests (PEP 3333)."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from threading import Lock
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.pieces import PIECE_BYTES
from lambda_emu.gateway.request import Request

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

REQUEST, CALL = "lambda_emu.request", "lambda_emu.call"
"""Keys of an environ: the request as it came, for what WSGI cannot say of it, and its call, None if it has none."""


WHOLE_BYTES = 1024 * 1024
"""Of an answer that is sent whole; a larger one is fetched from the app as the client takes it."""


class LateApp:
    """A WSGI app that is made once, by whichever request needs it first; or before, by `make`.

    For apps whose libraries are slow to import: who only invokes needs none of them.
    """

    def __init__(self, make: Callable[[], WsgiApp]) -> None:
        self._make = make
        self._app: WsgiApp | None = None
        self._lock = Lock()  # guards _app while it is made

    @property
    def is_made(self) -> bool:
        return self._app is not None

    def make(self) -> WsgiApp:
        with self._lock:
            if self._app is None:
                self._app = self._make()
            return self._app

    def serve(self, request: Request, call: Call | None) -> Answer | None:
        return serve(self.make(), request, call)


def serve(app: WsgiApp, request: Request, call: Call | None) -> Answer | None:
    """What the app answers; None when the answer comes later: the app has detached the call, or it is a large one.

    An answer to HEAD goes the way of large ones: it has another length than it says.
    """
    begun = _Begun()
    answered = app(environ_of(request) | {CALL: call}, begun.start_response)
    close: Callable[[], object] = getattr(answered, "close", lambda: None)
    with ExitStack() as ending:
        ending.callback(close)
        pieces = iter(answered)
        is_whole = begun.take(pieces)
        if call is None:
            begun.taken.extend(pieces)
        elif not call.detached and (not is_whole or request.method == "HEAD"):
            ending.pop_all()
            call.detach(call.flow, begun.status, begun.headers, begun.length, chain(begun.taken, pieces), close)
        if call is not None and call.detached:
            return None
    return Answer(begun.status, begun.headers, b"".join(begun.taken))


class _Begun:
    """What an app has said so far. length: of the body, where it says it. taken: of its pieces."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[str, str]] = []
        self.length: int | None = None
        self.taken: list[bytes] = []

    def start_response(self, line: str, headers: list[tuple[str, str]], *_: object) -> Callable[[bytes], None]:
        self.status = int(line[:3])
        self.headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
        self.length = next((int(value) for name, value in headers if name.lower() == "content-length"), None)
        return self.taken.append

    def take(self, pieces: Iterator[bytes]) -> bool:
        """As much as is kept in memory. Whether that is all."""
        size = 0
        for piece in pieces:
            self.taken.append(piece)
            size += len(piece)
            if size > WHOLE_BYTES:
                return False
        return True


def _file_pieces(file: IO[bytes], _size: int = 0) -> Iterable[bytes]:
    """A file as apps hand it out, in pieces larger than they think of."""
    from werkzeug.wsgi import FileWrapper  # here: whoever hands files out has it already

    return FileWrapper(file, PIECE_BYTES)


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
        "wsgi.file_wrapper": _file_pieces,
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
