"""What the process sandbox asks of a way to keep sandboxes apart: namespaces where the kernel gives them, else none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from lambda_emu.sandbox.base import Abilities, Program
from lambda_emu.sandbox.toolchain.layout import Toolchain

FILTERS_CALLS = Path("/proc/sys/kernel/seccomp/actions_avail").is_file()
"""Whether this kernel was built with filters for system calls, which init sets."""


class Isolation(Protocol):
    """All of it is called on workers. line: the folder with the socket to us, as a new sandbox's init finds it."""

    abilities: Abilities
    line: str

    def prepare_toolchain(self, toolchain: Toolchain) -> None:
        """Put what a new toolchain has of this machine into its folder, or places for it. OSError."""

    def prepare(self, folder: Path, toolchain: Toolchain, tmp_mb: int, names: Mapping[str, str]) -> list[str]:
        """Fill a new sandbox's folder, beside `line`. Returns the command line of its init, to be run in there.

        names: of addresses, for its /etc/hosts. OSError.
        """

    def load(self, folder: Path, task: Path, layers: Sequence[Path]) -> None:
        """Put code into the sandbox. SandboxError."""

    def program(self, toolchain: Toolchain, bootstrap: str, environment: Mapping[str, str]) -> Program:
        """How a bootstrap is started. bootstrap: its path on Lambda."""
