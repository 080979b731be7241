"""The resources that a project's declarations mean, their code kept; what is wrong with them is told by its place."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from lambda_emu.api.code import UnusableFolder, keep
from lambda_emu.api.context import RequestContext
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.function.function import Artifact
from lambda_emu.project.declarations import DeclaredFunction, Project, ProjectError
from lambda_emu.project.keys.roles import DEFAULT, role_arn
from lambda_emu.project.kinds import FUNCTION, LAYER, RESERVATION, show_function, show_layer
from lambda_emu.project.resources import Members, Reference, Resource, ResourceKey

TAKEN = "is the name of a function made through the API; delete that one, or choose another name"


def make_resources(project: Project, context: RequestContext, taken: Collection[ResourceKey]) -> list[Resource]:
    """What there is to be, by declaration. taken: what others have made, which stays theirs.

    Raises ProjectError, with every mistake, for names that are taken and for code that cannot be used.
    """
    reading = _Reading(project, context, taken)
    resources = {resource.key: resource for declared in project.functions for resource in reading.resources(declared)}
    if reading.mistakes:
        raise ProjectError(reading.mistakes)
    return [*resources.values()]


class _Reading:
    """Collects mistakes; each folder is zipped once, whoever uses it."""

    def __init__(self, project: Project, context: RequestContext, taken: Collection[ResourceKey]) -> None:
        self.mistakes: list[str] = []
        self._folder = project.folder
        self._context = context
        self._taken = taken
        self._kept: dict[Path, Artifact] = {}

    def resources(self, declared: DeclaredFunction) -> Iterator[Resource]:
        """A function and what it needs and has; nothing after a mistake."""
        place, key = declared.places["name"], ResourceKey(FUNCTION, declared.name)
        if key in self._taken:
            self.mistakes.append(f"{place}: {TAKEN}")
            return
        code = self._keep(declared, "code", declared.code)
        layers = {self._layer_key(path): self._keep(declared, "layers", path) for path in declared.own_layers}
        if code is None or None in layers.values():
            return
        for layer, content in layers.items():
            assert content is not None
            yield Resource(layer, {"Content": {"ZipFile": content}}, show_layer(content), declared.places["layers"])
        members = _members(declared, self._role(declared), code, [*map(self._layer, declared.layers)])
        yield Resource(key, members, show_function(declared.name, members), place)
        if declared.reserved_concurrency is not None:
            reserved = {"ReservedConcurrentExecutions": declared.reserved_concurrency}
            whose = {"FunctionName": Reference(key)}
            at = declared.places.get("reserved_concurrency", place)
            yield Resource(ResourceKey(RESERVATION, declared.name), {**whose, **reserved}, reserved, at)

    def _keep(self, declared: DeclaredFunction, key: str, path: Path) -> Artifact | None:
        """None after a mistake."""
        try:
            if path not in self._kept:
                self._kept[path] = keep(self._context, path)
            return self._kept[path]
        except UnusableFolder as error:  # it names the path at fault
            text = str(error)
        except (LambdaError, OSError) as error:
            text = f"{path.name}: {error}"
        self.mistakes.append(f"{declared.places[key]}: {text}")
        return None

    def _role(self, declared: DeclaredFunction) -> str:
        return role_arn(self._context.scope, declared.role or DEFAULT)

    def _layer(self, layer: Path | str) -> Reference | str:
        return layer if isinstance(layer, str) else Reference(self._layer_key(layer))

    def _layer_key(self, path: Path) -> ResourceKey:
        return ResourceKey(LAYER, _layer_name(path, self._folder))


def _layer_name(path: Path, folder: Path) -> str:
    """A layer of a project has no name of its own: its path within the project is as unique.

    Where that is no name, it is made one, with a hash to tell it from others that look the same then.
    """
    written = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()
    name = re.sub(r"[^a-zA-Z0-9_-]+", "-", written).strip("-")[-64:]
    return name if name == written else f"{name}-{hashlib.sha256(os.fsencode(written)).hexdigest()[:8]}"


def _members(declared: DeclaredFunction, role: str, code: Artifact, layers: list[Reference | str]) -> Members:
    """The same function as CreateFunction would ask for it, but for its name."""
    members: dict[str, Any] = {
        "Runtime": declared.runtime,
        "Handler": declared.handler,
        "Role": role,
        "Code": {"ZipFile": code},
        "Description": declared.description,
        "Timeout": declared.timeout_s,
        "MemorySize": declared.memory_mb,
        "EphemeralStorage": {"Size": declared.ephemeral_storage_mb},
        "Architectures": [declared.architecture],
        "LoggingConfig": {"LogFormat": declared.log_format},
        "Layers": layers,
        "Tags": dict(declared.tags),
    }
    if declared.environment is not None:
        members["Environment"] = {"Variables": dict(declared.environment)}
    return members
