"""Memory and /tmp: what is held to its size, what is counted, and what the caller is told.

docs/contract/quotas.md, docs/contract/runtime.md#sandbox.
"""

from __future__ import annotations

from typing import Any

import pytest
from lam import Lam

TIMEOUT_S = 58
"""Whoever touches memory for the first time waits long for it where a host has taken it back; boto3 waits for 60 s."""
USER = """
import array, ctypes, errno, mmap, os, socket, subprocess, sys, time
kept = []
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
def grow(mb, step_mb, pause_s=0):
    for _ in range(mb // step_mb):
        kept.append(b"x" * (step_mb << 20))
        time.sleep(pause_s)
def children(count, mb):
    code = f"import time; kept = b'x' * ({mb} << 20); time.sleep(60)"
    for child in [subprocess.Popen([sys.executable, "-c", code]) for _ in range(count)]:
        child.wait()
def fill(mb):
    written = 0
    with open("/tmp/file", "wb", buffering=0) as file:
        while written < mb << 20:
            try:
                written += file.write(b"x" * (1 << 20))
            except OSError as error:
                return {"error": errno.errorcode[error.errno], "mb": written >> 20}
    return {"error": None, "mb": written >> 20}
def share(mb):
    kept.append(mmap.mmap(-1, mb << 20))
    for at in range(0, mb << 20, 4096): kept[-1][at] = 1
def fork(count, mb):
    mine = b"x" * (mb << 20)
    for _ in range(count):
        if not os.fork(): time.sleep(1), os._exit(0)
    for _ in range(count): os.wait()
def map_tmp(mb):
    fill(mb)
    with open("/tmp/file", "r+b") as file: kept.append(mmap.mmap(file.fileno(), 0))
    for at in range(0, mb << 20, 4096): kept[-1][at] = 1
def hold(kind, mb):
    if kind == "memfd":
        kept.append(os.memfd_create("some"))
        for _ in range(mb): os.write(kept[-1], b"x" * (1 << 20))
    elif kind == "memfd on its way":
        hold("memfd", mb)
        kept.append(socket.socketpair())
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [kept[-2]]))]
        kept[-1][0].sendmsg([b"x"], rights)
        os.close(kept[-2])
    elif kind == "System V":
        for _ in range(mb // 10):
            kept.append(libc.shmget(0, 10 << 20, 0o1600))
            place = libc.shmat(kept[-1], None, 0)
            ctypes.memset(place, 1, 10 << 20)
            libc.shmdt(ctypes.c_void_p(place))
    elif kind == "semaphores":
        kept.extend(libc.semget(0, 32000, 0o600) for _ in range(mb // 2))
    elif kind == "page tables":
        kept.append(mmap.mmap(-1, mb << 29, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000))
        kept[-1].madvise(mmap.MADV_NOHUGEPAGE)
        for at in range(0, mb << 29, 1 << 21): kept[-1][at]
def handler(event, context):
    return globals()[event.pop("do")](**event)
def nothing():
    return len(kept)
"""


@pytest.mark.parametrize(
    ("memory_mb", "event"),
    [
        pytest.param(128, {"do": "grow", "mb": 400, "step_mb": 400}, id="at once"),
        pytest.param(1024, {"do": "grow", "mb": 1600, "step_mb": 1600}, id="at once, with more of a CPU"),
        pytest.param(128, {"do": "grow", "mb": 400, "step_mb": 2, "pause_s": 0.005}, id="slowly"),
        pytest.param(128, {"do": "children", "count": 4, "mb": 40}, id="in child processes"),
    ],
)
def test_memory_beyond_the_limit_ends_the_runtime_and_says_so(lam: Lam, memory_mb: int, event: Any) -> None:
    lam.create("user", USER, MemorySize=memory_mb, Timeout=TIMEOUT_S)

    answer = lam.invoke("user", event)

    assert (answer.status, answer.error) == (200, "Unhandled")
    assert answer.payload == {
        "errorType": "Runtime.OutOfMemory",
        "errorMessage": f"RequestId: {answer.request_id} Error: Runtime exited with error: signal: killed",
    }
    assert (answer.report["status"], answer.report["error"]) == ("error", "Runtime.OutOfMemory")
    assert answer.report["peak"] == answer.report["memory"] == str(memory_mb)
    assert lam.invoke("user", {"do": "nothing"}).payload == 0  # the same environment, reset
    assert len(lam.environments("user")) == 1


def test_memory_beyond_the_limit_in_init_is_told_by_the_invocation(lam: Lam) -> None:
    lam.create("hungry", "kept = b'x' * (300 << 20)\n" + USER, MemorySize=128)

    answer = lam.invoke("hungry", {"do": "nothing"})

    assert answer.payload["errorType"] == "Runtime.OutOfMemory"
    assert (answer.report["status"], answer.report["error"]) == ("error", "Runtime.OutOfMemory")


def test_shared_memory_is_the_functions_too(lam: Lam) -> None:
    lam.create("user", USER, MemorySize=256, Timeout=TIMEOUT_S)

    little = lam.invoke("user", {"do": "share", "mb": 60})
    much = lam.invoke("user", {"do": "share", "mb": 500})

    assert 60 + 25 <= int(str(little.report["peak"])) <= 60 + 55
    assert much.payload["errorType"] == "Runtime.OutOfMemory"
    assert much.report["peak"] == "256"
    assert lam.invoke("user", {"do": "nothing"}).error is None


@pytest.mark.parametrize("kind", ["memfd", "memfd on its way", "System V", "semaphores", "page tables"])
def test_memory_that_no_process_has_mapped_is_the_functions_too(lam: Lam, kind: str) -> None:
    """Of files in memory, also when they are on their way in a socket; of System V, when nobody has attached it."""
    lam.create("user", USER, MemorySize=256, Timeout=TIMEOUT_S)

    little = lam.invoke("user", {"do": "hold", "kind": kind, "mb": 60})
    much = lam.invoke("user", {"do": "hold", "kind": kind, "mb": 500})

    assert little.error is None, little.payload
    assert 60 + 25 <= int(str(little.report["peak"])) <= 60 + 60
    assert much.payload["errorType"] == "Runtime.OutOfMemory"
    assert (much.report["status"], much.report["error"]) == ("error", "Runtime.OutOfMemory")
    assert much.report["peak"] == "256"
    after = lam.invoke("user", {"do": "nothing"})
    assert after.error is None
    assert len(lam.environments("user")) == 1


TRIVIAL = "def handler(event, context): return len(bytes(b'x') * (event << 20))"


def test_a_trivial_function_reports_what_it_would_on_lambda(lam: Lam) -> None:
    """The same in its first environment and in another of the same image, which finds every page read already."""
    lam.create("first", TRIVIAL)
    lam.create("second", TRIVIAL)

    peaks = [int(str(lam.invoke(name, 0).report["peak"])) for name in ("first", "second")]

    assert all(25 <= peak <= 55 for peak in peaks)
    assert abs(peaks[0] - peaks[1]) <= 1


@pytest.mark.parametrize(
    ("array_mb", "error", "log_type"),
    [
        (64, None, "None"),
        (118, "Unhandled", "Tail"),
        pytest.param(64, None, "Tail", marks=pytest.mark.slow),
        pytest.param(118, "Unhandled", "None", marks=pytest.mark.slow),
    ],
)
def test_an_array_fits_where_it_would_on_lambda(lam: Lam, array_mb: int, error: str | None, log_type: Any) -> None:
    """Also one that is gone before the handler returns."""
    lam.create("user", TRIVIAL, MemorySize=128, Timeout=TIMEOUT_S)

    for _ in range(3):
        answer = lam.invoke("user", array_mb, LogType=log_type)

        assert answer.error == error
        assert answer.payload == array_mb << 20 or answer.payload["errorType"] == "Runtime.OutOfMemory"


def test_what_forked_processes_share_counts_once(lam: Lam) -> None:
    lam.create("user", USER, MemorySize=256, Timeout=TIMEOUT_S)

    answer = lam.invoke("user", {"do": "fork", "count": 6, "mb": 60})

    assert answer.error is None
    assert int(str(answer.report["peak"])) <= 60 + 55 + 20


def test_what_is_mapped_of_tmp_is_not_the_functions_memory(lam: Lam) -> None:
    lam.create("user", USER, MemorySize=128, Timeout=TIMEOUT_S)

    answer = lam.invoke("user", {"do": "map_tmp", "mb": 200})

    assert answer.error is None
    assert int(str(answer.report["peak"])) <= 60


def test_most_of_the_memory_can_be_used(lam: Lam) -> None:
    lam.create("user", USER, MemorySize=256, Timeout=TIMEOUT_S)

    answer = lam.invoke("user", {"do": "grow", "mb": 190, "step_mb": 10})

    assert answer.error is None


def test_max_memory_used_is_measured_and_never_shrinks(lam: Lam) -> None:
    lam.create("user", USER, MemorySize=512, Timeout=TIMEOUT_S)

    peaks = [int(str(lam.invoke("user", {"do": "grow", "mb": mb, "step_mb": 1}).report["peak"])) for mb in (0, 50, 100)]
    after = int(str(lam.invoke("user", {"do": "nothing"}).report["peak"]))

    assert 25 <= peaks[0] <= 60
    assert peaks[0] + 45 <= peaks[1] <= peaks[0] + 65
    assert peaks[1] + 95 <= peaks[2] <= peaks[1] + 115
    assert after >= peaks[2]


@pytest.mark.parametrize("size_mb", [pytest.param(None, marks=pytest.mark.slow), 700])
def test_tmp_has_the_configured_size_and_no_more(lam: Lam, size_mb: int | None) -> None:
    if not lam.emulator.engine.abilities.limits_tmp:
        pytest.skip("this engine cannot limit /tmp, and says so")
    settings: dict[str, Any] = {"EphemeralStorage": {"Size": size_mb}} if size_mb else {}
    lam.create("user", USER, MemorySize=1769, Timeout=TIMEOUT_S, **settings)

    answer = lam.invoke("user", {"do": "fill", "mb": 2000})

    assert answer.payload == {"error": "ENOSPC", "mb": size_mb or 512}


def test_files_in_tmp_are_not_the_functions_memory(lam: Lam) -> None:
    lam.create("user", USER, MemorySize=128, Timeout=TIMEOUT_S)

    answer = lam.invoke("user", {"do": "fill", "mb": 400})

    assert answer.payload == {"error": None, "mb": 400}
    assert int(str(answer.report["peak"])) < 80
    assert lam.invoke("user", {"do": "nothing"}).error is None
