"""Reads of what moto keeps while other threads of the process change it: moto has no locks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
READS = 100
"""Far more than anybody changes one thing while it is read."""
MOVED = "changed size during iteration"
"""How Python's RuntimeError of it ends, for a dict and a set; of an ordered one it is `mutated during iteration`."""
MUTATED = "mutated during iteration"


def steadily(read: Callable[[], T]) -> T:
    """What is read, once nothing of it changed meanwhile. read: changes nothing itself."""
    for _ in range(READS):
        try:
            return read()
        except RuntimeError as error:
            if MOVED not in str(error) and MUTATED not in str(error):
                raise
    return read()
