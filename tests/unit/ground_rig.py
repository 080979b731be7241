"""What a service of ours stands on: a store, a loop and a port, by which real clients ask it."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest
from boto_rig import client_at

from lambda_emu.api.service import LambdaService
from lambda_emu.clock import Clock
from lambda_emu.gateway.callers import Callers
from lambda_emu.gateway.gateway import Gateway
from lambda_emu.gateway.wsgi import LateApp
from lambda_emu.http.listener import Listener, PortSettings, bind
from lambda_emu.http.loop import Loop
from lambda_emu.store import Store

ACCOUNT, REGION = "123456789012", "us-east-1"


@dataclass(frozen=True)
class Ground:
    folder: Path
    clock: Clock
    store: Store
    loop: Loop
    socket: socket.socket

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def serve(
        self, service: Any, name: str, end: Callable[[], object], callers: Callers | None = None
    ) -> Iterator[Any]:
        """boto3's client of the service that has this name, until the block ends; the service is ended on the loop.

        What Lambda would be asked fails.
        """
        gateway = Gateway(self.loop, self.clock, self.folder / "spool", callers)
        late = LateApp(lambda: pytest.fail("Lambda is not asked here"))
        gateway.serve(service, LambdaService(late, None))  # type: ignore[arg-type]
        listener = Listener(gateway, self.clock, PortSettings(refusal=gateway.refusal))
        self.loop.run(listener.listen(self.socket), 10)
        try:
            with closing(client_at(self.url, name, ACCOUNT, REGION)) as client:
                yield client
        finally:
            self.loop.ask(end, 10)
            self.loop.ask(listener.close, 10)


@contextmanager
def ground_in(folder: Path, clock: Clock) -> Iterator[Ground]:
    """Until the block ends. What is kept stays in the folder."""
    store, loop, bound = Store.open(folder), Loop(), bind("127.0.0.1", 0)
    loop.start()
    clock.bind(loop.asyncio)
    try:
        yield Ground(folder, clock, store, loop, bound)
    finally:
        loop.stop()
        store.close()


@contextmanager
def served_apart(rig: ModuleType, service: str, folder: Path) -> Iterator[tuple[Any, subprocess.Popen[str]]]:
    """boto3's client of a server of its own, and that, which is killed in the end. rig: runs one as a program."""
    command = [sys.executable, str(rig.__file__), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield client_at(server.stdout.readline().strip(), service, ACCOUNT, REGION), server
        finally:
            server.kill()


def run_until_killed(url: str) -> NoReturn:
    """As a program, that first says where it serves."""
    print(url, flush=True)
    while True:
        threading.Event().wait()
