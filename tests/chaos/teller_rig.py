"""Who hears what functions do, whatever becomes of their server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def teller(heard: list[str]) -> Iterator[str]:
    """Where functions tell their messages, in every life of the server."""
    lock = threading.Lock()  # guards heard: a batch stands together

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies = self.rfile.read(int(self.headers["Content-Length"])).decode().splitlines()
            with lock:
                heard.extend(bodies)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="teller")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
