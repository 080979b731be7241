"""When a function may be updated, and what an update in progress looks like. Contract: api.md 1.6."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from lambda_emu.errors import RevisionMismatch, StillBeingCreated, UpdateInProgress
from lambda_emu.model.function import Function, FunctionVersion, Progress, State, UpdateStatus
from lambda_emu.model.image_package import FoundImage, resolved

# AWS says "created" of updates as well.
_REASON, _REASON_CODE = "The function is being created.", "Creating"

UPDATING = Progress(State.ACTIVE, None, None, UpdateStatus.IN_PROGRESS, _REASON, _REASON_CODE)
CREATING = Progress(State.PENDING, _REASON, _REASON_CODE)
DONE = Progress(State.ACTIVE, None, None, UpdateStatus.SUCCESSFUL)


def check_updatable(function: Function, revision_id: str | None) -> None:
    """Raises StillBeingCreated, UpdateInProgress, or RevisionMismatch when the caller named another revision."""
    progress = function.latest.progress
    if progress.state is State.PENDING:
        raise StillBeingCreated(function.id.arn())
    if progress.update is UpdateStatus.IN_PROGRESS:
        raise UpdateInProgress(function.id.arn())
    if revision_id is not None and revision_id != function.latest.revision_id:
        raise RevisionMismatch


def begun(
    function: Function,
    change: Callable[[FunctionVersion], FunctionVersion],
    *,
    new_id: Callable[[], str],
    modified: str,
) -> Function:
    """The function with `change` made to $LATEST and in progress; `running` goes on with the old.

    A function that had failed is Pending again: it has nothing to go on with.
    """
    latest = replace(
        change(function.latest),
        progress=CREATING if function.latest.progress.state is State.FAILED else UPDATING,
        revision_id=new_id(),
        deployment_id=new_id(),
        last_modified=modified,
    )
    if latest.progress is UPDATING:
        return replace(function, latest=latest)
    return replace(function, latest=latest, running=latest)


@dataclass(frozen=True, slots=True)
class WhyNot:
    """What a version needs could not be had. code: the API's word for it."""

    reason: str
    code: str = "InternalError"


def completed(
    function: Function,
    deployment_id: str,
    why_not: WhyNot | None,
    revision_id: str,
    found: FoundImage | None = None,
) -> Function:
    """The function when what $LATEST of this deployment needs to run is there, or could not be had (why_not).

    found: the image, where it needs one.
    A newer update is on its way with a completion of its own. Versions that were published with the update share its
    fate. A creation that fails, fails the function; a failed update leaves it Active with its old code.
    """
    if function.latest.deployment_id != deployment_id:
        return function
    keeps_old = why_not is not None and function.running.progress.state is State.ACTIVE
    latest = replace(
        resolved(function.latest, found),
        progress=DONE if why_not is None else _failed(why_not, State.ACTIVE if keeps_old else State.FAILED),
        revision_id=revision_id,
    )
    versions = {
        number: version if settled(version) else replace(resolved(version, found), progress=_of_version(why_not))
        for number, version in function.versions.items()
    }
    return replace(function, latest=latest, running=function.running if keeps_old else latest, versions=versions)


def settled(version: FunctionVersion) -> bool:
    """Whether nothing is under way."""
    return version.progress.state is not State.PENDING and version.progress.update is not UpdateStatus.IN_PROGRESS


def _of_version(why_not: WhyNot | None) -> Progress:
    return DONE if why_not is None else _failed(why_not, State.FAILED)


def _failed(why: WhyNot, state: State) -> Progress:
    update = Progress(state, None, None, UpdateStatus.FAILED, why.reason, why.code)
    return update if state is State.ACTIVE else replace(update, reason=why.reason, reason_code=why.code)
