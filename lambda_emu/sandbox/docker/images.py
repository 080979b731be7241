"""The images that runtimes run on, as an engine has them: AWS's own, else ours. Blocks; callers use a worker thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import docker
from msgspec import Struct

from lambda_emu.architectures import ARCHITECTURES, GOARCH
from lambda_emu.clock import Clock
from lambda_emu.runtimes import Catalogue, Runtime, catalogue
from lambda_emu.sandbox.building import dotnet
from lambda_emu.sandbox.building.image_plan import OURS, ImagePlan, plan_image
from lambda_emu.sandbox.building.leftovers import DAY_S
from lambda_emu.sandbox.building.missing import NoImage, NoRuntime
from lambda_emu.sandbox.docker.client import engine_errors, inspect_image
from lambda_emu.sandbox.docker.old_images import last_used_s, remove_unwanted


class ImageStatus(Struct, frozen=True):
    """One line of `lambda-emu runtimes list`. image: its name if the engine has it. buildable: all is here for it."""

    runtime: Runtime
    architecture: str
    image: str | None
    size_bytes: int | None
    buildable: bool


class Images:
    """The images of one engine. runtimes: this installation's when None."""

    def __init__(
        self, client: docker.DockerClient, runtimes: Catalogue | None = None, clock: Clock | None = None
    ) -> None:
        self.runtimes = runtimes or catalogue()
        self._api: Any = client.api
        self._clock = clock or Clock()

    def find(self, runtime: str, architecture: str) -> str | None:
        """The name of an image that the engine has; AWS's own first."""
        found = self._find(self.known(runtime), architecture)
        return found and found[0]

    def get(self, runtime: str, architecture: str) -> str:
        """The same, or NoImage."""
        found = self.find(runtime, architecture)
        if found is None:
            raise NoImage(self.known(runtime), architecture)
        return found

    def use(self, runtime: str, architecture: str) -> str | None:
        """As `find`, of an image that functions will run on: it is kept for a while."""
        found = self._find(self.known(runtime), architecture)
        if found is not None:
            self._mark_used(*found)
        return found and found[0]

    def status(self, architecture: str) -> list[ImageStatus]:
        """Every runtime that functions can be created with, and the image it would use."""
        return [self._status(runtime, architecture) for runtime in self.runtimes if runtime.may_create]

    def names(self, runtime: str, architecture: str) -> tuple[str, ...]:
        """What images are called that a runtime's functions run on here: AWS's, then ours. None of no runtime."""
        found = self.runtimes.get(runtime)
        return () if found is None else self._names(found, architecture)

    def plan(self, runtime: Runtime, architecture: str) -> ImagePlan | None:
        """How ours is made; None where we have no recipe."""
        if runtime.recipe is None:
            return None
        return plan_image(runtime, runtime.recipe, architecture, self.runtimes.folder)

    def known(self, runtime: str) -> Runtime:
        """NoRuntime where there is none."""
        found = self.runtimes.get(runtime)
        if found is None:
            raise NoRuntime(runtime)
        return found

    def prune(self, *, others: bool = False) -> Iterator[str]:
        """Remove those of ours that nobody has run for two weeks, or all but those of our own recipes; yields names."""
        plans = [self.plan(runtime, architecture) for runtime in self.runtimes for architecture in ARCHITECTURES]
        yield from self._remove_unwanted([plan for plan in plans if plan is not None], others)

    def remove_older(self, plan: ImagePlan) -> None:
        """Remove those of a plan's runtime that nobody wants, now that one was made by this plan."""
        for _ in self._remove_unwanted([plan]):
            pass

    def _remove_unwanted(self, plans: Iterable[ImagePlan], others: bool = False) -> Iterator[str]:
        kept = {plan.label: plan.tag for plan in plans}
        return remove_unwanted(self._api, kept, self._clock.now_s(), others=others)

    def _find(self, runtime: Runtime, architecture: str) -> tuple[str, dict[str, Any]] | None:
        for name in self._names(runtime, architecture):
            image = inspect_image(self._api, name)
            if image is not None and image["Architecture"] == GOARCH[architecture]:
                return name, image
        return None

    def _names(self, runtime: Runtime, architecture: str) -> tuple[str, ...]:
        plan = self.plan(runtime, architecture)
        ours = () if plan is None else (plan.tag,)
        return runtime.aws_image, f"{runtime.aws_image}-{architecture}", *ours

    def _status(self, runtime: Runtime, architecture: str) -> ImageStatus:
        name, image = self._find(runtime, architecture) or (None, {})
        recipe = runtime.recipe
        buildable = recipe is not None and dotnet.why_not(recipe, architecture) is None
        return ImageStatus(runtime, architecture, name, image.get("Size"), buildable)

    def _mark_used(self, name: str, image: Mapping[str, Any]) -> None:
        """Name it again, which the engine notes the time of: all who share the engine can read it there."""
        if not name.startswith(OURS) or self._clock.now_s() - last_used_s(image) < DAY_S:
            return
        repository, _, tag = name.partition(":")
        with engine_errors(f"marking {name} as used"):
            self._api.tag(image["Id"], repository, tag)
