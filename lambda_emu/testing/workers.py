"""One server for all workers of xdist: the controller starts it when the first of them asks, and ends it.

A worker has no way to ask its controller but one of ours: a Unix socket, whose path it is given when it starts.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lambda_emu.testing.options import Told
    from lambda_emu.testing.process import Address, ServerProcess

KEY = "lambda_emu"
"""Of what the controller gives a worker."""
ASK_LIMIT_S = 660.0
"""A start takes at most ten minutes."""
MOST_ANSWER_BYTES = 65536


class Controller:
    """Answers its workers from a thread; the imports and the server come with the first question."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._process: ServerProcess | None = None
        self._failed: dict[str, Any] | None = None
        self._folder = tempfile.mkdtemp(prefix="lambda-emu-ask-")
        self.path = os.path.join(self._folder, "socket")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(64)
        self._thread = threading.Thread(target=self._answer_all, name="lambda-emu controller", daemon=True)
        self._thread.start()

    def said(self) -> str:
        return "" if self._process is None else self._process.said

    def close(self) -> None:
        """End the thread and the server."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self._thread.join(ASK_LIMIT_S)
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._process is not None:
            self._process.close()

    def _answer_all(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.sendall(json.dumps(self._answer()).encode())

    def _answer(self) -> Any:
        from msgspec import to_builtins  # here: no worker may ever ask

        if self._failed is not None:
            return self._failed
        try:
            return to_builtins(self._find())
        except Exception as error:  # noqa: BLE001 - told to the worker, whose test fails with it
            self._failed = {"error": f"{type(error).__name__}: {error}"}
            return self._failed

    def _find(self) -> Address:
        from lambda_emu.testing.servers import address_of, start  # here: no worker may ever ask

        if self._told.url is not None:
            return address_of(self._told.url)
        if self._process is None:
            self._process = start(self._told)
        return self._process.address


def ask(path: str) -> Address:
    """Ask the controller. NotStarted, with what it was told."""
    from lambda_emu.testing.errors import NotStarted
    from lambda_emu.testing.process import Address

    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ASK_LIMIT_S)
        try:
            connection.connect(path)
            answer = b""
            while (chunk := connection.recv(MOST_ANSWER_BYTES)) and len(answer) < MOST_ANSWER_BYTES:
                answer += chunk
        except OSError as error:
            raise NotStarted(f"the controller of this run does not answer: {error}") from error
    found = json.loads(answer or b'{"error": "the run ends"}')
    if "error" in found:
        raise NotStarted(found["error"])
    return Address(**found)
