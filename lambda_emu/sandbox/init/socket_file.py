"""Where the init of a sandbox finds its emulator: a socket in a folder that is mounted, called once, then gone."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from pathlib import Path

from lambda_emu.sandbox.init.local import LocalLink
from lambda_emu.sandbox.init.orders import Door

NAME = "emu.sock"
PASSED_THROUGH = 0o711


class SocketFile:
    """`make` is called on a worker, the rest on the loop. folder: is made then, for nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.setblocking(False)
        self._is_watched = False

    def make(self) -> None:
        """From now on it can be called. OSError."""
        self.folder.mkdir()
        self.folder.chmod(PASSED_THROUGH)
        at = os.open(self.folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._socket.bind(f"/proc/self/fd/{at}/{NAME}")  # a path may be longer than an address holds
        finally:
            os.close(at)
        (self.folder / NAME).chmod(0o666)
        self._socket.listen(1)

    def let_in(self, door: Door) -> None:
        """Whoever called first, or does, speaks to the door; nobody after that."""
        self._is_watched = True
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._accept, door)

    def close(self) -> None:
        if self._is_watched:
            self._is_watched = False
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()
        with suppress(OSError):  # it is gone with its folder
            (self.folder / NAME).unlink()

    def _accept(self, door: Door) -> None:
        with suppress(OSError):
            connection, _ = self._socket.accept()
            self.close()
            LocalLink(door, connection)
