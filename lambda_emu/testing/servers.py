"""The servers of one process of pytest: one that all tests share, and one whose time its own tests move."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from lambda_emu.cli.client import Server
from lambda_emu.cli.options import NotDone, token_of
from lambda_emu.config import load_settings
from lambda_emu.testing.emu import Emu
from lambda_emu.testing.errors import NotStarted
from lambda_emu.testing.options import Told
from lambda_emu.testing.process import Address, ServerProcess


class Servers:
    """Each is started when a test first takes it. A worker of xdist shares the one that its controller starts."""

    def __init__(self, told: Told, find_shared: Callable[[], Address] | None) -> None:
        """find_shared: asks whoever starts it for all processes; None: nobody else does."""
        self._told = told
        self._find_shared = find_shared
        self._started: list[ServerProcess] = []
        self._failed: NotStarted | None = None
        self._shared: Emu | None = None
        self._moved: Emu | None = None

    @property
    def shared(self) -> Emu:
        if self._shared is None:
            self._shared = Emu(self._address(), self._told.project, is_shared=True)
        return self._shared

    @property
    def moved(self) -> Emu:
        if self._moved is None:
            self._moved = Emu(self._start(), self._told.project)
        return self._moved

    @property
    def used(self) -> list[Emu]:
        return [one for one in (self._shared, self._moved) if one is not None]

    def set_clock_back(self) -> None:
        """Where a test moved it."""
        if self._moved is not None and self._moved.clock.is_moved:
            self._moved.clock.reset()

    def log_since(self, since_s: float) -> str:
        """What functions of the accounts in use logged since then; or why nobody knows."""
        try:
            return "".join(emu.logs(int(since_s * 1000)) for emu in self.used)
        except NotDone as error:
            return f"{error}\n{self.said()}"

    def _address(self) -> Address:
        if self._failed is not None:
            raise self._failed
        try:
            return self._find()
        except NotStarted as error:
            self._failed = error  # every test would wait as long for the same
            raise

    def _find(self) -> Address:
        if self._find_shared is not None:
            return self._find_shared()
        return address_of(self._told.url) if self._told.url is not None else self._start()

    def _start(self) -> Address:
        self._started.append(start(self._told))
        return self._started[-1].address

    def said(self) -> str:
        return "".join(one.said for one in self._started)

    def close(self) -> None:
        for emu in self.used:
            emu.close()
        for process in self._started:
            process.close()


def start(told: Told) -> ServerProcess:
    """The server that these options are about. NotStarted."""
    return ServerProcess(told.written(), told.given(), told.project if told.serves else None)


def address_of(url: str) -> Address:
    """Of a server that runs already, with the settings that there are here. NotStarted."""
    url = url.rstrip("/")
    parts = urlsplit(url)
    server = Server(url)
    if not server.is_there():
        raise NotStarted(f"no lambda-emu answers at {url}")
    token = token_of(parts.hostname or "", parts.port or 80)
    if token is None:
        raise NotStarted(f"the token of {url} is not known here; set LAMBDA_EMU_TOKEN for both")
    settings = load_settings({})
    return Address(url, token, server.engine(), settings.account, settings.region, settings.root_secret)
