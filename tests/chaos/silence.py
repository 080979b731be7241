"""Peers that are reached and say nothing, or nothing any more."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ENGINE_SOCKET = "/var/run/docker.sock"


class SilentServer(str):
    """Its URL, and how many have connected."""

    connections: list[socket.socket]

    def asked(self) -> int:
        return len(self.connections)


@contextmanager
def silent_server() -> Iterator[SilentServer]:
    """A server that takes every connection and never answers; it hangs up when the block ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as server:
        url = SilentServer(f"http://127.0.0.1:{server.getsockname()[1]}")
        url.connections = []
        thread = threading.Thread(target=_take_all, args=(server, url.connections), name="silent server")
        thread.start()
        try:
            yield url
        finally:
            server.shutdown(socket.SHUT_RDWR)  # ends its accept
            thread.join()
            for connection in url.connections:
                connection.close()


def _take_all(server: socket.socket, connections: list[socket.socket]) -> None:
    while True:
        try:
            connections.append(server.accept()[0])
        except OSError:
            return


class SilentEngine:
    """A socket in front of the engine's; from some moment on no byte passes either way, and nobody hangs up."""

    def __init__(self, path: Path) -> None:
        self.url = f"unix://{path}"
        self._path = path
        self._speaks = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="silent engine")
        self._open: set[asyncio.StreamWriter] = set()
        self._thread.start()
        self._run(self._listen())

    def fall_silent(self) -> None:
        self._loop.call_soon_threadsafe(self._speaks.clear)

    def speak(self) -> None:
        """What waited meanwhile is passed on."""
        self._loop.call_soon_threadsafe(self._speaks.set)

    def close(self) -> None:
        self._run(self._hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        self._speaks.set()
        self._server = await asyncio.start_unix_server(self._accept, self._path)

    async def _hang_up(self) -> None:
        self._server.close()
        self._speaks.set()
        for writer in list(self._open):
            writer.transport.abort()
        while self._open:
            await asyncio.sleep(0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        engine_reader, engine_writer = await asyncio.open_unix_connection(ENGINE_SOCKET)
        await asyncio.gather(self._pass_on(reader, engine_writer), self._pass_on(engine_reader, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while data := await reader.read(65_536):
                await self._speaks.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            return
        finally:
            self._open.discard(writer)
            writer.close()

    def _run(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)


@contextmanager
def silent_engine(folder: Path) -> Iterator[SilentEngine]:
    engine = SilentEngine(folder / f"engine-{os.getpid()}.sock")
    try:
        yield engine
    finally:
        engine.close()
