"""Makes the store hold what a project declares. What did not change is left alone, environments and all."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lambda_emu.arn import FunctionId, Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.changes.creation import new_function
from lambda_emu.model.function.function import Artifact, Function, LayerReference
from lambda_emu.model.timestamps import last_modified
from lambda_emu.project.declarations import DeclaredFunction, Project, ProjectError
from lambda_emu.store import Store
from lambda_emu.store.code.folder_zip import UnusableFolder

ORIGIN = "project"
TAKEN = "is the name of a function made through the API; delete that one, or choose another name"


def deploy(project: Project, store: Store, clock: Clock, scope: Scope) -> list[Function]:
    """Create, change and remove the functions of earlier deployments, so that those declared remain; by declaration.

    New and changed ones are Pending: the caller activates them. Functions made through the API stay as they are.
    Raises ProjectError, before anything changes, for code that cannot be used and names that the API has taken.
    """
    deployment = _Deployment(project, store, clock, scope)
    wanted = deployment.functions()
    if deployment.mistakes:
        raise ProjectError(deployment.mistakes)
    kept = {function.id for function in wanted}
    for existing in store.functions.all(scope):
        if existing.origin == ORIGIN and existing.id not in kept:
            store.remove(existing.id)
    return [_upsert(store, function) for function in wanted]


def _upsert(store: Store, wanted: Function) -> Function:
    existing = store.function(wanted.id)
    if existing is None:
        store.create(wanted)
        return wanted
    merged = merge(existing, wanted)
    return existing if merged == existing else store.change(wanted.id, lambda _: merged)


def merge(existing: Function, wanted: Function) -> Function:
    """`existing` as a project wants it now: its deployment stays where that would run the same.

    Versions, aliases and all else that hangs on it stay too.
    """
    latest = existing.latest
    same = replace(
        wanted.latest,
        deployment_id=latest.deployment_id,
        revision_id=latest.revision_id,
        last_modified=latest.last_modified,
        progress=latest.progress,
    )
    declared = replace(existing, reserved_concurrency=wanted.reserved_concurrency, tags=wanted.tags)
    return declared if same == latest else replace(declared, latest=wanted.latest, running=wanted.running)


class _Deployment:
    """The functions that a project's declarations mean, and what is wrong with their code."""

    def __init__(self, project: Project, store: Store, clock: Clock, scope: Scope) -> None:
        self.mistakes: list[str] = []
        self._project = project
        self._store = store
        self._clock = clock
        self._scope = scope

    def functions(self) -> list[Function]:
        made = [self._function(declared) for declared in self._project.functions]
        return [function for function in made if function is not None]

    def _function(self, declared: DeclaredFunction) -> Function | None:
        """None after a mistake."""
        id = self._scope.function(declared.name)
        existing = self._store.function(id)
        if existing is not None and existing.origin != ORIGIN:
            self._mistake(declared, "name", TAKEN)
            return None
        code = self._artifact(declared, "code", declared.code)
        layers = {self._layer_arn(path): self._artifact(declared, "layers", path) for path in declared.layers}
        if code is None or None in layers.values():
            return None
        mounted = {arn: LayerReference(arn, content) for arn, content in layers.items() if content is not None}
        return self._new_function(id, declared, code, mounted)

    def _new_function(
        self, id: FunctionId, declared: DeclaredFunction, code: Artifact, layers: Mapping[str, LayerReference]
    ) -> Function | None:
        try:
            function = new_function(
                id,
                _as_request(declared, self._role(declared), list(layers)),
                code,
                layers.get,
                new_id=self._clock.new_id,
                modified=last_modified(self._clock.now_s()),
                origin=ORIGIN,
            )
        except LambdaError as error:
            self._mistake(declared, "name", str(error))
            return None
        return replace(function, reserved_concurrency=declared.reserved_concurrency)

    def _artifact(self, declared: DeclaredFunction, key: str, path: Path) -> Artifact | None:
        artifacts = self._store.artifacts
        add: Callable[[Path], Artifact] = artifacts.add_folder if path.is_dir() else artifacts.add_zip
        try:
            return add(path)
        except UnusableFolder as error:  # it names the path at fault
            self._mistake(declared, key, str(error))
        except (LambdaError, OSError) as error:
            self._mistake(declared, key, f"{path.name}: {error}")
        return None

    def _mistake(self, declared: DeclaredFunction, key: str, text: str) -> None:
        self.mistakes.append(f"{declared.places[key]}: {text}")

    def _role(self, declared: DeclaredFunction) -> str:
        return declared.role or f"arn:{self._scope.partition}:iam::{self._scope.account}:role/lambda-emu"

    def _layer_arn(self, path: Path) -> str:
        name = _layer_name(path, self._project.folder)
        return self._scope.arn(f"layer:{name}:1")


def _layer_name(path: Path, folder: Path) -> str:
    """A layer of a project has no name of its own: its path within the project is as unique.

    Where that is no name, it is made one, with a hash to tell it from others that look the same then.
    """
    written = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()
    name = re.sub(r"[^a-zA-Z0-9_-]+", "-", written).strip("-")[-64:]
    return name if name == written else f"{name}-{hashlib.sha256(os.fsencode(written)).hexdigest()[:8]}"


def _as_request(declared: DeclaredFunction, role: str, layers: list[str]) -> dict[str, Any]:
    """The same function as CreateFunction would ask for it."""
    request: dict[str, Any] = {
        "Runtime": declared.runtime,
        "Handler": declared.handler,
        "Role": role,
        "Description": declared.description,
        "Timeout": declared.timeout_s,
        "MemorySize": declared.memory_mb,
        "EphemeralStorage": {"Size": declared.ephemeral_storage_mb},
        "Architectures": [declared.architecture],
        "LoggingConfig": {"LogFormat": declared.log_format},
        "Layers": layers,
        "Tags": declared.tags,
    }
    if declared.environment is not None:
        request["Environment"] = {"Variables": declared.environment}
    return request
