"""What the kernel lets each process of an environment have, as on Lambda.

docs/contract/runtime.md#sandbox, docs/contract/quotas.md.
"""

from __future__ import annotations

import resource
from collections.abc import Mapping

FILES, FILES_OF_INIT = 1024, 4096
PROCESSES = 1024
CORE_BYTES = 10 << 30
LOCKED_BYTES = 64 << 10

Limit = tuple[int, int]
"""Soft and hard."""
OF_EACH_PROCESS: Mapping[str, Limit] = {
    "nofile": (FILES, FILES_OF_INIT),  # init takes them all, and leaves to what it starts the soft one
    "core": (CORE_BYTES, CORE_BYTES),
    "memlock": (LOCKED_BYTES, LOCKED_BYTES),
}
"""By prlimit(1)'s names. Of processes there is one only where a user's are counted for each environment alone."""


def prlimit(limits: Mapping[str, Limit]) -> list[str]:
    """The command that runs what follows it within these limits, and within our own, which only root may raise."""
    return ["prlimit", *(f"--{name}={_at_most_ours(name, limit)}" for name, limit in limits.items())]


def _at_most_ours(name: str, limit: Limit) -> str:
    _, ours = resource.getrlimit(getattr(resource, f"RLIMIT_{name.upper()}"))
    return ":".join(str(one if ours == resource.RLIM_INFINITY else min(one, ours)) for one in limit)
