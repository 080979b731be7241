"""On what it is measured, and what a process holds."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine import docker


@dataclass(frozen=True, slots=True)
class Machine:
    """load: runnable threads over the last minute, before anything is measured."""

    processor: str
    cores: int
    kernel: str
    engine: str
    python: str
    load: float

    @classmethod
    def here(cls) -> Machine:
        return cls(
            processor=_processor(),
            cores=os.cpu_count() or 1,
            kernel=platform.release(),
            engine=f"Docker {docker('version', '--format', '{{.Server.Version}}')}",
            python=f"{platform.python_version()} of {sys.base_prefix}",
            load=os.getloadavg()[0],
        )

    def __str__(self) -> str:
        return (
            f"{self.cores} x {self.processor}, Linux {self.kernel}, {self.engine}, Python {self.python}, "
            f"load average {self.load:.2f}"
        )


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a process holds. rss_mb: with its children, as far as they are not in containers."""

    rss_mb: float
    files: int
    threads: int


def footprint(pid: int) -> Footprint:
    """As /proc tells it now."""
    process = Path(f"/proc/{pid}")
    rss_mb = sum(_rss_kb(one) for one in (pid, *_children(process))) / 1024
    return Footprint(rss_mb, len(list((process / "fd").iterdir())), len(list((process / "task").iterdir())))


def _children(process: Path) -> list[int]:
    return [int(pid) for task in (process / "task").iterdir() for pid in (task / "children").read_text().split()]


def _rss_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
