"""HTTP servers of others: each does for every request what a test says."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

Exchange = BaseHTTPRequestHandler
"""A request, by its command, path and headers, and what its answer is written to."""


@contextmanager
def http_server(
    answer: Callable[[Exchange], object], host: str = "127.0.0.1", certificate: Path | None = None
) -> Iterator[str]:
    """The URL of one, until the block ends; by TLS with a certificate and its key. Who hangs in `answer` is left."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer(self)

        do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer((host, 0), Handler) as server:
        if certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate)
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name=f"server of {answer}")
        thread.start()
        try:
            yield f"{'https' if certificate else 'http'}://{host}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def body_of(exchange: Exchange) -> bytes:
    return exchange.rfile.read(int(exchange.headers.get("Content-Length") or 0))


def send(exchange: Exchange, body: bytes = b"", status: int = 200, **headers: str) -> None:
    """An answer with its length. headers: `_` stands for `-`."""
    exchange.send_response(status)
    for name, value in {"Content_Length": str(len(body)), **headers}.items():
        exchange.send_header(name.replace("_", "-"), value)
    exchange.end_headers()
    exchange.wfile.write(body)
