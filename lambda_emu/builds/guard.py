"""Stands between us and a tool that builds: ends it, with all that it started, where it goes too far.

Whatever the tool starts and leaves behind becomes a child of this program, in whatever session or group it is: nothing
that it started outlives it. Who multiplies faster than anybody can count is held by the kernel: root by a control
group, others by what one user may have. Of Python's own library alone, for it runs by itself; Linux.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

MOST_PROCESSES = 1000
MOST_BYTES = 8 * 1024**3
"""Of what it writes where it builds; of one file anywhere."""
LEAST_FREE_BYTES = 256 * 1024**2
THREADS_EACH = 4
"""The kernel counts threads, and holds them; processes are counted here."""
GROUPS = {"pids": "/sys/fs/cgroup/pids", "": "/sys/fs/cgroup"}
"""Where control groups of processes are, of version 1 and 2, by the controller that /proc names."""
GROUP = "lambda-emu-build-"
POLL_S = 0.25
FILES_IN_A_POLL = 2000
"""About what is counted in a tenth of that time."""
ROUNDS = 400
ROUND_S = 0.02
_SET_DEATH_SIGNAL, _SET_SUBREAPER = 1, 36  # linux/prctl.h
_WATCHED = (signal.SIGCHLD, signal.SIGALRM, signal.SIGTERM, signal.SIGINT)


def guarded(
    words: Sequence[str],
    folder: Path,
    limit_s: float,
    most_processes: int = MOST_PROCESSES,
    most_bytes: int = MOST_BYTES,
) -> list[str]:
    """The words of a program that runs a tool so. folder: what it writes in. limit_s: how long it may take.

    It exits as the tool does. Where it ended the tool it is killed itself, and its last line tells why.
    """
    told = {"folder": str(folder), "limit_s": limit_s, "processes": most_processes, "bytes": most_bytes}
    return [sys.executable, "-IS", __file__, json.dumps(told), *words]


class _Guard:
    def __init__(self, bounds: Mapping[str, Any], words: Sequence[str]) -> None:
        self._bounds = bounds
        self._free_bytes = _free_bytes(bounds["folder"])
        self._polls_to_wait = 0
        most_threads = THREADS_EACH * int(bounds["processes"])
        self._group = _grouped(most_threads)
        self._tool = _start(words, int(bounds["bytes"]), _threads() + most_threads)
        self._ended: int | None = None  # as waitpid has it

    def watch(self) -> str | None:
        """Until the tool ends; else why it is to be ended."""
        signal.setitimer(signal.ITIMER_REAL, self._bounds["limit_s"])
        while True:
            got = signal.sigtimedwait(_WATCHED, POLL_S)
            self._reap()
            if self._ended is not None:
                return None
            if got is not None and got.si_signo == signal.SIGALRM:
                return f"it took longer than {self._bounds['limit_s']:g} s, and was ended"
            if got is not None and got.si_signo != signal.SIGCHLD:
                return "it was told to stop"
            if why := self._too_far():
                return f"{why}, and was ended"

    def end_all(self) -> None:
        """However fast they multiply: who is stopped starts no others."""
        for _ in range(ROUNDS):
            left = _descendants()
            _tell(left, signal.SIGSTOP)
            _tell(left, signal.SIGKILL)
            self._reap()
            if not left:
                return
            signal.sigtimedwait((signal.SIGCHLD,), ROUND_S)

    def leave(self) -> None:
        """The control group, which goes, for the one above."""
        if self._group is not None:
            with suppress(OSError):
                _write(self._group.parent / "cgroup.procs", os.getpid())
                self._group.rmdir()

    def exit(self) -> None:
        """As the tool did."""
        assert self._ended is not None
        code = os.waitstatus_to_exitcode(self._ended)
        if code < 0:
            _die_by(-code)
        os._exit(code)

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0] != 0:
                if found[0] == self._tool:
                    self._ended = found[1]

    def _too_far(self) -> str | None:
        if len(_descendants()) > self._bounds["processes"]:
            return f"it had more than {self._bounds['processes']} processes"
        if self._polls_to_wait > 0:
            self._polls_to_wait -= 1
            return None
        if _free_bytes(self._bounds["folder"]) < LEAST_FREE_BYTES <= self._free_bytes:
            return f"it left less than {LEAST_FREE_BYTES // 1024**2} MB on the disk"
        files, size_bytes = _size(self._bounds["folder"], self._bounds["bytes"])
        self._polls_to_wait = 3 + files // FILES_IN_A_POLL
        if size_bytes > self._bounds["bytes"]:
            return f"it wrote more than {self._bounds['bytes'] // 1024**2} MB"
        return None


def _grouped(most_threads: int) -> Path | None:
    """A control group with this program and all that it will start, where one can be had.

    Below the one that it is in, whose limits hold on. Of version 2 it is threaded: only so may it lie below processes.
    """
    above = _own_group()
    if above is None:
        return None
    _remove_left(above)
    group = above / f"{GROUP}{os.getpid()}"
    try:
        group.mkdir()
        with suppress(OSError):  # version 1 knows neither
            _write(group / "cgroup.type", "threaded")
            _write(above / "cgroup.subtree_control", "+pids")
        _write(group / "pids.max", most_threads)
        _write(group / "cgroup.procs", os.getpid())
        return group
    except OSError:
        with suppress(OSError):
            group.rmdir()
    return None


def _own_group() -> Path | None:
    """That this program is in, of those that count processes. A container may see its own as the uppermost."""
    with open("/proc/self/cgroup") as opened:
        lines = [line.rstrip("\n").split(":", 2) for line in opened]
    for controllers, mount in GROUPS.items():
        for path in [line[2] for line in lines if line[1] == controllers]:
            for group in (Path(mount, path[1:]), Path(mount)):
                with suppress(OSError, ValueError):
                    if os.getpid() in map(int, (group / "cgroup.procs").read_text().split()):
                        return group
    return None


def _remove_left(above: Path) -> None:
    """The groups of guards that were killed; one that somebody is in stays."""
    for group in above.glob(f"{GROUP}*"):
        if not Path("/proc", group.name.removeprefix(GROUP)).exists():
            with suppress(OSError):
                group.rmdir()


def _write(file: Path, what: object) -> None:
    with open(file, "r+") as opened:  # where it is not there it is not made
        opened.write(str(what))


def _threads() -> int:
    """Of this user, on the whole machine."""
    found = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if os.stat(f"/proc/{name}").st_uid == os.getuid():
                found += len(os.listdir(f"/proc/{name}/task"))
    return found


def _start(words: Sequence[str], most_bytes: int, most_threads: int) -> int:
    """The process of the tool."""
    process = os.fork()
    if process != 0:
        return process
    try:
        _prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
        for what, most in ((resource.RLIMIT_FSIZE, most_bytes), (resource.RLIMIT_NPROC, most_threads)):
            with suppress(ValueError, OSError):  # somebody allows less
                resource.setrlimit(what, (most, most))
        os.execvp(words[0], [*words])
    except OSError as error:
        print(f"{words[0]}: {error.strerror}", flush=True)
    os._exit(127)


def _descendants() -> set[int]:
    """Of this process, that run or sleep."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (found := _parent(name)) is not None:
            parents[int(name)] = found
    ours, found_more = {os.getpid()}, True
    while found_more:
        more = {one for one, parent in parents.items() if parent in ours} - ours
        ours |= more
        found_more = bool(more)
    return ours - {os.getpid()}


def _parent(process: str) -> int | None:
    """None of one that has ended."""
    try:
        with open(f"/proc/{process}/stat", "rb") as opened:
            state, parent = opened.read().rpartition(b")")[2].split()[:2]
    except (OSError, ValueError):
        return None
    return None if state in (b"Z", b"X") else int(parent)


def _size(folder: str, enough_bytes: int) -> tuple[int, int]:
    """How many files, and bytes of a disk; it stops where that is enough."""
    files = size_bytes = 0
    for above, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size_bytes += os.lstat(os.path.join(above, name)).st_blocks * 512
        files += len(names) + 1
        if size_bytes > enough_bytes:
            break
    return files, size_bytes


def _free_bytes(folder: str) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _tell(processes: Iterable[int], number: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)


def _die_by(number: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, ValueError):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
    os.kill(os.getpid(), number)
    os._exit(128 + number)


def _prctl(option: int, value: int) -> None:
    import ctypes  # by the program alone: whoever starts it need not have it

    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def main(told: str, words: Sequence[str]) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    _prctl(_SET_SUBREAPER, 1)
    guard = _Guard(json.loads(told), words)
    why = guard.watch()
    guard.end_all()
    guard.leave()
    if why is not None:
        print(why, flush=True)
        _die_by(signal.SIGKILL)
    guard.exit()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
