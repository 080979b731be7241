"""A running server as tests use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lambda_emu.cli.client import Server
from lambda_emu.clock import Clock
from lambda_emu.testing.account import Account, AccountHost
from lambda_emu.testing.clients import ClientSet
from lambda_emu.testing.errors import SharedServer
from lambda_emu.testing.process import Address

DIGITS = 12


class Emu:
    """url: where it answers, whichever service is asked. token: of its own pages. engine: what runs its functions.

    clock: of what waits in it. region: of what is made without another. secret: of root users.
    project: the folder or file that functions are deployed from by their names.
    """

    def __init__(self, address: Address, project: str, *, is_shared: bool = False) -> None:
        """is_shared: whether other tests use it at the same time."""
        self.url = address.url
        self.token = address.token
        self.engine = address.engine
        self.project = project
        self.server = Server(address.url, lambda *_: address.token)
        self.clock = EmuClock(self.server, is_shared=is_shared)
        self._is_shared = is_shared
        self.region = address.region
        self.secret = address.secret
        self._own_account = address.account
        self._host = AccountHost(self.server, self.secret, project)
        self._ids = Clock()
        self._free: list[ClientSet] = []
        self._open: dict[str, Account] = {}
        self._own: Account | None = None

    @contextmanager
    def account(self) -> Iterator[Account]:
        """One that nobody has used: for a fixture of a module or a session. It is emptied at the end."""
        account = self.open_account()
        try:
            yield account
        finally:
            self.close_account(account)

    def open_account(self) -> Account:
        number = f"{int(self._ids.new_token(), 16) % (9 * 10 ** (DIGITS - 1)) + 10 ** (DIGITS - 1)}"
        account = self._open[number] = Account(number, self.region, self._host, self._clients())
        return account

    def close_account(self, account: Account) -> None:
        """Empty it, if anything was made there."""
        if self._open.pop(account.number, None) is None:
            return
        self._free.append(account.clients)
        if account.is_used:
            self.server.reset(account.number)

    def client(self, service: str = "lambda", region: str | None = None) -> Any:
        """boto3's client of a service, of the account that is the server's own, where its project is."""
        if self._own is None:
            self._own = Account(self._own_account, self.region, self._host, self._clients())
        return self._own.client(service, region)

    def logs(self, since_ms: int = 0) -> str:
        """The last lines of all functions of all accounts that are in use here."""
        numbers = [*self._open, *([self._own_account] if self._own is not None else [])]
        return "".join(self.server.log_of_account(number, since_ms) for number in numbers)

    def reset(self) -> None:
        """Make everything as it was after the start. SharedServer."""
        if self._is_shared:
            raise SharedServer("everything go")
        self.server.reset()

    def close(self) -> None:
        """Its connections; the server is somebody else's."""
        for clients in (*self._free, *(account.clients for account in self._open.values())):
            clients.close()
        if self._own is not None:
            self._own.clients.close()

    def _clients(self) -> ClientSet:
        return self._free.pop() if self._free else ClientSet(self.url, self.secret)


class EmuClock:
    """The time of whatever waits. docs/clock.md. is_moved: whether somebody did, here."""

    def __init__(self, server: Server, *, is_shared: bool) -> None:
        self._server = server
        self._is_shared = is_shared
        self.is_moved = False

    @property
    def now(self) -> str:
        """As ISO 8601 has it, in UTC."""
        return str(self._server.clock()["now"])

    def advance(self, duration: str | float) -> str:
        """Let `1h30m`, or so many seconds, pass: what is due on the way happens. Returns the time. SharedServer."""
        return self._move({"advance": duration})

    def reset(self) -> str:
        """Back to this machine's time. SharedServer."""
        return self._move({"reset": True})

    def _move(self, asked: dict[str, Any]) -> str:
        if self._is_shared:
            raise SharedServer("time pass")
        self.is_moved = "advance" in asked
        return str(self._server.move_clock(asked)["now"])
