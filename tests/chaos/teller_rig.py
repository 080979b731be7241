"""Who hears what functions do, whatever becomes of their server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from server_rig import Exchange, body_of, http_server, send


@contextmanager
def teller(heard: list[str]) -> Iterator[str]:
    """Where functions tell their messages, in every life of the server."""
    lock = Lock()  # guards heard: a batch stands together

    def answer(exchange: Exchange) -> None:
        bodies = body_of(exchange).decode().splitlines()
        with lock:
            heard.extend(bodies)
        send(exchange, status=204)

    with http_server(answer) as url:
        yield f"{url}/"
