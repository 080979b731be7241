"""Stacks are made, changed and removed on threads of their own, a few at once; each is one job."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from lambda_emu.cloudformation.errors import TooManyJobs
from lambda_emu.templates.deploying.stopping import Stop

log = logging.getLogger(__name__)

MOST_JOBS = 8
MOST_HELD = 2
"""Answers that wait for the end of a job: the other workers of CloudFormation's are for who asks how it goes."""
ENDING = "the server ends"


class Stopping(Exception):
    """A job is to go on no more: the server ends, or an account is emptied."""


class Job:
    """Of one stack. stop: by which it ends, undone.

    why_not: it is to go on no more; set before whoever set it waits.
    """

    def __init__(self, name: str, stack_id: str, account: str, stop: Stop) -> None:
        self.name = name
        self.stack_id = stack_id
        self.account = account
        self.stop = stop
        self.why_not: str | None = None
        self.done = threading.Event()


class Jobs:
    """end, wait: from any thread; what runs is told at its next step, and is given up if that takes long."""

    def __init__(self) -> None:
        self._running: dict[threading.Thread, Job] = {}
        self._closed = False
        self._lock = threading.Lock()  # guards both above; never held while anything runs
        self._held = threading.Semaphore(MOST_HELD)

    def check_room(self) -> None:
        """Before anything is written of what is to be begun. TooManyJobs."""
        if self._closed or len(self._running) >= MOST_JOBS:
            raise TooManyJobs

    def start(self, job: Job, work: Callable[[], None]) -> threading.Event:
        """Set when it is done. A few that were begun at the same moment may be more than there is room for."""
        done = job.done

        def run() -> None:
            try:
                work()
            except Stopping as error:
                log.info("the stack %s is left as it is: %s", job.name, error)
            finally:
                with self._lock:
                    self._running.pop(thread, None)
                done.set()

        thread = threading.Thread(target=run, name=f"stack {job.name}", daemon=True)
        with self._lock:
            job.why_not = ENDING if self._closed else None
            self._running[thread] = job
        thread.start()
        return done

    def hold(self, done: threading.Event, limit_s: float) -> None:
        """Wait until it is set, or for so long; not at all where enough others do."""
        if self._held.acquire(blocking=False):
            try:
                done.wait(limit_s)
            finally:
                self._held.release()

    def check(self) -> None:
        """Between two steps of the job whose thread this is. Stopping."""
        job = self._running.get(threading.current_thread())
        if job is not None and job.why_not is not None:
            raise Stopping(job.why_not)

    def end(self, account: str | None = None) -> None:
        """Those of an account, or of each, go on no more."""
        why_not = "it is forgotten by a reset"
        with self._lock:
            for job in self._of(account).values():
                job.why_not = job.why_not or why_not

    def cancel(self, stack_id: str, reason: str) -> bool:
        """Have what goes on with a stack undone; whether anything does."""
        found = self._with(stack_id)
        for job in found:
            job.stop.ask(reason)
        return bool(found)

    def wait_for(self, stack_id: str, limit_s: float) -> None:
        """Until nothing goes on with a stack, or for so long; not at all where enough others wait."""
        for job in self._with(stack_id):
            self.hold(job.done, limit_s)

    def _with(self, stack_id: str) -> list[Job]:
        with self._lock:
            return [job for job in self._running.values() if job.stack_id == stack_id]

    def close(self) -> None:
        """All go on no more, and none begins."""
        with self._lock:
            self._closed = True
            for job in self._running.values():
                job.why_not = ENDING

    def wait(self, account: str | None, limit_s: float) -> None:
        """Until those that are told to end have ended, or for so long."""
        with self._lock:
            ending = [thread for thread, job in self._of(account).items() if job.why_not is not None]
        for thread in ending:
            thread.join(limit_s / len(ending))
        if slow := [thread.name for thread in ending if thread.is_alive()]:
            log.warning("still at work after %g s, and given up: %s", limit_s, ", ".join(sorted(slow)))

    def _of(self, account: str | None) -> dict[threading.Thread, Job]:
        return {thread: job for thread, job in self._running.items() if account in (None, job.account)}
