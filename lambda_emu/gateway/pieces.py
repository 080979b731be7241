"""A large body on its way out: workers make its pieces, each when the client has room for it."""

from __future__ import annotations

import logging
from asyncio import Future
from collections.abc import Callable, Iterator

from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.http.stream import Stream

log = logging.getLogger(__name__)

PIECES = Workers("pieces of large answers", 4, 256)
PIECE_BYTES = 256 * 1024
"""Of what is read from a file: one piece is on its way while another one waits to be sent."""
AGAIN_S = 0.05


class Pieces:
    """The source of one stream. All of it is called on the loop; at most one piece is being made."""

    def __init__(self, pieces: Iterator[bytes], close: Callable[[], object], loop: Loop) -> None:
        """close: called once, on a worker if there is one, when no more pieces are needed."""
        self._pieces = pieces
        self._close = close
        self._loop = loop
        self._stream: Stream | None = None
        self._is_making = self._is_over = False

    def flow(self, stream: Stream) -> None:
        """Begin; the client may be gone already."""
        self._stream = stream
        self.go_on()

    def go_on(self) -> None:
        if self._is_making or self._is_over:
            return
        try:
            making = self._loop.work(PIECES, next, self._pieces, None)
        except Full:  # it waits for the pieces of others
            self._loop.asyncio.call_later(AGAIN_S, self.go_on)
        except Closed:
            self._give_up()
        else:
            self._is_making = True
            making.add_done_callback(self._made)

    def abort(self) -> None:
        self._is_over = True
        if not self._is_making:
            self._end()

    def _made(self, making: Future[bytes | None]) -> None:
        self._is_making = False
        assert self._stream is not None
        if self._is_over:
            self._end()
        elif making.cancelled():
            self._give_up()
        elif (error := making.exception()) is not None:
            log.error("the rest of an answer could not be made", exc_info=error)
            self._give_up()
        elif (piece := making.result()) is None:
            self._stream.end()
            self._end()
        elif self._stream.write(piece):
            self.go_on()

    def _give_up(self) -> None:
        assert self._stream is not None
        self._stream.break_off()
        self._end()

    def _end(self) -> None:
        self._is_over = True
        try:
            self._loop.work(PIECES, self._close).add_done_callback(self._closed)
        except (Full, Closed):
            self._close()

    def _closed(self, closing: Future[object]) -> None:
        """A server that stops gives up what waits for a worker."""
        if closing.cancelled():
            self._close()
