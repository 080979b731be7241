"""Provisioned concurrency of a version or an alias: environments that are ready before anybody calls. Contract 1.8."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provisioned:
    """requested: how many environments. last_modified: as the wire shows it. What there is of them, the pool knows."""

    requested: int
    last_modified: str
