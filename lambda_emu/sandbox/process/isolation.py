"""What the process sandbox asks of a way to keep sandboxes apart: namespaces where the kernel gives them, else none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from lambda_emu.sandbox.base import Abilities, Program
from lambda_emu.sandbox.toolchain.lent import Kit


class Walls(Protocol):
    """All of it is called on workers. line: the folder with the socket to us, as a new sandbox's init finds it."""

    abilities: Abilities
    line: str

    def lay(self, kit: Kit) -> None:
        """Put what a new kit lends into its folder. OSError."""

    def furnish(self, folder: Path, kit: Kit, tmp_mb: int) -> list[str]:
        """Fill a new sandbox's folder, beside `line`. Returns the command line of its init, to be run in there.

        OSError.
        """

    def load(self, folder: Path, task: Path, layers: Sequence[Path]) -> None:
        """Put code into the sandbox. SandboxError."""

    def program(self, kit: Kit, bootstrap: str, environment: Mapping[str, str]) -> Program:
        """How a bootstrap is started. bootstrap: its path on Lambda."""
