"""When a function may be updated, and what an update in progress looks like. docs/contract/api.md#states."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.errors.resources import RevisionMismatch, StillBeingCreated, UpdateInProgress
from lambda_emu.model.capacity.managed_instances import idle_state
from lambda_emu.model.function.function import Function, FunctionState, FunctionVersion, Progress, UpdateStatus
from lambda_emu.model.function.image_package import FoundImage, resolve_image

# AWS says "created" of updates as well.
_REASON, _REASON_CODE = "The function is being created.", "Creating"

UPDATING = Progress(FunctionState.ACTIVE, None, None, UpdateStatus.IN_PROGRESS, _REASON, _REASON_CODE)
CREATING = Progress(FunctionState.PENDING, _REASON, _REASON_CODE)
DONE = Progress(FunctionState.ACTIVE, None, None, UpdateStatus.SUCCESSFUL)


def check_updatable(function: Function, revision_id: str | None) -> None:
    """Raises StillBeingCreated, UpdateInProgress, or RevisionMismatch when the caller named another revision."""
    progress = function.latest.progress
    if progress.state is FunctionState.PENDING:
        raise StillBeingCreated(function.id.arn())
    if progress.update is UpdateStatus.IN_PROGRESS:
        raise UpdateInProgress(function.id.arn())
    if revision_id is not None and revision_id != function.latest.revision_id:
        raise RevisionMismatch


def begin_update(
    function: Function,
    change: Callable[[FunctionVersion], FunctionVersion],
    *,
    new_id: Callable[[], str],
    modified: str,
) -> Function:
    """The function with `change` made to $LATEST and in progress; `running` goes on with the old.

    A function that had failed is Pending again: it has nothing to go on with.
    """
    failed = function.latest.progress.state is FunctionState.FAILED
    latest = replace(
        change(function.latest),
        progress=CREATING if failed else replace(UPDATING, state=idle_state(function.latest)),
        revision_id=new_id(),
        deployment_id=new_id(),
        last_modified=modified,
    )
    return replace(function, latest=latest, running=latest if failed else function.running)


def replace_latest(function: Function, wanted: Function) -> Function:
    """The function as the one wanted in its place; where that would run the same it stays the deployment it is.

    Versions, aliases and all else that hangs on it stay.
    """
    before = function.latest
    same = replace(
        wanted.latest,
        deployment_id=before.deployment_id,
        revision_id=before.revision_id,
        last_modified=before.last_modified,
        progress=before.progress,
    )
    tagged = replace(function, tags=wanted.tags)
    return tagged if same == before else replace(tagged, latest=wanted.latest, running=wanted.running)


class WhyNot(Struct, frozen=True):
    """What a version needs could not be had. code: the API's word for it."""

    reason: str
    code: str = "InternalError"


def complete_update(
    function: Function,
    deployment_id: str,
    why_not: WhyNot | None,
    new_id: Callable[[], str],
    found: FoundImage | None = None,
) -> Function:
    """The function when what $LATEST of this deployment needs to run is there, or could not be had (why_not).

    found: the image, where it needs one. Whatever ends here gets a revision of its own: $LATEST, and each version.
    A newer update is on its way with a completion of its own. Versions that are still being published share the fate
    of $LATEST. A creation that fails, fails the function; a failed update leaves it Active with its old code.
    """
    if function.latest.deployment_id != deployment_id:
        return function

    def end(version: FunctionVersion) -> FunctionVersion:
        if is_settled(version):
            return version
        progress = DONE if why_not is None else _failure(why_not, FunctionState.FAILED)
        return replace(resolve_image(version, found), progress=progress, revision_id=new_id())

    after = replace(
        function,
        versions={number: end(version) for number, version in function.versions.items()},
        latest_published=function.latest_published and end(function.latest_published),
    )
    if is_settled(function.latest):
        return after
    keeps_old = why_not is not None and function.running.progress.state not in (
        FunctionState.PENDING,
        FunctionState.FAILED,
    )
    idle = idle_state(function.latest)
    latest = replace(
        resolve_image(function.latest, found),
        progress=replace(DONE, state=idle)
        if why_not is None
        else _failure(why_not, idle if keeps_old else FunctionState.FAILED),
        revision_id=new_id(),
    )
    return replace(after, latest=latest, running=function.running if keeps_old else latest)


def lacks_runtime(function: Function) -> bool:
    """Whether it failed for want of its runtime, which may be there by now."""
    return function.latest.image is None and function.latest.progress.state is FunctionState.FAILED


def try_again(function: Function) -> Function:
    """The function as if it had just been created; for one that lacked its runtime."""
    latest = replace(function.latest, progress=CREATING)
    return replace(function, latest=latest, running=latest)


def is_settled(version: FunctionVersion) -> bool:
    """Whether nothing is under way."""
    return (
        version.progress.state is not FunctionState.PENDING and version.progress.update is not UpdateStatus.IN_PROGRESS
    )


def are_all_settled(function: Function) -> bool:
    """Whether nothing is under way of $LATEST and of all published versions."""
    return is_settled(function.latest) and all(map(is_settled, function.published_versions()))


def _failure(why: WhyNot, state: FunctionState) -> Progress:
    update = Progress(state, None, None, UpdateStatus.FAILED, why.reason, why.code)
    return replace(update, reason=why.reason, reason_code=why.code) if state is FunctionState.FAILED else update
