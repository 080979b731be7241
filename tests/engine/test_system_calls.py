"""What the kernel refuses functions, with Docker by its default profile, as processes by init's; and what goes on."""

from __future__ import annotations

import os
from typing import Any

import pytest
from inside import probe
from lam import Lam

CALLS = {  # name: number on x86-64, on arm64, arguments
    "keyctl": (250, 219, "0"),
    "add_key": (248, 217, ""),
    "request_key": (249, 218, ""),
    "mount": (165, 40, ""),
    "umount2": (166, 39, ""),
    "pivot_root": (155, 41, ""),
    "chroot": (161, 51, ""),
    "setns": (308, 268, ""),
    "unshare of users": (272, 97, "0x10000000"),
    "unshare of the network": (272, 97, "0x40000000"),
    "clone into new users": (56, 220, "0x10000000"),
    "open_tree": (428, 428, ""),
    "fsopen": (430, 430, ""),
    "move_mount": (429, 429, ""),
    "bpf": (321, 280, ""),
    "perf_event_open": (298, 241, ""),
    "userfaultfd": (323, 282, "0"),
    "personality of another randomisation": (135, 92, "0x40000"),
    "kcmp": (312, 272, ""),
    "pidfd_getfd": (438, 438, ""),
    "open_by_handle_at": (304, 265, ""),
    "finit_module": (313, 273, ""),
    "kexec_load": (246, 104, ""),
    "reboot": (169, 142, ""),
    "syslog": (103, 116, "3"),
    "acct": (163, 89, ""),
    "swapon": (167, 224, ""),
    "sethostname": (170, 161, ""),
    "clock_settime": (227, 112, ""),
    "quotactl": (179, 60, ""),
    "fanotify_init": (300, 262, ""),
    "move_pages": (279, 239, ""),
}
IS_ARM = os.uname().machine == "aarch64"
ASK = """
    import ctypes, errno
    kernel = ctypes.CDLL(None, use_errno=True)
    def ask(number, *given):
        given = [*given, -1, -1, -1, -1, -1, -1][:6]
        done = kernel.syscall(ctypes.c_long(number), *map(ctypes.c_long, given))
        return errno.errorcode[ctypes.get_errno()] if done == -1 else "done"
"""
TRACE = """
    import ctypes, os, signal
    kernel = ctypes.CDLL(None, use_errno=True)
    kernel.ptrace.restype = ctypes.c_long
    TRACEME, PEEKDATA, CONTINUE = 0, 2, 7
    value = ctypes.c_long(42)
    child = os.fork()
    if child == 0:
        kernel.ptrace(TRACEME, 0, 0, 0)
        value.value = 43
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(7)
    stopped = os.WIFSTOPPED(os.waitpid(child, 0)[1])
    seen = kernel.ptrace(PEEKDATA, child, ctypes.c_void_p(ctypes.addressof(value)), 0)
    kernel.ptrace(CONTINUE, child, 0, 0)
    result = [stopped, seen, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])]
"""
WORK = """
    import concurrent.futures, multiprocessing, os, select, socket, sqlite3, subprocess, tempfile, threading
    def double(pipe):
        pipe.send(pipe.recv() * 2)
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=double, args=(theirs,))
    process.start()
    ours.send(21)
    result = {"process": ours.recv()}
    process.join()
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        result["threads"] = sum(threads.map(len, ["x"] * 100))
    result["shell"] = subprocess.run("seq 3 | wc -l", shell=True, capture_output=True, text=True).stdout.strip()
    with tempfile.NamedTemporaryFile() as file, sqlite3.connect(file.name) as db:
        result["database"] = db.execute("select 1 + 1").fetchone()[0]
    with os.fdopen(os.memfd_create("x"), "r+b") as memory, select.epoll():
        result["memory"] = memory.write(b"xy")
    left, right = socket.socketpair()
    left.sendall(b"xyz")
    result["socket"] = len(right.recv(9))
    os.sched_setaffinity(0, os.sched_getaffinity(0))
    result["pidfd"] = os.close(os.pidfd_open(os.getpid()))
"""


def test_what_docker_refuses_is_refused(lam: Lam) -> None:
    calls = {name: (numbers[IS_ARM], arguments) for name, (*numbers, arguments) in CALLS.items()}

    asked = ", ".join(f"{name!r}: ask({number}, {arguments})" for name, (number, arguments) in calls.items())
    found = probe(lam).run(f"{ASK}\n    result = {{{asked}}}")

    assert found == dict.fromkeys(CALLS, "EPERM")


def test_what_a_library_has_another_way_for_is_said_not_to_exist(lam: Lam) -> None:
    """clone3 hides its flags; a number that nobody has yet may be of a call that was never thought of."""
    found = probe(lam).run(f"{ASK}\n    result = [ask(435), ask(499)]")

    assert found == ["ENOSYS", "ENOSYS"]


def test_memory_that_nobody_can_count_is_said_not_to_exist(lam: Lam) -> None:
    """memfd_secret's, which Lambda's kernels do not have either."""
    found = probe(lam).run(f"{ASK}\n    result = ask(447, 0)")

    assert found == "ENOSYS" or lam.emulator.engine.abilities.name == "docker"


def test_processes_can_trace_their_own(lam: Lam) -> None:
    """As debuggers do."""
    assert probe(lam).run(TRACE) == [True, 43, 7]


def test_what_programs_do_goes_on(lam: Lam) -> None:
    found = probe(lam, MemorySize=256, Timeout=30).run(WORK)

    expected = {"process": 42, "threads": 100, "shell": "3", "database": 2, "memory": 2, "socket": 3, "pidfd": None}
    assert found == expected


def test_no_process_may_have_any_capability_and_all_are_filtered(lam: Lam) -> None:
    found: dict[str, Any] = probe(lam).run("""
        lines = open("/proc/self/status").read().splitlines()
        result = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    """)

    assert found["Seccomp"] == "2"
    if lam.emulator.engine.abilities.isolates_files:
        assert found["CapBnd"] == "0" * 16


def test_newer_ways_round_are_refused_where_init_filters(lam: Lam) -> None:
    """Docker refuses them since its releases 25 and 28; ours may be older."""
    if lam.emulator.engine.abilities.name == "docker":
        pytest.skip("by the version of Docker")

    found = probe(lam).run(f"{ASK}\n    result = [ask(425), ask({198 if IS_ARM else 41}, 40, 1, 0)]")

    assert found == ["EPERM", "EPERM"]
