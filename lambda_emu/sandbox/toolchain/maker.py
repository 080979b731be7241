"""What a toolchain has that is no file of this machine: fetched or compiled once, and kept in the cache folder."""

from __future__ import annotations

import logging
from pathlib import Path

from lambda_emu.architectures import HOST_ARCHITECTURE
from lambda_emu.recipes import Part
from lambda_emu.runtimes import catalogue
from lambda_emu.sandbox.building.cache import Cache
from lambda_emu.sandbox.building.part_plan import plan_part

log = logging.getLogger(__name__)


class Maker:
    """cache: where parts are kept, as those of images are. Runs on workers; `close` ends what is under way."""

    def __init__(self, cache: Path) -> None:
        self._cache = Cache(cache)

    def ensure(self, part: Part) -> Path:
        """The folder with it. Made now if it never was, which may take a minute. SandboxError, OSError."""
        from lambda_emu.sandbox.building.parts import Parts  # which most servers never need

        plan = plan_part(part, HOST_ARCHITECTURE, catalogue().folder)
        with self._cache.scratch("toolchains", log.info) as scratch:
            return Parts(self._cache, scratch, _FirstLine()).ensure(plan)

    def close(self) -> None:
        self._cache.close()


class _FirstLine:
    """Nobody is to wait a minute and not know for what; how it goes on is for those who ask for details."""

    def __init__(self) -> None:
        self._told = False

    def __call__(self, line: str) -> None:
        if self._told:
            log.info("%s", line)
        else:
            log.warning("needed without Docker, once: %s", line)
        self._told = True
