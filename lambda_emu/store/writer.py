"""The one thread that writes to SQLite. What waits together is committed together; each step is all or nothing."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from lambda_emu.store.schema import STEPS

log = logging.getLogger(__name__)
T = TypeVar("T")

BATCH = 256
WRITE_LIMIT_S = 60.0
STOP_LIMIT_S = 2.0

Step = Callable[[sqlite3.Connection], Any]
Done = Callable[[BaseException | None, Any], None]
Result = tuple[BaseException | None, Any]


class NewerSchema(Exception):
    """The data was written by a later lambda-emu."""

    def __init__(self, path: Path, found: int) -> None:
        super().__init__(
            f"{path} was written by a newer lambda-emu (schema {found}, this one knows {len(STEPS)}); "
            "upgrade lambda-emu or choose another --data-dir"
        )


class _Job(Struct, frozen=True, eq=False):
    step: Step
    done: Done


def connect(path: Path) -> sqlite3.Connection:
    """A connection in WAL mode. What is committed survives the death of this process; of the machine, nearly always."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Take the steps that the file has not seen, each in a transaction of its own."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(STEPS):
        raise NewerSchema(path, version)
    for number, step in enumerate(STEPS[version:], start=version + 1):
        connection.executescript(f"BEGIN; {step} PRAGMA user_version={number}; COMMIT;")


class StoreWriter:
    """Runs steps in their order. `done` is called on this thread, after the commit or with what failed.

    Steps that shared a transaction which could not be committed are undone, and each is tried again alone: one may be
    called twice. on_undo: called when that happens, before anything else runs.
    """

    def __init__(self, path: Path, on_undo: Callable[[], None]) -> None:
        self._path = path
        self._on_undo = on_undo
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._untold: set[_Job] = set()  # handed in, and nobody has heard what came of it
        self.told = 0  # so many have
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._connection = connect(path)
        migrate(self._connection, path)

    def load(self, read: Callable[[sqlite3.Connection], None]) -> None:
        """Read the database before `start`, while nobody writes."""
        read(self._connection)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish what was handed in, then end; what comes later fails. A disk that hangs is not waited for."""
        self._stopped = True
        self._jobs.put(None)
        self._thread.join(STOP_LIMIT_S)
        if self._thread.is_alive():
            log.error("%s: the last changes could not be written within %g s", self._path, STOP_LIMIT_S)
        else:
            self._connection.close()

    def post(self, step: Step, done: Done) -> None:
        """Hand in a step without waiting; from any thread. After `stop`, `done` hears of it at once."""
        if self._stopped:
            done(sqlite3.ProgrammingError("the store is closed"), None)
        else:
            job = _Job(step, done)
            self._untold.add(job)
            self._jobs.put(job)

    @property
    def unfinished(self) -> int:
        """So many steps were handed in, and nobody has heard yet what came of them. From any thread."""
        return len(self._untold)

    def run(self, step: Callable[[sqlite3.Connection], T], publish: Callable[[T], None]) -> T:
        """Take a step and wait for its commit; `publish` is called before anybody else's is acknowledged."""
        answer: Future[T] = Future()

        def done(error: BaseException | None, result: Any) -> None:
            if error is not None:
                answer.set_exception(error)
                return
            try:
                publish(result)
            finally:
                answer.set_result(result)

        self.post(step, done)
        return answer.result(timeout=WRITE_LIMIT_S)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            batch = [job]
            while len(batch) < BATCH and not self._jobs.empty():
                following = self._jobs.get()
                if following is None:
                    self._jobs.put(None)
                    break
                batch.append(following)
            self._commit(batch)

    def _commit(self, batch: list[_Job]) -> None:
        """One transaction for all of them; one that fails is undone alone and hears why."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            results = [self._attempt_alone(job) for job in batch] if len(batch) == 1 else [*map(self._attempt, batch)]
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._undo()
            if len(batch) > 1:  # only those that cannot be kept shall hear of it
                for job in batch:
                    self._commit([job])
                return
            results = [(error, None)]
        for job, result in zip(batch, results, strict=True):
            _tell(job, *result)
            self._untold.discard(job)
            self.told += 1

    def _undo(self) -> None:
        if self._connection.in_transaction:  # a full disk may have ended it already
            self._connection.execute("ROLLBACK")
        self._on_undo()

    def _attempt_alone(self, job: _Job) -> Result:
        """In a transaction of its own, which is undone if it fails."""
        try:
            return None, job.step(self._connection)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever handed it in
            self._connection.execute("ROLLBACK")
            return error, None

    def _attempt(self, job: _Job) -> Result:
        self._connection.execute("SAVEPOINT step")
        try:
            result = job.step(self._connection)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever handed it in
            self._connection.execute("ROLLBACK TO step")
            self._connection.execute("RELEASE step")
            return error, None
        self._connection.execute("RELEASE step")
        return None, result


def _tell(job: _Job, error: BaseException | None, result: Any) -> None:
    try:
        job.done(error, result)
    except Exception:
        log.exception("a listener of the store failed")
