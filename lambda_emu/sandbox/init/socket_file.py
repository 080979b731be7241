"""Where the init of a sandbox finds its emulator: a socket in a folder that is mounted, called once, then gone."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

from lambda_emu.sandbox.init.local import LocalLink
from lambda_emu.sandbox.init.orders import LinkAcceptor

NAME = "emu.sock"
PASSED_THROUGH = 0o711
NO_SOCKETS = (errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
"""Said by file systems that hold no sockets, such as those shared with a virtual machine, and by who forbids them."""

log = logging.getLogger(__name__)


class SocketFile:
    """`make` is called on a worker, the rest on the loop. folder: is made then, for nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.setblocking(False)
        self._is_made = self._is_watched = False

    def make(self) -> bool:
        """From now on it can be called; False: a socket cannot be had there. OSError."""
        self.folder.mkdir()
        self.folder.chmod(PASSED_THROUGH)
        if sys.platform != "linux":  # and so no kernel is shared with what runs in the sandbox
            return False
        try:
            self._bind()
        except OSError as error:
            if error.errno not in NO_SOCKETS:
                raise
            log.info("no socket can be made in %s: %s", self.folder, error)
            return False
        self._is_made = True
        return True

    def _bind(self) -> None:
        at = os.open(self.folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._socket.bind(f"/proc/self/fd/{at}/{NAME}")  # a path may be longer than an address holds
        finally:
            os.close(at)
        (self.folder / NAME).chmod(0o666)
        self._socket.listen(1)

    def let_in(self, acceptor: LinkAcceptor) -> None:
        """Whoever called first, or does, speaks to the acceptor; nobody after that."""
        if self._is_made:
            self._is_watched = True
            asyncio.get_running_loop().add_reader(self._socket.fileno(), self._accept, acceptor)

    def close(self) -> None:
        if self._is_watched:
            self._is_watched = False
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()
        with suppress(OSError):  # it is gone with its folder
            (self.folder / NAME).unlink()

    def _accept(self, acceptor: LinkAcceptor) -> None:
        try:
            connection, _ = self._socket.accept()
        except BlockingIOError:
            return
        except OSError as error:  # no descriptor is left: who waits for this init hears that it did not come
            log.warning("an init could not be let in: %s", error)
            self.close()
            return
        self.close()
        LocalLink(acceptor, connection)
