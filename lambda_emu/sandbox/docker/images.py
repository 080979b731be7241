"""Base images: AWS's own where the engine has them, else ours, built once for whatever they are made of.

Everything here blocks and may take minutes; callers use a worker thread.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

import docker
import docker.errors
from msgspec import Struct

from lambda_emu.architectures import ARCHITECTURES, GOARCH
from lambda_emu.clock import Clock
from lambda_emu.runtimes import Catalogue, Runtime, catalogue
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building import dotnet
from lambda_emu.sandbox.building.cache import Cache
from lambda_emu.sandbox.building.debian import check_machine
from lambda_emu.sandbox.building.image_plan import OURS, ImagePlan, plan_image
from lambda_emu.sandbox.building.leftovers import DAY_S
from lambda_emu.sandbox.building.missing import NoImage, Unreachable
from lambda_emu.sandbox.building.parts import Parts
from lambda_emu.sandbox.building.rootfs import build_root
from lambda_emu.sandbox.building.tool_runner import Progress, ToolFailed
from lambda_emu.sandbox.docker.client import engine_errors
from lambda_emu.sandbox.docker.old_images import last_used_s, remove_unwanted
from lambda_emu.sandbox.docker.pulls import follow, registry_answers

log = logging.getLogger(__name__)


class ImageStatus(Struct, frozen=True):
    """One line of `lambda-emu runtimes list`. image: its name if the engine has it. buildable: all is here for it."""

    runtime: Runtime
    architecture: str
    image: str | None
    size_bytes: int | None
    buildable: bool


class Images:
    """The images of one engine.

    cache: where downloads are kept. pull: ask AWS's registry before building. runtimes: this installation's when None.
    """

    def __init__(
        self,
        client: docker.DockerClient,
        cache: Path,
        *,
        pull: bool,
        clock: Clock | None = None,
        runtimes: Catalogue | None = None,
    ) -> None:
        self._api: Any = client.api
        self._cache = Cache(cache)
        self.pull = pull
        self._clock = clock or Clock()
        self.runtimes = runtimes or catalogue()

    def find(self, runtime: str, architecture: str) -> str | None:
        """The name of an image that the engine has; AWS's own first."""
        found = self._find(self._known(runtime), architecture)
        return found and found[0]

    def use(self, runtime: str, architecture: str) -> str | None:
        """The same of an image that functions will run on: it is kept for a while."""
        found = self._find(self._known(runtime), architecture)
        if found is not None:
            self._mark_used(*found)
        return found and found[0]

    def ensure(self, runtime: str, architecture: str, progress: Progress) -> str:
        """The name of an image, taken or built now if there is none. SandboxError says what to do."""
        return self.use(runtime, architecture) or self._make(runtime, architecture, progress)

    def claim_cache(self) -> None:
        """What is made goes into the cache folder. SandboxError for one that holds what we did not put there."""
        self._cache.claim()

    def build(self, runtime: str, architecture: str, progress: Progress, *, missing: bool = False) -> str:
        """Build our own image, even where one is there, and return its name. missing: not where there is any."""
        with self._cache.scratch(f"{runtime}-{architecture}", progress) as scratch:
            found = self.use(runtime, architecture) if missing else None
            return found or self._build(self._known(runtime), architecture, scratch, progress)

    def status(self, architecture: str) -> list[ImageStatus]:
        """Every runtime that functions can be created with, and the image it would use."""
        return [self._status(runtime, architecture) for runtime in self.runtimes if runtime.may_create]

    def existing(self, runtime: str, architecture: str) -> str:
        """The same, or NoImage."""
        found = self.find(runtime, architecture)
        if found is None:
            raise NoImage(self._known(runtime), architecture)
        return found

    def names(self, runtime: str, architecture: str) -> tuple[str, ...]:
        """What images are called that a runtime's functions run on here: AWS's, then ours. None of no runtime."""
        found = self.runtimes.get(runtime)
        return () if found is None else self._names(found, architecture)

    def prune(self, *, others: bool = False) -> Iterator[str]:
        """Remove those of ours that nobody has run for two weeks, or all but those of our own recipes; yields names."""
        plans = [self._plan(runtime, architecture) for runtime in self.runtimes for architecture in ARCHITECTURES]
        kept = {plan.label: plan.tag for plan in plans if plan is not None}
        yield from remove_unwanted(self._api, kept, self._clock.now_s(), others=others)

    def close(self) -> None:
        """Give up what is being built, at once."""
        self._cache.close()

    def _make(self, runtime: str, architecture: str, progress: Progress) -> str:
        with self._cache.scratch(f"{runtime}-{architecture}", progress) as scratch:
            found = self.find(runtime, architecture)  # whoever held the lock may have made it
            if found is None and self.pull:
                found = self._take(self._known(runtime), architecture, progress)
            return found or self._build(self._known(runtime), architecture, scratch, progress, asked=self.pull)

    # -- finding ----------------------------------------------------------------------------------

    def _known(self, runtime: str) -> Runtime:
        found = self.runtimes.get(runtime)
        if found is None:
            raise SandboxError(f"there is no runtime {runtime!r}; `lambda-emu runtimes list` shows those there are")
        return found

    def _plan(self, runtime: Runtime, architecture: str) -> ImagePlan | None:
        if runtime.recipe is None:
            return None
        return plan_image(runtime, runtime.recipe, architecture, self.runtimes.folder)

    def _find(self, runtime: Runtime, architecture: str) -> tuple[str, dict[str, Any]] | None:
        for name in self._names(runtime, architecture):
            image = self._inspect(name)
            if image is not None and image["Architecture"] == GOARCH[architecture]:
                return name, image
        return None

    def _names(self, runtime: Runtime, architecture: str) -> tuple[str, ...]:
        plan = self._plan(runtime, architecture)
        ours = () if plan is None else (plan.tag,)
        return runtime.aws_image, f"{runtime.aws_image}-{architecture}", *ours

    def _inspect(self, name: str) -> dict[str, Any] | None:
        with engine_errors(f"looking for image {name}"):
            try:
                return dict(self._api.inspect_image(name))
            except docker.errors.ImageNotFound:
                return None

    def _status(self, runtime: Runtime, architecture: str) -> ImageStatus:
        name, image = self._find(runtime, architecture) or (None, {})
        recipe = runtime.recipe
        buildable = recipe is not None and dotnet.lacks(recipe, architecture) is None
        return ImageStatus(runtime, architecture, name, image.get("Size"), buildable)

    # -- making -----------------------------------------------------------------------------------

    def _take(self, runtime: Runtime, architecture: str, progress: Progress) -> str | None:
        """AWS's image from its registry; None if that cannot be had, which is no error where we can build."""
        progress(f"asking AWS's registry for {runtime.aws_image}")
        if not registry_answers():
            return None
        try:
            with engine_errors(f"pulling {runtime.aws_image}"):
                machine = f"linux/{GOARCH[architecture]}"
                events = self._api.pull(runtime.aws_image, platform=machine, stream=True, decode=True)
                follow(takewhile(lambda _: not self._cache.tools.closed.is_set(), events), progress)
        except SandboxError as error:
            log.warning("%s", error)
        found = self._find(runtime, architecture)
        return found and found[0]

    def _build(
        self, runtime: Runtime, architecture: str, scratch: Path, progress: Progress, asked: bool = False
    ) -> str:
        """asked: AWS's registry was, in vain."""
        plan = self._plan(runtime, architecture)
        if plan is None:
            raise NoImage(runtime, architecture, asked=asked)
        lacks = dotnet.lacks(plan.recipe, architecture)
        if lacks is not None:
            raise NoImage(runtime, architecture, asked=asked, lacks=lacks)
        check_machine(architecture)
        try:
            root = self._make_root(plan, scratch, progress)
        except ToolFailed as error:
            if error.no_answer is None:
                raise
            raise Unreachable(runtime, architecture, error.name, error.no_answer) from error
        progress(f"handing {plan.tag} to the engine")
        self._import(root, plan)
        deque(remove_unwanted(self._api, {plan.label: plan.tag}, self._clock.now_s()), 0)
        return plan.tag

    def _make_root(self, plan: ImagePlan, scratch: Path, progress: Progress) -> Path:
        kept = Parts(self._cache, scratch, progress)
        parts = {path: kept.folder(part) for path, part in plan.parts.items()}
        return build_root(plan, parts, scratch, self._cache.tools, progress)

    def _import(self, root: Path, plan: ImagePlan) -> None:
        name, _, tag = plan.tag.partition(":")
        with engine_errors(f"importing {plan.tag}"):
            answer = self._api.import_image(str(root), repository=name, tag=tag, changes=list(plan.settings))
        last = json.loads(answer.splitlines()[-1])
        if "error" in last:
            raise SandboxError(f"importing {plan.tag}: {last['error']}")

    def _mark_used(self, name: str, image: Mapping[str, Any]) -> None:
        """Name it again, which the engine notes the time of: all who share the engine can read it there."""
        if not name.startswith(OURS) or self._clock.now_s() - last_used_s(image) < DAY_S:
            return
        repository, _, tag = name.partition(":")
        with engine_errors(f"marking {name} as used"):
            self._api.tag(image["Id"], repository, tag)
