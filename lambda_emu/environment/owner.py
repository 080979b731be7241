"""The pool, as an environment sees it: whom it tells what became of it. All of it on the loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lambda_emu.environment.environment import Environment


class Owner(Protocol):
    """Of one environment, and perhaps of many."""

    def available(self, environment: Environment) -> None:
        """It may be given an invocation: it is IDLE, or RESET and clean."""

    def initialised(self, environment: Environment) -> None:
        """Its runtime is ready; init, which has all the CPU there is, is over."""

    def answered(self, environment: Environment) -> None:
        """It has responded and will soon be available."""

    def failed(self, environment: Environment) -> None:
        """Its processes are being killed; init will be repeated."""

    def gone(self, environment: Environment) -> None:
        """It has ended, by itself or by `stop`."""
