"""Gets images that an engine has not: AWS's own from its registry, else ours, built once for what they are made of.

Everything here blocks and may take minutes; callers use a worker thread.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import docker

from lambda_emu.runtimes import Runtime
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building import dotnet
from lambda_emu.sandbox.building.cache import Cache
from lambda_emu.sandbox.building.debian import check_machine
from lambda_emu.sandbox.building.image_plan import ImagePlan
from lambda_emu.sandbox.building.missing import NoImage, Unreachable
from lambda_emu.sandbox.building.parts import Parts
from lambda_emu.sandbox.building.rootfs import build_root
from lambda_emu.sandbox.building.tool_runner import Progress, ToolFailed
from lambda_emu.sandbox.docker.client import engine_errors
from lambda_emu.sandbox.docker.images import Images
from lambda_emu.sandbox.docker.pulls import pull, registry_answers

log = logging.getLogger(__name__)


class ImageBuilder:
    """images: of the engine that gets them. cache: keeps what they are made of. pulls: whether AWS's may come."""

    def __init__(self, client: docker.DockerClient, images: Images, cache: Path, *, pulls: bool = False) -> None:
        self._api: Any = client.api
        self.images = images
        self._cache = Cache(cache)
        self.pulls = pulls

    def claim_cache(self) -> None:
        """SandboxError for a folder that holds what we did not put there, before anything is made."""
        self._cache.claim()

    def ensure(self, runtime: str, architecture: str, progress: Progress) -> str:
        """The name of an image, pulled or built now if there is none. SandboxError says what to do."""
        found = self.images.use(runtime, architecture)
        if found is not None:
            return found
        with self._cache.scratch(f"{runtime}-{architecture}", progress) as scratch:
            found = self.images.find(runtime, architecture)  # whoever held the lock may have made it
            if found is None and self.pulls:
                found = self._pull(self.images.known(runtime), architecture, progress)
            return found or self._build(self.images.known(runtime), architecture, scratch, progress)

    def build(self, runtime: str, architecture: str, progress: Progress, *, missing: bool = False) -> str:
        """Build our own image, even where one is there, and return its name. missing: not where there is any."""
        with self._cache.scratch(f"{runtime}-{architecture}", progress) as scratch:
            found = self.images.use(runtime, architecture) if missing else None
            return found or self._build(self.images.known(runtime), architecture, scratch, progress)

    def close(self) -> None:
        """Give up what is being pulled or built, at once."""
        self._cache.close()

    def _pull(self, runtime: Runtime, architecture: str, progress: Progress) -> str | None:
        """AWS's image; None if that cannot be had, which is no error where we can build."""
        progress(f"asking AWS's registry for {runtime.aws_image}")
        if not registry_answers():
            return None
        try:
            with engine_errors(f"pulling {runtime.aws_image}"):
                pull(self._api, runtime.aws_image, architecture, self._cache.tools.closed, progress)
        except SandboxError as error:
            log.warning("%s", error)
        return self.images.find(runtime.identifier, architecture)

    def _build(self, runtime: Runtime, architecture: str, scratch: Path, progress: Progress) -> str:
        plan = self.images.plan(runtime, architecture)
        if plan is None:
            raise NoImage(runtime, architecture, asked=self.pulls)
        why_not = dotnet.why_not(plan.recipe, architecture)
        if why_not is not None:
            raise NoImage(runtime, architecture, asked=self.pulls, machine=why_not)
        check_machine(architecture)
        try:
            root = self._make_root(plan, scratch, progress)
        except ToolFailed as error:
            if error.no_answer is None:
                raise
            raise Unreachable(runtime, architecture, error.name, error.no_answer) from error
        progress(f"handing {plan.tag} to the engine")
        self._import(root, plan)
        self.images.remove_older(plan)
        return plan.tag

    def _make_root(self, plan: ImagePlan, scratch: Path, progress: Progress) -> Path:
        kept = Parts(self._cache, scratch, progress)
        parts = {path: kept.ensure(part) for path, part in plan.parts.items()}
        return build_root(plan, parts, scratch, self._cache.tools, progress)

    def _import(self, root: Path, plan: ImagePlan) -> None:
        name, _, tag = plan.tag.partition(":")
        with engine_errors(f"importing {plan.tag}"):
            answer = self._api.import_image(str(root), repository=name, tag=tag, changes=list(plan.settings))
        last = json.loads(answer.splitlines()[-1])
        if "error" in last:
            raise SandboxError(f"importing {plan.tag}: {last['error']}")
