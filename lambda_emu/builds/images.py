"""Images that functions are packaged as: the Docker engine builds them as `sam build` has it, named by their content.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-using-build.html
"""

from __future__ import annotations

import re
from contextlib import closing
from threading import Lock
from typing import Any

from lambda_emu.architectures import GOARCH
from lambda_emu.builds.apart import told, words_of
from lambda_emu.builds.fingerprint import LEFT_OUT, fingerprint, hash_of
from lambda_emu.builds.source import BuildFailed, BuiltImage, ImageSource
from lambda_emu.clock import Clock
from lambda_emu.sandbox.base import NoEngine
from lambda_emu.sandbox.building.tool_runner import Progress, ToolFailed, ToolRunner

FORMAT = 1
"""Goes up where what is built of the same context changes."""
PROGRAM = "lambda_emu.sandbox.docker.build_program"


class ImageBuilds:
    """Of one builder, from any thread. tools: run what builds, and end it. limit_s: how long one may take.

    progress: hears a line for each step.
    """

    def __init__(self, tools: ToolRunner, limit_s: float, progress: Progress) -> None:
        self._tools = tools
        self._limit_s = limit_s
        self._progress = progress
        self._lock = Lock()  # guards _asked; bookkeeping only
        self._asked: set[str] = set()

    def build(self, source: ImageSource) -> BuiltImage:
        """BuildFailed; SandboxError where the engine fails."""
        from lambda_emu.sandbox.docker.client import connect, inspect_image  # here: with it comes the library

        if not (source.context / source.dockerfile).is_file():
            raise BuildFailed(source, f"there is no {source.dockerfile} in {source.context}")
        name = _name(source)
        with self._lock:
            self._asked.add(name)
        try:
            client = connect()
        except NoEngine as error:
            raise BuildFailed(source, f"its image is built by Docker: {error}") from error
        with closing(client):
            if inspect_image(client.api, name) is None:
                self._progress(f"{source.name}: docker builds {source.dockerfile} in {source.context}")
                self._run(source, name)
                self._forget_oldest(client.api)
            _mark_used(client.api, name)
        return BuiltImage(name)

    def _run(self, source: ImageSource, name: str) -> None:
        """In a process of its own: where that ends, the engine gives the build up."""
        request = {
            "context": str(source.context),
            "dockerfile": source.dockerfile,
            "name": name,
            "arguments": dict(source.arguments),
            "target": source.target,
            "platform": f"linux/{GOARCH[source.architecture]}",
            "left_out": sorted(LEFT_OUT),
            "limit_s": self._limit_s,
        }

        def hear(line: str) -> None:
            if line.startswith("Step "):
                self._progress(f"{source.name}: {line}")

        try:
            with told(request) as given:
                self._tools.run(words_of(PROGRAM), hear, name="docker build", limit_s=self._limit_s, given=given)
        except ToolFailed as error:
            raise BuildFailed(source, str(error)) from error

    def _forget_oldest(self, api: Any) -> None:
        from lambda_emu.sandbox.docker.kept_images import remove_surplus

        with self._lock:
            asked = {*self._asked}
        remove_surplus(api, asked, Clock().now_s())


def _mark_used(api: Any, name: str) -> None:
    """Name it again, of which the engine notes the time."""
    from lambda_emu.sandbox.docker.client import engine_errors

    repository, _, tag = name.rpartition(":")
    with engine_errors(f"naming {name}"):
        api.tag(name, repository, tag)


def _name(source: ImageSource) -> str:
    """By all that a build is made of, but for what the images that it begins with are by then."""
    from lambda_emu.sandbox.docker.build_program import context_paths  # here: it asks a library
    from lambda_emu.sandbox.docker.kept_images import BUILT

    content = fingerprint(source.context, context_paths(source.context, source.dockerfile, LEFT_OUT))
    made_of = [source.dockerfile, dict(source.arguments), source.target, source.architecture, content]
    of_function = re.sub(r"[^a-z0-9]+", "-", source.name.lower()).strip("-") or "function"
    return f"{BUILT}/{of_function}:{hash_of([FORMAT, *made_of])[:16]}"
