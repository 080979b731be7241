"""A sandbox that is a container."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from lambda_emu.sandbox.base import Limits, ShuttingDown
from lambda_emu.sandbox.docker.containers import Containers
from lambda_emu.sandbox.docker.limits import ContainerLimits
from lambda_emu.sandbox.engine_threads import EngineThreads
from lambda_emu.sandbox.files import fill
from lambda_emu.sandbox.init.orders import Link
from lambda_emu.sandbox.init.ports import Reach, ReachableSandbox


class DockerSandbox(ReachableSandbox):
    """One running container with init on the line."""

    def __init__(
        self,
        containers: Containers,
        container: str,
        reach: Reach,
        init: Link,
        folder: Path,
        limits: ContainerLimits,
        calls: EngineThreads,
    ) -> None:
        super().__init__(container[:12], reach, init)
        self._containers = containers
        self._calls = calls
        self._container = container
        self._folder = folder
        self._limits = limits

    async def load(self, task: Path, layers: Sequence[Path]) -> None:
        await self._calls.call(fill, task, layers, self._folder / "task", self._folder / "opt")

    def limit_at_once(self, limits: Limits) -> bool:
        return self._limits.set_at_once(limits)

    async def limit(self, limits: Limits) -> None:
        await self._limits.set(limits)

    async def destroy(self) -> None:
        self.init.close()
        with suppress(ShuttingDown):  # `close` removes it
            await self._calls.call(self._containers.remove, self._container, self._folder)
