"""An HTTP proxy of one test's own, as far as package clients ask it: it counts who was asked for."""

from __future__ import annotations

import select
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

LIMIT_S = 60


class Proxy(ThreadingHTTPServer):
    """asked: how often for which host."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Passing)
        self.asked: Counter[str] = Counter()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Passing(BaseHTTPRequestHandler):
    """CONNECT for what is encrypted, GET of whole URLs for what is not."""

    server: Proxy

    def do_CONNECT(self) -> None:
        host, _, port = self.path.rpartition(":")
        self.server.asked[host] += 1
        with socket.create_connection((host, int(port)), LIMIT_S) as there:
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            self._pass_on(there)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        assert url.hostname is not None
        self.server.asked[url.hostname] += 1
        connection = HTTPConnection(url.hostname, url.port or 80, timeout=LIMIT_S)
        try:
            connection.request("GET", url.path, headers={"Host": url.netloc})
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        self.send_response(answer.status)
        for name in ("Content-Type", "Last-Modified", "Location"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):  # who asked may have gone
            self.wfile.write(body)

    def _pass_on(self, there: socket.socket) -> None:
        """Until either side has said all."""
        other = {self.connection: there, there: self.connection}
        while True:
            ready, _, _ = select.select(list(other), [], [], LIMIT_S)
            for side in ready:
                data = side.recv(65_536)
                if not data:
                    return
                other[side].sendall(data)
            if not ready:
                return

    def log_message(self, *_: Any) -> None: ...


@contextmanager
def proxy() -> Iterator[Proxy]:
    """Serving until the block ends."""
    server = Proxy()
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="test proxy")
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
