"""What a machine has for sandboxes, and how many of them it can bear."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

MB = 1024 * 1024
MEMORY_MB = 128
"""Of one environment: what the smallest function may use."""
FOR_EACH_CORE = 64
PROCESSES = 64
"""Of one environment, with the engine's own beside it; most functions have fewer."""
LEAST = 8

PROCESS_LIMITS = ("/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max", "/sys/fs/cgroup/pids.max")
MEMORY_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class Machine(Struct, frozen=True):
    """Where an engine runs its sandboxes. processes: how many there may be at once."""

    cores: int
    memory_mb: int
    processes: int

    @property
    def bearable(self) -> int:
        """How many environments may be there at once, if nobody says: docs/decisions/max-environments.md."""
        most = min(self.memory_mb // MEMORY_MB, self.cores * FOR_EACH_CORE, self.processes // PROCESSES)
        return max(LEAST, most)


def this_machine() -> Machine:
    """The one we run on, as far as we may use it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_mb=min([memory, *_limits(MEMORY_LIMITS)]) // MB,
        processes=min([*_limits(PROCESS_LIMITS)], default=LEAST * PROCESSES),
    )


def _limits(files: tuple[str, ...]) -> list[int]:
    """Those that this machine has; "max" is none."""
    found = []
    for file in files:
        with suppress(OSError, ValueError):
            found.append(int(Path(file).read_text()))
    return found
