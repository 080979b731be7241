"""Log groups: those that somebody made, and those that functions' lines made. What is in them is the log's."""

from __future__ import annotations

import logging
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from threading import Lock
from typing import Any, Protocol, TypeVar

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock, Timer
from lambda_emu.http.loop import Loop
from lambda_emu.logs.batch import Run
from lambda_emu.logs.groups import GroupReader, GroupUse, StoredEvent
from lambda_emu.logs.log_file import TOO_MANY_STREAMS
from lambda_emu.logs.store import LogStore
from lambda_emu.logs.stream import LogRequest
from lambda_emu.logs.writer import CREATED, DELETED, EXPIRED, NO_STREAM, PUSHED
from lambda_emu.services.late import ask_store
from lambda_emu.services.logs import table
from lambda_emu.services.logs.errors import (
    GroupIsThere,
    GroupMissing,
    GroupProtected,
    LimitReached,
    LogsError,
    LogsUnavailable,
    StreamIsThere,
    StreamMissing,
)
from lambda_emu.services.logs.insights.queries import Queries
from lambda_emu.services.logs.records import LogGroup
from lambda_emu.store import Store

log = logging.getLogger(__name__)

WRITE_LIMIT_S = 30.0
READ_LIMIT_S = 1.0
"""Who reads a log waits so long for what is not in it yet."""
MOST_GROUPS = 10_000
"""Of all accounts, that somebody made: they are in memory. AWS's own quota is a hundred times as many."""
EXPIRE_S = 3600.0
MOST_TRACES = 10_000

Edit = Callable[[LogGroup], LogGroup]


T = TypeVar("T")


class Destinations(Protocol):
    """What subscriptions bring events to."""

    def check(self, scope: Scope, group: str, arn: str, role: str | None) -> str | None:
        """Why it cannot be brought anything, if it cannot. scope: whose the group is; group: its ARN. Blocks.

        role: as which it is to be brought.
        """


class NoDestinations:
    """Until somebody brings events anywhere."""

    def check(self, scope: Scope, group: str, arn: str, role: str | None) -> str | None:
        return "nothing is brought anywhere"


class Groups:
    """Any thread but the loop's, where it is not said. changed: called there after each change of what is made."""

    def __init__(self, store: Store, logs: LogStore, loop: Loop, clock: Clock, left: Sequence[LogGroup]) -> None:
        self.reader = GroupReader(logs.path)
        self.changed: Callable[[], object] = lambda: None
        self.clock = clock
        self.queries = Queries(self.reader, loop, clock)
        self.destinations: Destinations = NoDestinations()
        self.begins: dict[tuple[Scope, str, str], int] = {}
        """The segment behind which a filter applies that was made in this run, by group, and kind and name."""
        self.policies: Mapping[Scope, Sequence[str]] = {}
        """Documents of the resource policies that each account has in a region; replaced whole where one is changed."""
        self.traces: OrderedDict[tuple[Scope, str, str], str] = OrderedDict()
        """Of who pushed last to a stream from within an invocation."""
        self._store = store
        self._logs = logs
        self._loop = loop
        self._made = {(group.scope, group.name): group for group in left}  # replaced whole where it is changed
        self._lock = Lock()  # one change after the other; held until it is on disk
        self._timer: Timer | None = None

    def timely(
        self, events: Sequence[StoredEvent], limit_s: float, tell: Callable[[int], object]
    ) -> Iterator[StoredEvent]:
        """Of events that somebody looks through while others wait as many as there is time for; how many are left."""
        until_s = self.clock.machine.monotonic_s() + limit_s
        for number, event in enumerate(events):
            if self.clock.machine.monotonic_s() > until_s:
                tell(len(events) - number)
                return
            yield event

    # -- what there is ----------------------------------------------------------------------------

    @property
    def made(self) -> Sequence[LogGroup]:
        """Of every account, those that somebody made or changed. Any thread."""
        return list(self._made.values())

    def find(self, scope: Scope, name: str) -> LogGroup:
        """GroupMissing."""
        group = self._made.get((scope, name))
        if group is not None:
            return group
        self.catch_up()
        if not self.reader.has_group(scope, name):
            raise GroupMissing
        return self._of_functions(scope, name, self.reader.groups(scope).get(name))

    def all(self, scope: Scope) -> list[tuple[LogGroup, int]]:
        """By name, each with the bytes in it."""
        self.catch_up()
        used = self.reader.groups(scope)
        found = {name: self._of_functions(scope, name, use) for name, use in used.items()}
        found |= {name: group for (owner, name), group in self._made.items() if owner == scope}
        return [(found[name], used[name].size if name in used else 0) for name in sorted(found)]

    def catch_up(self) -> None:
        """What was printed until now can be read, unless that takes long."""
        self._logs.flush(READ_LIMIT_S)

    # -- changes ----------------------------------------------------------------------------------

    def create(self, group: LogGroup) -> None:
        """GroupIsThere, LimitReached."""
        with self._lock:
            if self._is_there(group.scope, group.name):
                raise GroupIsThere
            self._keep(group)

    def change(self, scope: Scope, name: str, edit: Edit) -> LogGroup:
        """edit: may raise to leave things as they are. GroupMissing."""
        with self._lock:
            group = edit(self.find(scope, name))
            self._keep(group)
        return group

    def begin_filter(self, scope: Scope, name: str, key: str) -> None:
        """A filter that is about to be made has what is written from now on. key: its kind and name."""
        self.catch_up()
        self.begins[scope, name, key] = self.reader.last_segment()

    def delete(self, scope: Scope, name: str) -> None:
        """With all that is in it. GroupMissing, GroupProtected."""
        with self._lock:
            group = self.find(scope, name)
            if group.is_protected:
                raise GroupProtected
            self._ask(DELETED, (scope.account, scope.region, name, None))
            self.commit(lambda connection: table.delete(connection, scope, name))
            self._made = {key: one for key, one in self._made.items() if key != (scope, name)}
        self.changed()

    def create_stream(self, scope: Scope, group: str, stream: str, now_ms: int) -> None:
        """GroupMissing, StreamIsThere, LimitReached."""
        with self._lock:
            self.find(scope, group)
            self.catch_up()
            if stream in self.reader.stream_names(scope, group):
                raise StreamIsThere
            self._ask(CREATED, ((scope.account, scope.region, group, stream), now_ms))

    def delete_stream(self, scope: Scope, group: str, stream: str) -> None:
        """GroupMissing, StreamMissing."""
        with self._lock:
            self.find(scope, group)
            self.catch_up()
            if stream not in self.reader.stream_names(scope, group):
                raise StreamMissing
            self._ask(DELETED, (scope.account, scope.region, group, [stream]))

    def push(self, scope: Scope, group: str, stream: str, data: bytes, runs: Sequence[Run], trace: str | None) -> None:
        """Events as `lines.encode_pushed` has them; they last when this returns. GroupMissing, StreamMissing.

        trace: the tracing header that they came with.
        """
        self.find(scope, group)
        if trace is not None:
            self.traces[scope, group, stream] = trace
            if len(self.traces) > MOST_TRACES:
                self.traces.popitem(last=False)
        now_ms = int(self.clock.now_s() * 1000)
        self._ask(PUSHED, ((scope.account, scope.region, group, stream), now_ms, list(runs)), data)

    def expire(self, group: LogGroup) -> None:
        """Delete what is older than it keeps."""
        before_ms = group.kept_from_ms(int(self.clock.now_s() * 1000))
        if before_ms > 0:
            self._ask(EXPIRED, (group.account, group.region, group.name, before_ms))

    def commit(self, step: Callable[[sqlite3.Connection], T]) -> T:
        """Take a step in the server's database, and return what it returned once it is on disk."""
        try:
            return ask_store(self._store, step, WRITE_LIMIT_S)
        except LogsError:
            raise
        except sqlite3.Error as error:
            log.error("what is said of logs could not be written: %s", error)
            raise LogsUnavailable(str(error)) from error
        except Exception as error:
            log.exception("what is said of logs could not be written")
            raise LogsUnavailable(str(error)) from error

    # -- for its owner, on the loop ---------------------------------------------------------------

    def start(self) -> None:
        """Look each hour for what is too old, while a group keeps events for a time."""
        if self._timer is None and any(group.retention_days is not None for group in self._made.values()):
            self._timer = self.clock.call_later(EXPIRE_S, self._expire)

    def change_policies(self, step: Callable[[sqlite3.Connection], object]) -> None:
        """LogsError of the step: all is as it was."""

        def whole(connection: sqlite3.Connection) -> Mapping[Scope, Sequence[str]]:
            step(connection)
            return table.read_all_policies(connection)

        with self._lock:
            self.policies = self.commit(whole)

    def clear(self) -> None:
        """Forget all that somebody made."""
        for group in self._made.values():
            detail = (group.account, group.region, group.name, None)
            self._logs.ask(LogRequest(DELETED, detail, _tell))
        self._made = {}
        self.policies = {}
        self.queries.clear()
        self._store.post(table.clear, _tell_failure)

    def empty(self, account: str) -> None:
        """Forget what somebody made in one account."""
        gone = [group for group in self._made.values() if group.account == account]
        for group in gone:
            self._logs.ask(LogRequest(DELETED, (group.account, group.region, group.name, None), _tell))
        self._made = {key: group for key, group in self._made.items() if group.account != account}
        self._store.post(partial(table.empty, account=account), _tell_failure)

    def close(self) -> None:
        self.queries.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _expire(self) -> None:
        self._timer = None
        now_ms = int(self.clock.now_s() * 1000)
        for group in self._made.values():
            if group.retention_days is not None:
                detail = (group.account, group.region, group.name, group.kept_from_ms(now_ms))
                self._logs.ask(LogRequest(EXPIRED, detail, _tell))
        self.start()

    # -- inside -----------------------------------------------------------------------------------

    def _is_there(self, scope: Scope, name: str) -> bool:
        try:
            self.find(scope, name)
        except GroupMissing:
            return False
        return True

    def _of_functions(self, scope: Scope, name: str, use: GroupUse | None) -> LogGroup:
        first_ms = None if use is None else use.first_ms
        return LogGroup(scope.account, scope.region, name, first_ms or int(self.clock.now_s() * 1000))

    def _keep(self, group: LogGroup) -> None:
        key = (group.scope, group.name)
        if key not in self._made and len(self._made) >= MOST_GROUPS:
            raise LimitReached
        self.commit(lambda connection: table.put(connection, group))
        self._made = {**self._made, key: group}
        self._loop.post(self.start)
        self.changed()

    def _ask(self, kind: int, detail: Any, data: bytes = b"") -> None:
        """LogsError if the log does not do it."""
        told: Future[str | None] = Future()
        self._loop.post(self._logs.ask, LogRequest(kind, detail, told.set_result, data))
        try:
            error = told.result(WRITE_LIMIT_S)
        except TimeoutError:
            error = f"it took longer than {WRITE_LIMIT_S:g} s"
        if error is not None:
            raise _error_of(error)


def _error_of(text: str) -> LogsError:
    if text == NO_STREAM:
        return StreamMissing()
    return LimitReached(text) if text == TOO_MANY_STREAMS else LogsUnavailable(text)


def _tell(error: str | None) -> None:
    if error is not None:
        log.error("events of a log group could not be deleted: %s", error)


def _tell_failure(error: BaseException | None, _: object) -> None:
    if error is not None:
        log.error("log groups could not be forgotten: %s", error)
