"""What the process sandbox asks of a way to keep sandboxes apart: namespaces where the kernel gives them, else none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lambda_emu.sandbox.base import Abilities, Program
from lambda_emu.sandbox.toolchain.lent import Kit

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a sandbox calls us. token: the name it uses, by which we know it; host: what that name means."""

    token: str
    host: str
    port: int


class Walls(Protocol):
    """`address` and `release` are called on the loop, `lay`, `furnish` and `load` on workers."""

    abilities: Abilities

    async def address(self) -> Address: ...

    def release(self, address: Address) -> None:
        """The sandbox of this address is gone."""

    def lay(self, kit: Kit) -> None:
        """Put what a new kit lends into its folder. OSError."""

    def furnish(self, folder: Path, kit: Kit, tmp_mb: int, address: Address) -> list[str]:
        """Fill a new sandbox's folder. Returns the command line of its init, to be run in there. OSError."""

    def load(self, folder: Path, task: Path, layers: Sequence[Path]) -> None:
        """Put code into the sandbox. SandboxError."""

    def program(self, kit: Kit, bootstrap: str, environment: Mapping[str, str]) -> Program:
        """How a bootstrap is started. bootstrap: its path on Lambda."""
