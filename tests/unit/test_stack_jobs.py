"""How long who begins the making of a stack waits for its end. docs/cloudformation.md."""

from __future__ import annotations

from threading import Event, Semaphore, Thread

from lambda_emu.cloudformation.jobs import MOST_HELD, Jobs


class Awaited(Event):
    """Tells of each that waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        self.waiting.release()
        return super().wait(timeout)


def test_a_few_answers_wait_for_the_end_of_a_job_and_others_come_at_once() -> None:
    jobs, done, later = Jobs(), Awaited(), Awaited()
    threads = [Thread(target=jobs.hold, args=[done, 60]) for _ in range(MOST_HELD)]
    for thread in threads:
        thread.start()
        assert done.waiting.acquire(timeout=10)

    jobs.hold(later, 600)
    assert not later.waiting.acquire(blocking=False)

    done.set()
    for thread in threads:
        thread.join(10)
    later.set()
    jobs.hold(later, 60)
    assert later.waiting.acquire(blocking=False)
