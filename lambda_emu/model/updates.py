"""When a function may be updated, and what an update in progress looks like. Contract: api.md 1.6."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lambda_emu.errors import RevisionMismatch, StillBeingCreated, UpdateInProgress
from lambda_emu.model.function import Function, FunctionVersion, Progress, State, UpdateStatus

# AWS says "created" of updates as well.
_REASON, _REASON_CODE = "The function is being created.", "Creating"

UPDATING = Progress(State.ACTIVE, None, None, UpdateStatus.IN_PROGRESS, _REASON, _REASON_CODE)
CREATING_AGAIN = Progress(State.PENDING, _REASON, _REASON_CODE)


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
        progress=CREATING_AGAIN if function.latest.progress.state is State.FAILED else UPDATING,
        revision_id=new_id(),
        deployment_id=new_id(),
        last_modified=modified,
    )
    if latest.progress is UPDATING:
        return replace(function, latest=latest)
    return replace(function, latest=latest, running=latest)
