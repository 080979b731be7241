"""What outlives the processes that made it: a reset leaves none of it, so a failure poisons nothing that follows."""

from __future__ import annotations

import pytest
from inside import probe
from lam import Lam

MAKE = {
    "memory": "libc.shmget(7, 1 << 20, 0o3600)",
    "semaphores": "libc.semget(7, 1, 0o3600)",
    "a queue": "libc.msgget(7, 0o3600)",
    "a POSIX queue": "libc.mq_open(b'/seven', os.O_CREAT | os.O_EXCL, 0o600, None)",
    "many semaphores": "min(libc.semget(key, 1, 0o3000) for key in range(1, 500))",
    "many POSIX queues": "min(libc.mq_open(b'/%d' % n, os.O_CREAT | os.O_EXCL, 0, None) for n in range(4))",
}
TRY = "import ctypes, os; libc = ctypes.CDLL(None, use_errno=True); result = [{}, ctypes.get_errno()]"


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_a_failure_leaves_nothing_that_processes_share(lam: Lam, make: str) -> None:
    inside = probe(lam)
    assert inside.run(TRY.format(make))[0] >= 0
    assert inside.run(TRY.format(make))[0] == -1  # it is still there

    inside.invoke("import os; os._exit(1)")

    made, errno = inside.run(TRY.format(make))
    assert made >= 0, errno
    assert len(lam.environments("probe")) == 1


def test_an_environment_without_a_semaphore_left_has_all_of_them_after_a_failure(lam: Lam) -> None:
    inside = probe(lam, MemorySize=1769, Timeout=60)
    take_all = (
        "import ctypes; get = ctypes.CDLL(None).semget; result = sum(1 for _ in iter(lambda: get(0, 1, 0o600), -1))"
    )
    taken = inside.run(take_all)
    (first,) = lam.environments("probe")

    inside.invoke("import os; os._exit(1)")

    assert inside.run(take_all) == taken > 1000
    assert [one.id for one in lam.environments("probe")] == [first.id]
