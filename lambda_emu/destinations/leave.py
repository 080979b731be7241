"""Whether a delivery may go to its target, which whoever knows policies says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lambda_emu.destinations.delivery import Delivery


class Leave(Protocol):
    """On the loop."""

    @property
    def at_once(self) -> Callable[[Delivery], bool]:
        """Says whether that is known: it may. False: only `check` finds out."""

    async def check(self, delivery: Delivery) -> None:
        """Undeliverable: it may not. NotDelivered: nobody answers who knows."""


class Free:
    """Where nobody is asked."""

    def at_once(self, _: Delivery) -> bool:
        return True

    async def check(self, _: Delivery) -> None: ...


class LateLeave:
    """What is imported with the first delivery: most servers have none."""

    def __init__(self, make: Callable[[], Leave]) -> None:
        self._make = make
        self._leave: Leave | None = None
        self.at_once: Callable[[Delivery], bool] = lambda delivery: self._made().at_once(delivery)

    async def check(self, delivery: Delivery) -> None:
        await self._made().check(delivery)

    def _made(self) -> Leave:
        if self._leave is None:
            self._leave = self._make()
            self.at_once = self._leave.at_once
        return self._leave
