"""Gathers the resources that a project wants, for the modules that know what some kinds of events need each."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.project.declarations import Declared, DeclaredFunction
from lambda_emu.project.resources import Reference, Resource, ResourceKey
from lambda_emu.project.services.left import PREFIX
from lambda_emu.project.services.own import MAPPING, PERMISSION, show_permission

POLLED = {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": [], "FilterCriteria": {}}
STREAM_DEFAULTS = {
    **POLLED,
    "BatchSize": 100,
    "Enabled": True,
    "ParallelizationFactor": 1,
    "MaximumRetryAttempts": -1,
    "MaximumRecordAgeInSeconds": -1,
    "BisectBatchOnFunctionError": False,
    "TumblingWindowInSeconds": 0,
    "DestinationConfig": {"OnFailure": {}},
}
"""What a mapping of a stream says where nothing else is declared."""
_VARIABLE = re.compile(r"\$\{(?:AWS::(Region|AccountId|Partition)|([\w-]{1,64})\.Arn)\}")


class Building:
    """wanted: so far, by its key. needed: what is named, with the place that names it; others may declare it."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.wanted: dict[ResourceKey, Resource] = {}
        self.needed: dict[ResourceKey, str] = {}

    def need(self, key: ResourceKey, place: str) -> None:
        """It is made with what is usual for it, if nobody declares it."""
        self.needed.setdefault(key, place)

    def add(
        self, kind: str, name: str, members: Mapping[str, Any], shown: Mapping[str, Any], place: str
    ) -> ResourceKey:
        """As `Resource` has them."""
        key = ResourceKey(kind, name)
        self.wanted[key] = Resource(key, members, shown, place)
        return key

    def map(
        self,
        function: DeclaredFunction,
        name: str,
        settings: Mapping[str, Any],
        source: ResourceKey,
        place: str,
        start: Mapping[str, Any] = {},
    ) -> None:
        """Have a source polled for a function. name: of the source. start: what is said of a new mapping alone."""
        shown = {**settings, "EventSourceArn": Reference(source)}
        self.add(MAPPING, f"{function.name} {name}", {**shown, **start, "FunctionName": function.name}, shown, place)

    def permit(
        self, function: DeclaredFunction, event: Declared, principal: str, source: ResourceKey, **more: Any
    ) -> None:
        """principal: may run the function for what source is. more: of AddPermission."""
        action = "lambda:InvokeFunction"
        members = {"Principal": principal, "Action": action, "SourceArn": Reference(source), **more}
        self.permission(function, f"{PREFIX}{event.kind}-{hash_of([source.name])}", members, event.place())

    def permission(self, function: DeclaredFunction, id: str, members: Mapping[str, Any], place: str) -> None:
        self.add(PERMISSION, f"{function.name} {id}", members, show_permission(members), place)

    def arn(self, function: DeclaredFunction) -> str:
        return self.scope.function(function.name).arn()


Attach = Callable[[Building, DeclaredFunction, Declared], None]
"""Adds what one event of a function needs."""


def filled(text: str, scope: Scope) -> str:
    """`${AWS::Region}`, `${AWS::AccountId}`, `${AWS::Partition}` and `${function.Arn}` are what they are here."""
    here = {"Region": scope.region, "AccountId": scope.account, "Partition": scope.partition}
    return _VARIABLE.sub(lambda found: here[found[1]] if found[1] else scope.function(found[2]).arn(), text)


def filled_all(part: Any, scope: Scope) -> Any:
    """All texts of what JSON could say, each as `filled`."""
    if isinstance(part, dict):
        return {name: filled_all(inner, scope) for name, inner in part.items()}
    if isinstance(part, list):
        return [filled_all(inner, scope) for inner in part]
    return filled(part, scope) if isinstance(part, str) else part


def hash_of(said: object) -> str:
    """Short, for names."""
    return hashlib.sha256(repr(said).encode()).hexdigest()[:8]
