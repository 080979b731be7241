"""Publishing a version: a copy of $LATEST that never changes. docs/contract/api.md#versions-and-aliases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from lambda_emu.arn import LATEST, LATEST_PUBLISHED
from lambda_emu.model.changes.refusals import CodeChanged, VersionInUse
from lambda_emu.model.changes.updates import DONE, check_updatable
from lambda_emu.model.function.function import Function, FunctionVersion, Progress

PER_QUALIFIER = ("policies", "invoke_configs", "urls", "provisioned", "runtime_management", "scaling")
"""What hangs on a version or an alias, and goes with it."""


def publish(
    function: Function,
    *,
    new_id: Callable[[], str],
    modified: str,
    description: str | None = None,
    progress: Progress = DONE,
    to: str | None = None,
) -> tuple[Function, FunctionVersion]:
    """The function with a new version of $LATEST, and that version; the last one again if nothing changed since.

    progress: of the new version. Either way $LATEST gets a new revision only if there is a new version.
    to: PublishTo; LATEST_PUBLISHED puts the version in place of the one named $LATEST.PUBLISHED.
    """
    last = function.versions.get(function.last_version)
    if to is None and last is not None and _is_unchanged(function, last):
        return function, last
    number = function.last_version + 1
    version = replace(
        function.latest,
        version=str(number) if to is None else LATEST_PUBLISHED,
        description=function.latest.description if description is None else description,
        deployment_id=new_id(),
        revision_id=new_id(),
        last_modified=modified,
        other=_with_snapshots(function.latest.other),
        progress=progress,
    )
    latest = replace(function.latest, revision_id=new_id())
    after = replace(
        function,
        latest=latest,
        running=latest if function.running == function.latest else function.running,
    )
    if to is not None:
        return replace(after, latest_published=version), version
    versions = MappingProxyType({**function.versions, number: version})
    after = replace(after, last_version=number, published_description=latest.description, versions=versions)
    return after, version


def check_publishable(function: Function, revision_id: str | None, code_sha256: str | None) -> None:
    """StillBeingCreated, UpdateInProgress, RevisionMismatch, or CodeChanged if the caller meant other code."""
    check_updatable(function, revision_id)
    if code_sha256 is not None and code_sha256 != function.latest.code.sha256:
        raise CodeChanged(code_sha256, function.latest.code.sha256)


def without_version(function: Function, qualifier: str) -> Function:
    """The function without this published version, which may be absent. VersionInUse while an alias points to it."""
    if aliases := sorted(name for name, alias in function.aliases.items() if alias.points_to(qualifier)):
        raise VersionInUse(aliases)
    if function.published_version(qualifier) is None:
        return function
    if qualifier == LATEST_PUBLISHED:
        return without_qualifier(replace(function, latest_published=None), qualifier)
    kept = {number: version for number, version in function.versions.items() if number != int(qualifier)}
    return without_qualifier(replace(function, versions=MappingProxyType(kept)), qualifier)


def without_qualifier(function: Function, qualifier: str) -> Function:
    """The function when a version or an alias of it went, with all that hung on that."""
    kept = {}
    for member in PER_QUALIFIER:
        entries: Mapping[str, Any] = getattr(function, member)
        if qualifier in entries:
            kept[member] = {key: entry for key, entry in entries.items() if key != qualifier}
    return replace(function, **kept)


def _is_unchanged(function: Function, last: FunctionVersion) -> bool:
    """Whether $LATEST is what it was when `last` was published; that may have been given another description."""
    same = function.latest.description == function.published_description
    return same and _content(function.latest) == _content(last)


def _content(version: FunctionVersion) -> FunctionVersion:
    """A version without what publishing itself changes."""
    return replace(
        version,
        version=LATEST,
        description="",
        deployment_id="",
        revision_id="",
        last_modified="",
        other={**version.other, "SnapStart": version.other.get("SnapStart", {}).get("ApplyOn", "None")},
        progress=DONE,
    )


def _with_snapshots(other: Mapping[str, Any]) -> Mapping[str, Any]:
    """A published version of a function that asked for them has its snapshot."""
    snap_start = other.get("SnapStart", {})
    if snap_start.get("ApplyOn") != "PublishedVersions":
        return other
    return MappingProxyType({**other, "SnapStart": {**snap_start, "OptimizationStatus": "On"}})
