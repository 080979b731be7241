"""What an environment may take from the machine: CPU, processes, files, time between invocations.

docs/contract/quotas.md, docs/contract/runtime.md#sandbox. Each engine is held to what its `abilities` promise.
"""

from __future__ import annotations

import os
import textwrap
from contextlib import closing
from pathlib import Path

import docker
import pytest
from inside import Inside, probe
from lam import Lam
from own import own_emulator

from lambda_emu.server import Emulator

BUSY = """
    import time
    began, cpu_began = time.perf_counter(), time.process_time()
    while time.perf_counter() < began + 0.6: pass
    result = (time.process_time() - cpu_began) / (time.perf_counter() - began)
"""
BOMB = """
    import errno, os, signal
    pids, result = [], None
    while result is None:
        try:
            pid = os.fork()
        except OSError as error:
            result = [errno.errorcode[error.errno], len(pids)]
            break
        if not pid:
            signal.pause()
        pids.append(pid)
"""


def test_files_are_limited_as_on_lambda(lam: Lam) -> None:
    inside = probe(lam)

    found = inside.run("""
        import errno, os, resource
        opened = []
        try:
            while True: opened.append(os.open("/dev/null", os.O_RDONLY))
        except OSError as error:
            result = [errno.errorcode[error.errno], max(opened), resource.getrlimit(resource.RLIMIT_NOFILE)]
        for descriptor in opened: os.close(descriptor)
    """)

    assert found == ["EMFILE", 1023, [1024, 1024]]


def test_limits_of_processes_are_lambdas(lam: Lam) -> None:
    """With Docker a limit of a user's processes would count those of all environments; there the engine counts."""
    own_users = lam.emulator.engine.abilities.name == "process"

    found = probe(lam).run("""
        import resource
        names = ("CORE", "MEMLOCK", "NPROC", "STACK", "AS", "FSIZE", "CPU")
        result = {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in names}
    """)

    processes = found.pop("NPROC")
    assert processes == [1024, 1024] or not own_users
    without = [-1, -1]
    assert found == {
        "CORE": [10 << 30] * 2, "MEMLOCK": [65536] * 2, "STACK": [8 << 20, -1],
        "AS": without, "FSIZE": without, "CPU": without,
    }  # fmt: skip


def test_a_fork_bomb_is_stopped_and_disturbs_nobody(lam: Lam) -> None:
    if not lam.emulator.engine.abilities.limits_pids:
        pytest.skip("this engine cannot limit processes, and says so")
    bomb = probe(lam, "bomb", MemorySize=1769, Timeout=60)
    bystander = probe(lam, "bystander")
    bystander.run("result = 1")

    error, processes = bomb.run(BOMB)

    assert error == "EAGAIN"
    assert 900 < processes <= 1024
    assert bystander.run("import subprocess\nresult = subprocess.run(['/bin/true']).returncode") == 0


def test_the_environment_of_a_fork_bomb_is_cleared_by_the_next_failure(lam: Lam) -> None:
    bomb = probe(lam, "bomb", MemorySize=1769, Timeout=60)
    bomb.run(BOMB.replace("while result is None", "while len(pids) < 300"))

    bomb.invoke("os._exit(1)")

    assert bomb.run("import os\nresult = sum(name.isdigit() for name in os.listdir('/proc'))") < 10


def most(inside: Inside, enough: float) -> float:
    """How much CPU it can have. A machine that is busy with something else is asked again."""
    found = 0.0
    for _ in range(10):
        found = max(found, inside.run(BUSY))
        if found > enough:
            break
    return found


def has_no_more(inside: Inside, than: float) -> bool:
    """Of CPU. Its limit is set when init is over, while it may work already: that takes the engine a moment."""
    return any(inside.run(BUSY) < than for _ in range(10)) and inside.run(BUSY) < than


@pytest.mark.parametrize("memory_mb", [128, 256])
def test_cpu_follows_memory_after_init(lam: Lam, memory_mb: int) -> None:
    """CPU seconds a second, beside those of a function with a whole CPU. A busy machine gives both less, never more."""
    share = probe(lam, "share", MemorySize=memory_mb)
    whole = probe(lam, "whole", MemorySize=1769)
    for inside in (share, whole):
        inside.run("result = 'warm'")

    due = memory_mb / 1769

    if lam.emulator.engine.abilities.limits_cpu:
        assert has_no_more(share, than=1.25 * due)
        assert most(whole, enough=2 * due) > 2 * due
    else:
        assert most(share, enough=2 * due) > 2 * due


QUOTA = """
import os
FILES = ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu.max")
def quota():
    return next((open(file).read().split()[0] for file in FILES if os.path.exists(file)), "max")
IN_INIT = quota()
def handler(event, context):
    first = quota()
    if event.get("exit"):
        os._exit(1)
    return [IN_INIT in ("-1", "max"), first]
"""


def may_write_cgroups() -> bool:
    """Whether the engine's cgroups are its own and ours."""
    with closing(docker.from_env()) as client:
        return os.geteuid() == 0 and client.info()["CgroupDriver"] == "cgroupfs"


def test_cpu_is_limited_before_the_handlers_first_line(lam: Lam) -> None:
    """And not in init, the repeated one neither."""
    seen = {}
    for mb in (128, 1769):
        name = lam.create(f"quota-{mb}", QUOTA, MemorySize=mb)
        first = lam.invoke(name, {}).payload
        lam.invoke(name, {"exit": True})
        seen[mb] = [first, lam.invoke(name, {}).payload]

    assert all(free for pair in seen.values() for free, _ in pair)
    if lam.emulator.engine.abilities.limits_cpu and may_write_cgroups():
        assert seen == {128: [[True, "1447"]] * 2, 1769: [[True, "20000"]] * 2}


def test_init_has_more_cpu_than_its_share(lam: Lam) -> None:
    source = textwrap.dedent(BUSY) + "cpus = result\ndef handler(event, context): return cpus\n"

    seen = (lam.invoke(lam.create(f"starter-{n}", source, MemorySize=128)).payload for n in range(10))

    assert any(cpus > 2 * 128 / 1769 for cpus in seen)


def test_cpu_is_not_limited_for_those_who_want_speed(emulator: Emulator, tmp_path: Path) -> None:
    with own_emulator(tmp_path, emulator.settings.engine, cpu="unlimited", stems=0) as lam:
        small = probe(lam, "small", MemorySize=128)
        small.run("result = 'warm'")

        assert most(small, enough=2 * 128 / 1769) > 2 * 128 / 1769


def test_an_idle_environment_is_frozen_and_goes_on_with_the_next_event(lam: Lam) -> None:
    inside, other = probe(lam), probe(lam, "other")
    inside.run("""
        import threading, time
        beats = []
        def beat():
            while True:
                beats.append(time.monotonic())
                time.sleep(0.001)
        threading.Thread(target=beat, daemon=True).start()
    """)

    other.run("import time; time.sleep(0.6)")

    pauses = inside.run("""
        seen = len(beats)
        while len(beats) < seen + 5: time.sleep(0.001)
        result = sorted(later - earlier for earlier, later in zip(beats, beats[1:]))
    """)
    assert pauses[-1] > 0.5


WAKES_ITSELF = """
    import ctypes, os, signal, struct, time
    CREATE, SETTIME = {"x86_64": (222, 223), "aarch64": (107, 110)}[os.uname().machine]
    libc, timer = ctypes.CDLL(None), ctypes.create_string_buffer(8)
    child = os.fork()
    if not child:
        signal.signal(signal.SIGCONT, lambda *_: None)
        event, every_20_ms = struct.pack("8xii48x", signal.SIGCONT, 0), struct.pack("4q", 0, 20_000_000, 0, 20_000_000)
        libc.syscall(CREATE, 1, event, timer)
        libc.syscall(SETTIME, struct.unpack("i", timer[:4])[0], 0, every_20_ms, None)
        while True: pass
    def used_s(): return time.clock_gettime(~child << 3 | 2)
    def seen(): return [time.monotonic(), used_s()]
"""


def test_a_child_that_wakes_itself_computes_next_to_nothing_between_events(lam: Lam) -> None:
    inside, other = probe(lam, MemorySize=1769), probe(lam, "other")
    inside.run(WAKES_ITSELF)
    began_s, used_s = inside.run("result = seen()")

    other.run("import time; time.sleep(2)")

    ended_s, used_later_s = inside.run("result = seen()")
    assert used_later_s - used_s < 0.1 * (ended_s - began_s)


STUBBORN = {
    "computes": "while True: pass",
    "computes in many threads": """
        import threading
        def compute():
            while True: pass
        for _ in range(8): threading.Thread(target=compute).start()
        compute()
    """,
    "stops itself": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    "ignores signals": """
        import signal, time
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(number, signal.SIG_IGN)
        time.sleep(60)
    """,
    "waits for children that compute": """
        import subprocess, sys
        children = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4)]
        for child in children: child.wait()
    """,
}


@pytest.mark.parametrize("memory_mb", [128, 1769])
@pytest.mark.parametrize("code", STUBBORN.values(), ids=STUBBORN)
def test_a_timeout_is_kept_whatever_the_function_does(lam: Lam, code: str, memory_mb: int) -> None:
    inside = probe(lam, Timeout=1, MemorySize=memory_mb)
    inside.run("result = 'warm'")

    answer = inside.invoke(code)

    assert answer.payload["errorType"] == "Sandbox.Timedout"
    assert 1000 <= float(str(answer.report["duration"])) < 1500
    assert inside.run("result = 'well'") == "well"
    assert len(lam.environments("probe")) == 1
