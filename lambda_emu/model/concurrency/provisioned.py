"""Provisioned concurrency of a version or an alias: environments that are ready before anybody calls.

docs/contract/api.md#concurrency.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

INIT_FAILED = "FUNCTION_ERROR_INIT_FAILURE"


class ProvisionedStatus(StrEnum):
    """How far it is, as the wire shows it."""

    IN_PROGRESS = "IN_PROGRESS"
    READY = "READY"
    FAILED = "FAILED"


class Readiness(Struct, frozen=True):
    """What there is of a deployment's provisioned environments.

    init_failed: the last one that tried to initialise. no_room: why there was no place to try, in words of ours.
    """

    ready: int
    init_failed: bool
    no_room: str | None = None

    def status(self, requested: int) -> ProvisionedStatus:
        if self.ready >= requested:
            return ProvisionedStatus.READY
        return ProvisionedStatus.IN_PROGRESS if self.failure is None else ProvisionedStatus.FAILED

    @property
    def failure(self) -> str | None:
        """The StatusReason of what failed."""
        return INIT_FAILED if self.init_failed else self.no_room


NOTHING_READY = Readiness(0, init_failed=False)
