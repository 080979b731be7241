"""Tells what of a function's code does not run on Lambda, though it may do so here. Each code once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from lambda_emu.binaries.complaints import complaints
from lambda_emu.binaries.entry import may_be_elsewhere
from lambda_emu.binaries.scan import Code, Findings, scan
from lambda_emu.clock import Clock
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.model.function.function import Function, FunctionVersion
from lambda_emu.notices import Notices
from lambda_emu.runtimes import Catalogue

log = logging.getLogger(__name__)

LOOKS = Workers("looks at code", 1, 1000)
KEPT = 32
"""Of so many codes and layers it is known what is in them."""


class CodeCheck:
    """tree: where the files of code are, by its hash; what is there never changes."""

    def __init__(self, tree: Callable[[str], Path], runtimes: Catalogue, loop: Loop, clock: Clock) -> None:
        self._tree = tree
        self._runtimes = runtimes
        self._loop = loop
        self._clock = clock
        self._notices = Notices()
        self._known: dict[str, Findings] = {}

    def changed(self, before: Function | None, after: Function | None) -> None:
        """On the loop, and done with at once: nobody waits for it."""
        if after is None or after.latest.image is not None:
            return
        if before is None or _facts(before.latest) != _facts(after.latest):
            self._loop.spawn(self._look(after.latest), f"a look at the code of {after.id.name}")

    async def _look(self, version: FunctionVersion) -> None:
        try:
            await self._loop.work(LOOKS, self._check, version)
        except (Full, Closed) as error:
            log.debug("nobody looks at the code of %s: %s", version.id.name, error)

    def _check(self, version: FunctionVersion) -> None:
        """On the one worker. May take seconds; what is gone meanwhile is of no interest."""
        runtime = self._runtimes.get(version.runtime)
        if runtime is None:
            return
        hashes = [version.code.sha256, *(layer.content.sha256 for layer in version.layers)]
        about = f"{version.id.arn()} {_facts(version)}"
        try:
            codes = [Code("/opt" if number else "/var/task", *self._find(one)) for number, one in enumerate(hashes)]
            handler = None if may_be_elsewhere(version.environment or {}) else version.handler
            for number, text in enumerate(complaints(runtime, version.architecture, codes, handler)):
                self._notices.tell(f"{version.id.name}: {text}", about=f"{about} {number}")
        except OSError as error:
            log.debug("the code of %s could not be looked at: %s", version.id.name, error)

    def _find(self, code: str) -> tuple[Path, Findings]:
        folder, found = self._tree(code), self._known.pop(code, None)
        if found is None:
            found = scan(folder, self._clock)
        self._known[code] = found  # as the last one
        while len(self._known) > KEPT:
            self._known.pop(next(iter(self._known)))
        return folder, found


def _facts(version: FunctionVersion) -> tuple[object, ...]:
    """All that it depends on what is told."""
    layers = [layer.content.sha256 for layer in version.layers]
    return version.runtime, version.architecture, version.handler, version.code.sha256, *layers
