"""What a deployment tells of a stack becomes the history of that, and its status by it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.cloudformation.history import History
from lambda_emu.cloudformation.jobs import Jobs
from lambda_emu.model.stacks import FAILED, StackOutput, StackRecord
from lambda_emu.templates.deploying.happened import STACK, Happened

ENDS = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
"""What the record says with these is written at once with them."""
AS_CREATION: Mapping[str, str] = {}
AS_UPDATE = {
    "CREATE_COMPLETE": "UPDATE_COMPLETE",
    "CREATE_FAILED": "UPDATE_FAILED",
    "ROLLBACK_IN_PROGRESS": "UPDATE_ROLLBACK_IN_PROGRESS",
    "ROLLBACK_COMPLETE": "UPDATE_ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED": "UPDATE_ROLLBACK_FAILED",
}
"""Of a stack that had no resources before."""
AS_ROLLBACK = {
    "CREATE_COMPLETE": "UPDATE_ROLLBACK_COMPLETE",
    "CREATE_FAILED": "UPDATE_ROLLBACK_FAILED",
    "UPDATE_COMPLETE": "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_FAILED": "UPDATE_ROLLBACK_FAILED",
}
"""Of a deployment that makes it what it was."""
AS_END_OF_NEW = {"DELETE_COMPLETE": "ROLLBACK_COMPLETE", "DELETE_FAILED": "ROLLBACK_FAILED"}
"""Of one that never was whole, and whose resources go."""
AT_BEGIN = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS")


class Telling:
    """Its end is told when all is recorded that there is then.

    names: statuses of the stack by what a deployment calls them. ends: those that whole() or refused() writes.
    """

    def __init__(
        self,
        history: History,
        context: RequestContext,
        jobs: Jobs,
        names: Mapping[str, str],
        ends: Collection[str] = ENDS,
    ) -> None:
        self._history = history
        self._within: dict[str, History] = {}
        self._context = context
        self._jobs = jobs
        self._names = names
        self._ends = ends
        self._end: str | None = None

    def told(self, happened: Happened) -> None:
        """Stopping, Gone."""
        self._jobs.check()
        history = self._history
        history.check()
        if happened.stack != history.record.name:
            self._tell_within(happened)
            return
        if happened.kind != STACK or happened.logical_id != history.record.name:
            history.told(happened)
            return
        status = self._named(happened.status)
        if status in self._ends:
            self._end = status
        else:
            history.stack(status, happened.reason)

    def _named(self, status: str) -> str:
        return self._names.get(status, status)

    def _tell_within(self, happened: Happened) -> None:
        """Of a stack within this one, whose record others keep."""
        if happened.stack not in self._within:
            context = self._context
            record = context.store.stacks.get(context.scope, happened.stack)
            if record is None:
                return
            self._within[happened.stack] = self._history.of_other(record)
        self._within[happened.stack].told(happened)

    def whole(self, outputs: Any, before: StackRecord | None = None) -> None:
        """before: the stack that it is again."""
        made: tuple[StackOutput, ...] = tuple(outputs)
        end = self._end or self._named("CREATE_COMPLETE")
        self._history.stack(end, edit=lambda one: replace(as_before(one, before), outputs=made, before=None))

    def refused(self, reason: str, before: StackRecord | None, *, rolls_back: bool) -> None:
        """Before anything was changed, or after it was undone. before: the stack as it was when that began."""
        history = self._history
        is_at_begin = self._end is None and history.record.status in AT_BEGIN
        if is_at_begin and not rolls_back:
            history.stack(self._named("CREATE_FAILED"), reason)
        elif is_at_begin:
            history.stack(self._named("ROLLBACK_IN_PROGRESS"), reason)
            self._end = self._named("ROLLBACK_COMPLETE")
        if self._end is not None and before is not None and before.status in FAILED:
            was = before  # what failed once more: what it was before that is yet to be made again
            history.stack("UPDATE_FAILED", was.reason, lambda one: replace(as_before(one, was), before=was.before))
        elif self._end is not None:
            history.stack(self._end, edit=lambda record: as_before(record, before))


def as_before(record: StackRecord, before: StackRecord | None) -> StackRecord:
    """With the template and the parameters that it has again."""
    if before is None:
        return record
    return replace(
        record,
        template=before.template,
        body=before.body,
        parameters=before.parameters,
        outputs=before.outputs,
        tags=before.tags,
        topics=before.topics,
        role=before.role,
        capabilities=before.capabilities,
        description=before.description,
        before=None,
    )
