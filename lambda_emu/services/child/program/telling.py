"""What the child tells its server unasked, as lines of JSON on the pipe between them: `["stream", ARN]`."""

from __future__ import annotations

import json
import logging
import os

log = logging.getLogger(__name__)


class Teller:
    """file: of the pipe. Used by any thread; who does not listen holds nobody up, and is told no more of it."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._has_begun = False  # what is made again before is no news

    def begin(self, first: bytes) -> None:
        """first: what is told before all else."""
        os.write(self._file, first)
        os.set_blocking(self._file, False)
        self._has_begun = True

    def stream(self, arn: str) -> None:
        """A stream of a table has records. Less than what a pipe takes at once, so that lines stay whole."""
        if not self._has_begun:
            return
        try:
            os.write(self._file, json.dumps(["stream", arn]).encode() + b"\n")
        except BlockingIOError:
            log.debug("%s is not told: nobody reads", arn)
