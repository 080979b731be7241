"""A stack is made, changed and removed by what templates/ does, on a thread of its own, and told of step by step."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.cloudformation.capabilities import check_within
from lambda_emu.cloudformation.history import History
from lambda_emu.cloudformation.interrupted import as_failed
from lambda_emu.cloudformation.jobs import Job, Jobs, Stopping
from lambda_emu.cloudformation.reading import complaints
from lambda_emu.cloudformation.records import Gone, change
from lambda_emu.cloudformation.telling import AS_CREATION, AS_END_OF_NEW, AS_ROLLBACK, AS_UPDATE, Telling
from lambda_emu.cloudformation.topics import Topics
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.stack_policy import Policy
from lambda_emu.model.stacks import BY_API, StackRecord
from lambda_emu.project.declarations import ProjectError
from lambda_emu.project.services.reach import Reach, Services
from lambda_emu.templates.deploying.deploy import NOTHING_LEFT, deploy_stack, remove_stack
from lambda_emu.templates.deploying.deployment import Ways
from lambda_emu.templates.deploying.prepared import PreparedWithin
from lambda_emu.templates.deploying.records import put_back
from lambda_emu.templates.deploying.removing import LEAVES_NOTHING, Leaves
from lambda_emu.templates.deploying.stopping import Stop, after
from lambda_emu.templates.kinds.documents import read_named
from lambda_emu.templates.language.includes import Fetch
from lambda_emu.templates.stack import Stack
from lambda_emu.templates.stored_parameters import names_stored, with_stored_parameters

log = logging.getLogger(__name__)

HELD_S = 5.0
"""So long the answer to whoever begins something may wait for its end: SDKs look again after 30 s."""
ENDED_S = 20.0
"""So long the deletion of a stack that is being made may wait until that is undone."""
INITIATED = "User Initiated"


class Planned(Struct, frozen=True):
    """What is to become of a stack. record: as it will be if all goes well, and as it is from the first moment on.

    failure: what becomes of one that cannot be made: DO_NOTHING, ROLLBACK or DELETE. policy: what an update may do.
    retains: what DeletionPolicy retains stays though what made it is undone. prepared: of a change set.
    """

    record: StackRecord
    stack: Stack
    failure: str = "ROLLBACK"
    policy: Policy | None = None
    retains: bool = True
    prepared: PreparedWithin = {}


Actor = tuple[Services, RequestContext]
"""By which resources are asked for, in somebody's name."""


class Work(Protocol):
    """What is done for a stack. stop: by which somebody else ends it."""

    def __call__(self, services: Services, context: RequestContext, /, *, stop: Stop) -> None: ...


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
        record = replace(record, token=token)
        self._begin(record, context, partial(self._delete, record, was=record.status, leaves=leaves))

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

    @contextmanager
    def reaching(self, context: RequestContext, role: str | None = None) -> Iterator[Reach]:
        """What whoever sent the request may look at, or the role of the stack."""
        with self._act_as(role, context) as (services, acting):
            yield Reach(acting, services, {}, NOTHING_LEFT)

    def check_room(self) -> None:
        """Before anything is written of what is to be begun. TooManyJobs."""
        self._jobs.check_room()

    def roll_back(self, planned: Planned, context: RequestContext, skips: Collection[str]) -> None:
        """To what it was. planned: of its record as it is now, and of the stack as it was."""
        work = partial(self._roll_back, planned, frozenset(skips))
        self._begin(planned.record, context, work)

    def unmake(self, record: StackRecord, context: RequestContext) -> None:
        """One that never was whole."""
        self._begin(record, context, partial(self._unmake, record))

    def cancel(self, record: StackRecord) -> bool:
        """Have the update that goes on undone; whether there is one."""
        return self._jobs.cancel(record.id, INITIATED)

    def end_creation(self, record: StackRecord) -> None:
        """Have it undone, and wait for that, for a while."""
        self._jobs.cancel(record.id, INITIATED)
        self._jobs.wait_for(record.id, ENDED_S)

    def _begin(self, record: StackRecord, context: RequestContext, work: Work) -> None:
        is_new, minutes = record.status == "CREATE_IN_PROGRESS", record.timeout_minutes
        stop = Stop(after(minutes * 60, context.clock)) if is_new and minutes else Stop()

        def run() -> None:
            try:
                with self._act_as(record.role, context) as actor:
                    work(*actor, stop=stop)
            except Gone:
                return
            except Stopping:
                raise
            except LambdaError as error:  # nobody may act for it
                self._fail(record, context, error.text or error.code)
            except Exception as error:
                log.exception("the stack %s could not be worked on", record.name)
                self._fail(record, context, f"Internal Failure: {type(error).__name__}: {error}")

        self._jobs.hold(self._jobs.start(Job(record.name, record.id, context.scope.account, stop), run), HELD_S)

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
        stop: Stop,
        before: StackRecord | None = None,
    ) -> None:
        record = planned.record
        history = _history(record, services, context)
        history.stack(record.status, INITIATED)
        told = Telling(history, context, self._jobs, AS_CREATION if is_new else AS_UPDATE)
        try:
            rolls_back = planned.failure == "ROLLBACK"
            may, prepared = partial(check_within, given=record.capabilities), planned.prepared
            ways = Ways(
                rolls_back, stop=stop, policy=planned.policy, retains=planned.retains, may=may, prepared=prepared
            )
            made = deploy_stack(planned.stack, context, services, ways, origin=BY_API, told=told.told)
        except ProjectError as error:
            told.refused(complaints(error), before, rolls_back=rolls_back)
            if is_new and planned.failure == "DELETE":
                self._delete(history.record, services, context, was=history.record.status, stop=stop)
            return
        told.whole(made.outputs)

    def _delete(
        self,
        record: StackRecord,
        services: Services,
        context: RequestContext,
        *,
        stop: Stop,
        was: str,
        leaves: Leaves = LEAVES_NOTHING,
    ) -> None:
        """was: its status, which it has again where others import what it exports."""
        history = _history(record, services, context)
        history.stack("DELETE_IN_PROGRESS", INITIATED)
        told = Telling(history, context, self._jobs, AS_CREATION, ends=())
        remove_stack(history.record.name, context, services, told=told.told, was=was, leaves=leaves)

    def _roll_back(
        self, planned: Planned, skips: frozenset[str], services: Services, context: RequestContext, *, stop: Stop
    ) -> None:
        record = planned.record
        history = _history(record, services, context)
        history.stack(record.status, INITIATED)
        told = Telling(history, context, self._jobs, AS_ROLLBACK)
        put_back(record.name, context)
        ways = Ways(rolls_back=False, stop=stop, skips=skips)
        try:
            made = deploy_stack(planned.stack, context, services, ways, origin=BY_API, told=told.told)
        except ProjectError as error:
            told.refused(complaints(error), record.before, rolls_back=False)
            return
        told.whole(made.outputs, record.before)

    def _unmake(self, record: StackRecord, services: Services, context: RequestContext, *, stop: Stop) -> None:
        history = _history(record, services, context)
        history.stack(record.status, INITIATED)
        told = Telling(history, context, self._jobs, AS_END_OF_NEW, ends=())
        remove_stack(record.name, context, services, told=told.told)


def _history(record: StackRecord, services: Services, context: RequestContext) -> History:
    """Its topics are told of it too."""
    topics = Topics(Reach(context, services, {}, NOTHING_LEFT))
    return History(context, record, record.token, topics.tell)
