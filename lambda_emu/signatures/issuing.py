"""The key by which secrets of temporary credentials follow from their tokens: of a data directory, so as to outlive it.

Whoever assumed a role before a restart still has it afterwards.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from lambda_emu.clock import Clock
from lambda_emu.model.credentials import KEY_BYTES, Issuer

FILE = "credentials.key"


def open_issuer(data_dir: Path, clock: Clock) -> Issuer:
    """The one of this folder, which only its user reads; made where there is none. OSError."""
    file = data_dir / FILE
    with suppress(FileNotFoundError):
        key = file.read_bytes()
        if len(key) == KEY_BYTES:
            return Issuer(key)
    made = bytes.fromhex(clock.new_token() + clock.new_token())[:KEY_BYTES]
    partial = data_dir / f"{FILE}.new"
    partial.unlink(missing_ok=True)
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
        written.write(made)
    partial.replace(file)
    return Issuer(made)
