"""A stack is made, changed and removed by what templates/ does, on a thread of its own, and told of step by step."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.cloudformation.history import History
from lambda_emu.cloudformation.interrupted import as_failed
from lambda_emu.cloudformation.jobs import Jobs, Stopping
from lambda_emu.cloudformation.reading import complaints
from lambda_emu.cloudformation.records import Gone, change
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.stacks import BY_API, StackOutput, StackRecord
from lambda_emu.project.declarations import ProjectError
from lambda_emu.project.services.reach import Reach, Services
from lambda_emu.templates.deploying.deploy import NOTHING_LEFT, deploy_stack, remove_stack
from lambda_emu.templates.deploying.happened import STACK, Happened
from lambda_emu.templates.deploying.removing import LEAVES_NOTHING, Leaves
from lambda_emu.templates.includes import Fetch
from lambda_emu.templates.kinds.documents import read_named
from lambda_emu.templates.stack import Stack
from lambda_emu.templates.stored_parameters import names_stored, with_stored_parameters

log = logging.getLogger(__name__)

HELD_S = 5.0
"""So long the answer to whoever begins something may wait for its end: SDKs look again after 30 s."""
INITIATED = "User Initiated"
ENDS = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
"""What the record says with these is written at once with them."""
AS_UPDATE = {
    "CREATE_COMPLETE": "UPDATE_COMPLETE",
    "CREATE_FAILED": "UPDATE_FAILED",
    "ROLLBACK_IN_PROGRESS": "UPDATE_ROLLBACK_IN_PROGRESS",
    "ROLLBACK_COMPLETE": "UPDATE_ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED": "UPDATE_ROLLBACK_FAILED",
}
"""Of a stack that had no resources before."""


class Planned(Struct, frozen=True):
    """What is to become of a stack. record: as it will be if all goes well, and as it is from the first moment on.

    failure: what becomes of one that cannot be made: DO_NOTHING, ROLLBACK or DELETE.
    """

    record: StackRecord
    stack: Stack
    failure: str = "ROLLBACK"


Actor = tuple[Services, RequestContext]
"""By which resources are asked for, in somebody's name."""
Work = Callable[[Services, RequestContext], None]


class ActAs(Protocol):
    """Of a request: who asks for what it wants."""

    def __call__(self, role: str | None, context: RequestContext) -> AbstractContextManager[Actor]:
        """role: of the stack; None: whoever sent the request asks."""


class Deployer:
    """Of one request. cache: for templates that were expanded."""

    def __init__(self, act_as: ActAs, jobs: Jobs, cache: Path) -> None:
        self.cache = cache
        self._act_as = act_as
        self._jobs = jobs

    def create(self, planned: Planned, context: RequestContext) -> None:
        """Its record is there. Returns when it is made, or soon."""
        self._begin(planned.record, context, partial(self._deploy, planned, is_new=True))

    def update(self, planned: Planned, context: RequestContext, before: StackRecord) -> None:
        """before: the stack as it was."""
        self._begin(planned.record, context, partial(self._deploy, planned, is_new=False, before=before))

    def delete(self, record: StackRecord, context: RequestContext, token: str | None, leaves: Leaves) -> None:
        history = History(context, record, token)
        self._begin(record, context, partial(self._delete, history, was=record.status, leaves=leaves))

    def looked_up(self, stack: Stack, role: str | None, context: RequestContext) -> Stack:
        """With what its parameters name in Systems Manager. ProjectError."""
        if not names_stored(stack):
            return stack
        with self._act_as(role, context) as (services, acting):
            return with_stored_parameters(stack, Reach(acting, services, {}, NOTHING_LEFT), is_served=False)

    def fetcher(self, role: str | None, context: RequestContext) -> Fetch:
        """How a template of this request includes what lies in S3."""

        def fetch(location: str, most_bytes: int) -> bytes:
            with self._act_as(role, context) as (services, acting):
                return read_named(Reach(acting, services, {}, NOTHING_LEFT), location, most_bytes)

        return fetch

    def check_room(self) -> None:
        """Before anything is written of what is to be begun. TooManyJobs."""
        self._jobs.check_room()

    def _begin(self, record: StackRecord, context: RequestContext, work: Work) -> None:
        def run() -> None:
            try:
                with self._act_as(record.role, context) as actor:
                    work(*actor)
            except Gone:
                return
            except Stopping:
                raise
            except LambdaError as error:  # nobody may act for it
                self._fail(record, context, error.text or error.code)
            except Exception as error:
                log.exception("the stack %s could not be worked on", record.name)
                self._fail(record, context, f"Internal Failure: {type(error).__name__}: {error}")

        self._jobs.hold(self._jobs.start(record.name, context.scope.account, run), HELD_S)

    def _fail(self, record: StackRecord, context: RequestContext, reason: str) -> None:
        with suppress(Gone):
            change(context, record, lambda found: as_failed(found, reason))

    def _deploy(
        self,
        planned: Planned,
        services: Services,
        context: RequestContext,
        *,
        is_new: bool,
        before: StackRecord | None = None,
    ) -> None:
        record = planned.record
        history = History(context, record, record.token)
        history.stack(record.status, INITIATED)
        told = _Telling(history, context, self._jobs, is_new=is_new)
        try:
            rolls_back = planned.failure == "ROLLBACK"
            made = deploy_stack(planned.stack, context, services, origin=BY_API, told=told.told, rolls_back=rolls_back)
        except ProjectError as error:
            told.refused(complaints(error), before, rolls_back=rolls_back)
            if is_new and planned.failure == "DELETE":
                self._delete(history, services, context, history.record.status)
            return
        told.whole(made.outputs)

    def _delete(
        self, history: History, services: Services, context: RequestContext, was: str, leaves: Leaves = LEAVES_NOTHING
    ) -> None:
        """was: its status, which it has again where others import what it exports."""
        history.stack("DELETE_IN_PROGRESS", INITIATED)
        told = _Telling(history, context, self._jobs, is_deleted=True)
        remove_stack(history.record.name, context, services, told=told.told, was=was, leaves=leaves)


class _Telling:
    """What a deployment tells becomes history. Its end is told when all is recorded that there is then."""

    def __init__(
        self, history: History, context: RequestContext, jobs: Jobs, *, is_new: bool = False, is_deleted: bool = False
    ) -> None:
        self._history = history
        self._within: dict[str, History] = {}
        self._context = context
        self._jobs = jobs
        self._is_new = is_new
        self._is_deleted = is_deleted
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
        is_update = not self._is_new and not self._is_deleted
        status = AS_UPDATE.get(happened.status, happened.status) if is_update else happened.status
        if status in ENDS and not self._is_deleted:
            self._end = status
        else:
            history.stack(status, happened.reason)

    def _tell_within(self, happened: Happened) -> None:
        """Of a stack within this one, whose record others keep."""
        if happened.stack not in self._within:
            context = self._context
            record = context.store.stacks.get(context.scope, happened.stack)
            if record is None:
                return
            self._within[happened.stack] = History(context, record, self._history.record.token)
        self._within[happened.stack].told(happened)

    def whole(self, outputs: Any) -> None:
        made: tuple[StackOutput, ...] = tuple(outputs)
        end = self._end or ("CREATE_COMPLETE" if self._is_new else "UPDATE_COMPLETE")
        self._history.stack(end, edit=lambda record: replace(record, outputs=made))

    def refused(self, reason: str, before: StackRecord | None, *, rolls_back: bool) -> None:
        """Before anything was changed, or after it was undone."""
        history = self._history
        is_at_begin = self._end is None and history.record.status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
        if is_at_begin and not rolls_back:
            history.stack("CREATE_FAILED" if self._is_new else "UPDATE_FAILED", reason)
        elif is_at_begin:
            begins = "ROLLBACK" if self._is_new else "UPDATE_ROLLBACK"
            history.stack(f"{begins}_IN_PROGRESS", reason)
            self._end = f"{begins}_COMPLETE"
        if self._end is not None:
            history.stack(self._end, edit=lambda record: _as_before(record, before))


def _as_before(record: StackRecord, before: StackRecord | None) -> StackRecord:
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
    )
