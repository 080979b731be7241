"""What the project declares, as it is made be there: at the start, after a reset, when its files changed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lambda_emu.api.context import RequestContext
from lambda_emu.around import Around
from lambda_emu.config import OFF, Settings
from lambda_emu.model.function.function import Function, FunctionState
from lambda_emu.project import Project
from lambda_emu.project.deploy import deploy
from lambda_emu.project.resources import ResourceChange
from lambda_emu.project.services.left import find_left
from lambda_emu.shutdown import Shutdown
from lambda_emu.templates.serving import Addresses, Declared, deploy_services

if TYPE_CHECKING:
    from lambda_emu.builds.builder import Builder

log = logging.getLogger(__name__)

LOOK_S = 0.02
WAITS = "fetching or building what these run on, once, which may take minutes: %s; meanwhile %s answers"


class ServedProject:
    """Not on the loop. addresses: of what is there: its API, URLs, queues, each with what it is."""

    addresses: Addresses = ()
    has_images = False
    """Whether functions run as images, which are built then; set before the first is deployed."""
    _is_deployed = _was_ready = False

    def __init__(
        self,
        declared: Declared,
        settings: Settings,
        context: RequestContext,
        around: Around,
        activate: Callable[[], None],
        shutdown: Shutdown,
        *,
        alone: bool,
    ) -> None:
        """activate: has functions go on that are not Active. alone: a function is run once; nothing goes with it."""
        self._declared = declared
        self._settings = settings
        self._context = context
        self._around = around
        self._activate = activate
        self._shutdown = shutdown
        self._alone = alone
        self._builder: Builder | None = None

    def deploy(self, declared: Declared | None = None) -> Sequence[ResourceChange]:
        """Make there be what is declared, now or before, and be gone what was before and is not. ProjectError."""
        self._declared = declared or self._declared
        changes = self.deploy_functions()
        self._activate()
        return [*changes, *self.deploy_services()]

    def deploy_functions(self) -> Sequence[ResourceChange]:
        """By operations in this process, so before anybody is served. ProjectError."""
        self._left = find_left(self._context)
        return deploy(self._built(self._declared.project), self._context)

    def deploy_services(self) -> Sequence[ResourceChange]:
        """What functions live among and where their events come from; most projects declare none. ProjectError."""
        around, builder = self._around, None
        if self._settings.build and self._declared.stacks:
            builder = self._open_builder()
        changes, self.addresses = deploy_services(
            self._declared, self._context, around.clients, self._left, builder, alone=self._alone
        )
        if self._settings.iam != OFF:  # then IAM is asked what roles may
            around.child.begin_soon()
        self._is_deployed = True
        return changes

    @property
    def functions(self) -> Sequence[str]:
        """Their names."""
        return self._declared.functions

    @property
    def is_ready(self) -> bool:
        """Whether all is there that is declared and none of its functions is Pending; then it stays so."""
        self._was_ready = self._was_ready or (self._is_deployed and not self._pending())
        return self._was_ready

    def wait_until_ready(self, url: str) -> None:
        """However long images and clients take, which is told if they do. url: of the port."""
        if pending := self._pending():
            log.warning(WAITS, ", ".join(one.id.name for one in pending), url)
        while not self.is_ready:
            threading.Event().wait(LOOK_S)

    def _pending(self) -> list[Function]:
        """Those that cannot run yet."""
        there = (self._context.store.function(self._context.scope.function(name)) for name in self.functions)
        return [one for one in there if one is not None and one.latest.progress.state is FunctionState.PENDING]

    def _built(self, project: Project) -> Project:
        """With what of its code is to be built; most projects say of none that it is. ProjectError."""
        if not self._settings.build or all(function.build is None for function in project.functions):
            return project
        from lambda_emu.project.building import built

        return built(project, self._open_builder())

    def _open_builder(self) -> Builder:
        """One for as long as the server runs, made when something may have to be built."""
        if self._builder is None:
            from lambda_emu.builds.bounded import Bounds
            from lambda_emu.builds.builder import Builder

            cache, bounds = self._settings.cache_dir, Bounds(self._settings.build_timeout_s)
            has_images = self.has_images
            self._builder = Builder(cache, bounds, lambda line: log.warning("%s", line), has_images=has_images)
            self._shutdown.call(self._builder.close)
        return self._builder
