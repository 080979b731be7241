"""A bench for an init that passes its sockets: the real link to a real one, on a loop that tests ask from outside."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import uvloop
from init_rig import LIMIT_S, LINE_PATH, init_command, launched

from lambda_emu.sandbox.base import Exit, Program, Usage
from lambda_emu.sandbox.init.link import InitAcceptor
from lambda_emu.sandbox.init.local import LocalLink
from lambda_emu.sandbox.init.socket_file import NAME, SocketFile

T = TypeVar("T")


class Heard:
    """What a link's listener heard, in turn: output as (role, bytes), figures as (token, usage)."""

    def __init__(self) -> None:
        self.all: list[object] = []
        self.more = asyncio.Event()
        self.paused: Callable[[], object] | None = None

    def output(self, role: int, data: bytes) -> None:
        self._hear((role, data))
        if self.paused is not None:
            self.paused()

    def synced(self, token: int, usage: Usage) -> None:
        self._hear((token, usage))

    def exited(self, exit: Exit) -> None:
        self._hear(exit)

    def killed(self) -> None:
        self._hear("killed")

    def lost(self) -> None:
        self._hear("lost")

    def _hear(self, thing: object) -> None:
        self.all.append(thing)
        self.more.set()

    def text(self, role: int = 0) -> str:
        parts = [one[1] for one in self.all if isinstance(one, tuple) and one[0] == role and isinstance(one[1], bytes)]
        return b"".join(parts).decode()


class LocalRig:
    """One init on the line. Everything is waited for at most LIMIT_S."""

    def __init__(self, loop: asyncio.AbstractEventLoop, link: LocalLink) -> None:
        self._loop = loop
        self.link = link
        self._tokens = 0
        self.heard = Heard()
        link.listener = self.heard

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(asyncio.wait_for(work, LIMIT_S))

    def turn(self, count: int = 1) -> None:
        for _ in range(count):
            self.run(asyncio.sleep(0))

    def start(self, *argv: str, role: int = 0) -> None:
        self.link.start(role, Program(argv, {"PATH": "/usr/bin:/bin"}, "/"))

    def shell(self, script: str, role: int = 0) -> None:
        self.start("/bin/sh", "-c", script, role=role)

    def perl(self, script: str, *arguments: str, role: int = 0) -> None:
        self.start("/usr/bin/perl", "-MIO::Socket::INET", "-e", f"$| = 1; {script}", *arguments, role=role)

    def wait_for(self, is_it: Callable[[object], bool], what: str) -> object:
        """The first thing heard that it is; it and what came before is dropped from `heard` by `forget`."""

        async def wait() -> object:
            while True:
                for thing in self.heard.all:
                    if is_it(thing):
                        return thing
                self.heard.more.clear()
                await self.heard.more.wait()

        try:
            return self.run(wait())
        except TimeoutError:
            raise AssertionError(f"no {what}; heard {str(self.heard.all)[-1000:]}") from None

    def exit(self, role: int = 0) -> Exit:
        found = self.wait_for(lambda thing: isinstance(thing, Exit) and thing.role == role, "exit")
        assert isinstance(found, Exit)
        return found

    def wait_for_text(self, text: str, role: int = 0) -> None:
        self.wait_for(lambda _: text in self.heard.text(role), repr(text))

    def sync(self, busy_ms: float = 0) -> Usage:
        self._tokens += 1
        token = 1000 + self._tokens
        self.link.sync(token, busy_ms)
        found = self.wait_for(lambda thing: isinstance(thing, tuple) and thing[0] == token, "answer to SYNC")
        assert isinstance(found, tuple)
        assert isinstance(found[1], Usage)
        return found[1]

    def reset(self) -> None:
        self.heard = self.link.listener = Heard()
        self.link.resume_output()
        self.link.kill()
        self.wait_for(lambda thing: thing == "killed", "word that all is dead")
        self.heard = self.link.listener = Heard()


@contextmanager
def running_local_init(mode: str, machine: str = os.uname().machine) -> Iterator[LocalRig]:
    """In one of init_rig's MODES. In the container loopback is its own."""
    loop, secret = uvloop.new_event_loop(), secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as folder:
        init = init_command(Path(folder), machine)
        file = SocketFile(Path(folder, "line"))
        file.make()
        path = LINE_PATH if mode == "container" else file.folder
        with launched(mode, init, f"{path}/{NAME}|::{secret}", file.folder):

            async def call() -> LocalLink:
                acceptor = InitAcceptor()
                arriving = acceptor.expect(secret, LIMIT_S)
                file.let_in(acceptor)
                link = await arriving
                assert isinstance(link, LocalLink)
                return link

            rig = LocalRig(loop, loop.run_until_complete(call()))
            try:
                yield rig
            finally:
                loop.call_soon(rig.link.close)
                rig.turn(3)
        loop.close()


def own_address(mode: str) -> str:
    """Of loopback, where nobody else is."""
    return "127.0.0.1" if mode == "container" else f"127.{secrets.randbelow(100) + 100}.{secrets.randbelow(256)}.1"


def text_from(connection: socket.socket) -> bytes:
    """All that the other side sends."""
    connection.setblocking(True)
    connection.settimeout(LIMIT_S)
    heard = b""
    while chunk := connection.recv(65536):
        heard += chunk
    return heard
