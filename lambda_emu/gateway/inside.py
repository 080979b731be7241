"""How code inside environments reaches the API: each has a listener of its own, which its init passed to us."""

from __future__ import annotations

from lambda_emu.http.branch import Branch, PassedListener
from lambda_emu.http.exchange import RequestHandler
from lambda_emu.http.group import Allowance, Group, Wait
from lambda_emu.http.listener import PortSettings
from lambda_emu.http.watch import Clock, Watch

MOST_CONNECTIONS = 128
MOST_HELD_BYTES = 64 << 20
ENVIRONMENT = Allowance(
    MOST_CONNECTIONS,
    MOST_HELD_BYTES,
    {Wait.REQUEST: 60.0, Wait.READING: 60.0, Wait.HANG_UP: 10.0, Wait.MEMORY: 30.0},
    half_open=True,
)
"""It may be frozen at any time: who asks nothing may take its time, and so its connections are there when it goes on.

What it has begun and does not end holds memory, so that ends.
"""


class InsideListeners:
    """Serves one handler on the listeners of all environments. All of it runs on the loop.

    What they hold is counted apart from what callers outside do.
    """

    def __init__(self, handler: RequestHandler, clock: Clock, settings: PortSettings | None = None) -> None:
        self._handler = handler
        self._settings = settings or PortSettings()
        self._watch = Watch(clock, self._settings.unsent_bytes)
        self._branches: dict[str, Branch] = {}

    def open(self, token: str, passed: PassedListener) -> None:
        """Serve an environment; token: what it is known by."""
        group = Group(ENVIRONMENT, self._settings.budget)
        self._branches[token] = Branch(passed, self._handler, group, self._settings, self._watch)

    def close(self, token: str) -> None:
        """The environment is no more; its connections end."""
        branch = self._branches.pop(token, None)
        if branch is not None:
            branch.close()

    def end(self) -> None:
        self._watch.end()
        for token in list(self._branches):
            self.close(token)
