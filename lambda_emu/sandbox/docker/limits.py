"""What a container may use: how the engine is told, and how the kernel, which takes 10 us where the engine takes 15 ms.

docs/decisions/cpu-during-init.md
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import docker
from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.sandbox.base import PLATFORM_MB, Limits, StemKind
from lambda_emu.sandbox.docker.client import engine_errors

MB = 1024 * 1024
HEADROOM_MB = 32
"""Above the function's memory and /tmp, for what is charged but not counted: init, page tables, kernel stacks."""
PERIOD_US = 20_000
NO_QUOTA = -1
CGROUPS, PROC = Path("/sys/fs/cgroup"), Path("/proc")


def first_limits(kind: StemKind) -> Limits | None:
    """Of a new container. None: whose it will be is not known; they are set when it is."""
    return None if kind.memory_mb is None else Limits(kind.memory_mb, kind.tmp_mb, None)


def memory_bytes(limits: Limits) -> int:
    """Of the container, /tmp included."""
    return (limits.memory_mb - PLATFORM_MB + limits.tmp_mb + HEADROOM_MB) * MB


def quota_us(limits: Limits) -> int:
    """CPU time in each PERIOD_US."""
    return NO_QUOTA if limits.cpus is None else max(1000, round(PERIOD_US * limits.cpus))


def update_limits(api: docker.APIClient, container: str, limits: Limits) -> None:
    """Ask the engine, on a worker. SandboxError."""
    memory = memory_bytes(limits)
    with engine_errors("setting a container's limits"):
        api.update_container(
            container,
            mem_limit=memory,
            memswap_limit=memory,
            cpu_period=PERIOD_US,
            cpu_quota=quota_us(limits),
        )


class CpuLimit(Struct, frozen=True):
    """file: the cgroup's, of version 1 or 2."""

    file: Path
    version: int

    def set(self, quota_us: int) -> bool:
        """False: it cannot be set this way."""
        try:
            self.file.write_text(str(quota_us) if self.version == 1 else f"{_or_max(quota_us)} {PERIOD_US}")
        except OSError:
            return False
        return True


def find_cpu_limit(pid: int, container: str, cgroups: Path = CGROUPS, proc: Path = PROC) -> CpuLimit | None:
    """That of the container of this process. None where it is not ours to write.

    A cgroup that has the very name of the container was made by the engine. Those that systemd made end in `.scope`: it
    writes its own settings into them again, whenever it is told to read its files.
    """
    try:
        lines = (proc / str(pid) / "cgroup").read_text().splitlines()
        return next((found for line in lines if (found := _at(line, container, cgroups)) is not None), None)
    except OSError:
        return None


def _at(line: str, container: str, cgroups: Path) -> CpuLimit | None:
    """line: `4:cpu,cpuacct:/docker/<id>`, or `0::/docker/<id>` of version 2."""
    _, controllers, path = line.split(":", 2)
    if not path.endswith(f"/{container}") or ".." in path:
        return None
    if controllers == "":
        file = cgroups / path[1:] / "cpu.max"
        return CpuLimit(file, 2) if os.access(file, os.W_OK) else None
    folder = cgroups / controllers / path[1:]
    if "cpu" not in controllers.split(",") or not os.access(folder / "cpu.cfs_quota_us", os.W_OK):
        return None
    (folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
    return CpuLimit(folder / "cpu.cfs_quota_us", 1)


def _or_max(quota_us: int) -> str:
    return "max" if quota_us == NO_QUOTA else str(quota_us)


class ContainerLimits:
    """What a container is held to. update: asks the engine. Runs on the loop."""

    def __init__(self, first: Limits | None, cpu: CpuLimit | None, update: Callable[[Limits], Awaitable[None]]) -> None:
        self._set = first  # None: it is not known
        self._cpu = cpu
        self._update = update
        self._updating = asyncio.Lock()  # keeps limits in the order they were asked for

    def set_at_once(self, limits: Limits) -> bool:
        """False: the engine has to be asked."""
        if self._updating.locked() or self._set is None or replace(self._set, cpus=limits.cpus) != limits:
            return False
        if limits != self._set and not (self._cpu is not None and self._cpu.set(quota_us(limits))):
            return False
        self._set = limits
        return True

    async def set(self, limits: Limits) -> None:
        """SandboxError."""
        async with self._updating:
            if limits != self._set:
                self._set = None
                await self._update(limits)
                self._set = limits
