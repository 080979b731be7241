"""Provisioned concurrency of a version or an alias: environments that are ready before anybody calls. Contract 1.8."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

INIT_FAILED = "FUNCTION_ERROR_INIT_FAILURE"


class ProvisionedStatus(StrEnum):
    """How far it is, as the wire shows it."""

    IN_PROGRESS = "IN_PROGRESS"
    READY = "READY"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Provisioned:
    """requested: how many environments. last_modified: as the wire shows it. What there is of them, the pool knows."""

    requested: int
    last_modified: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is of a deployment's provisioned environments. init_failed: the last one that tried to initialise."""

    ready: int
    init_failed: bool

    def status(self, requested: int) -> ProvisionedStatus:
        if self.ready >= requested:
            return ProvisionedStatus.READY
        return ProvisionedStatus.FAILED if self.init_failed else ProvisionedStatus.IN_PROGRESS


NOTHING_READY = Standing(0, init_failed=False)
