"""What a toolchain has that is no file of this machine: fetched or compiled once, and kept in the cache folder."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from lambda_emu.recipes import Part
from lambda_emu.sandbox.building.tool_runner import ToolRunner

log = logging.getLogger(__name__)


class Maker:
    """cache: where parts are kept, as those of images are. Runs on workers; `close` ends what is under way."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._tools = ToolRunner()

    def part(self, part: Part, architecture: str, scripts: Mapping[str, bytes] | None = None) -> Path:
        """The folder with it. Made now if it never was, which may take a minute. SandboxError, OSError.

        scripts: what it is compiled by, by their names below runtimes/.
        """
        from lambda_emu.sandbox.building.alone import scratch_folder
        from lambda_emu.sandbox.building.parts import Parts

        with scratch_folder(self._cache, "toolchains", self._tools, log.info) as scratch:
            parts = Parts(self._cache / "parts", scratch, self._tools)
            return parts.folder(part, architecture, scripts or {}, _FirstLine())

    def close(self) -> None:
        self._tools.close()


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
