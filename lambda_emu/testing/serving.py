"""`python -m lambda_emu.testing.serving`: `lambda-emu serve` that ends with whoever started it, however that ended."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading

from lambda_emu.cli import main

LOOK_S = 1.0
"""Children that the starter forked may hold the pipe open after its death; its number tells all the same."""


def _end_with(parent: int) -> None:
    """Standard input is a pipe, which closes when the starter closes it or dies."""
    while os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin], [], [], LOOK_S)
        if readable and not os.read(sys.stdin.fileno(), 1):
            break
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with, args=(os.getppid(),), name="watch of the starter", daemon=True).start()
    main(["serve", *sys.argv[1:]], prog_name="lambda-emu")
