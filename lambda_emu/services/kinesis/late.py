"""The streams of a server, opened by whoever needs them first: most servers have none."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from lambda_emu.clock import Clock
from lambda_emu.http.loop import Loop
from lambda_emu.store import Store

if TYPE_CHECKING:
    from lambda_emu.services.kinesis.streams import Streams

LOOK_LIMIT_S = 60.0


class LateStreams:
    """opened: None until somebody needed them."""

    def __init__(self, store: Store, loop: Loop, clock: Clock) -> None:
        self.opened: Streams | None = None
        self._store = store
        self._loop = loop
        self._clock = clock
        self._closed = False
        self._lock = Lock()  # guards the opening; never waited for on the loop

    def open(self) -> Streams:
        """Those that are open, else they are opened: then not on the loop."""
        if self.opened is not None:
            return self.opened
        from lambda_emu.services.kinesis.opening import open_streams

        with self._lock:
            if self.opened is None:
                streams = open_streams(self._store, self._loop, self._clock)
                if self._closed:
                    self._loop.ask(streams.close, LOOK_LIMIT_S)
                self.opened = streams
        return self.opened

    def clear(self) -> None:
        """On the loop. Where none were opened there are none."""
        if self.opened is not None:
            self.opened.clear()

    def close(self) -> None:
        """On the loop."""
        self._closed = True
        if self.opened is not None:
            self.opened.close()
