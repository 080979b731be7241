"""Our init as a file of the package, one an architecture: whether it is there, and speaks as we do."""

from __future__ import annotations

import re
from pathlib import Path

from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.init.frames import PROTOCOL, OtherProtocol

FOLDER = Path(__file__).parents[1] / "bin"
SPEAKS = re.compile(rb"lambda-emu init \(protocol (\d+)\)")
"""Words of every init since the fourth protocol."""


def find_init(machine: str) -> Path:
    """The init for a machine, by the name that uname(1) gives it.

    SandboxError where there is none, or one that was not built anew: it would end without a word that explains it.
    """
    init = FOLDER / f"init-{machine}"
    try:
        found = SPEAKS.search(init.read_bytes())
    except OSError as error:
        raise SandboxError(f"{init} cannot be read: {error.strerror}; installing the package builds it") from error
    if found is None or int(found[1]) != PROTOCOL:
        raise SandboxError(f"{init}: {OtherProtocol('3 or older' if found is None else found[1].decode())}")
    return init
