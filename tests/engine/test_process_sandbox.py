"""Sandboxes without a container engine: what they see, what holds them, and that nothing of them is left."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from init_rig import wait_until
from process_rig import ISOLATIONS, Bench, Heard

from lambda_emu.architectures import HOST_ARCHITECTURE
from lambda_emu.sandbox.base import SandboxError, StemKind
from lambda_emu.sandbox.process.engine import ProcessSandbox
from lambda_emu.sandbox.toolchain.python import OWN_PYTHON

HANDLER = "import os, sys\ndef handler(event, context):\n    return "
CUSTOM = """#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
curl -s -o /dev/null $api/next
printf '"%s"' "$0" | curl -s -o /dev/null --data-binary @- $api/1/response
sleep 1000
"""
PATHS = os.pathsep.join(map(str, (Path(__file__).parent, Path(__file__).parents[2])))
"""For a Python that makes a bench of its own."""


@pytest.fixture(scope="module", params=ISOLATIONS)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(request.param, tmp_path_factory.mktemp("data"))
    yield bench
    bench.close()


@pytest.fixture(scope="module", params=[isolation for isolation in ISOLATIONS if isolation != "none"])
def isolated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench whose sandboxes have namespaces of their own."""
    bench = Bench(request.param, tmp_path_factory.mktemp("data"))
    yield bench
    bench.close()


def test_a_python_handler_answers(bench: Bench) -> None:
    loaded = bench.sandbox({"app.py": HANDLER + "{'got': event, 'name': __name__}"})

    assert bench.invoke(loaded, "app.handler", {"a": 1}) == {"got": {"a": 1}, "name": "app"}


def test_a_handler_finds_its_code_its_layers_and_the_sdk(bench: Bench) -> None:
    code = {"app.py": "import own, layered, boto3\n" + HANDLER + "[own.x, layered.x]", "own.py": "x = 1"}
    loaded = bench.sandbox(code, {"python/layered.py": "x = 2", "a/file": "1"}, {"python/layered.py": "x = 3"})

    assert bench.invoke(loaded, "app.handler", {}) == [1, 3]


def test_a_handler_does_not_find_what_the_emulator_is_made_of(bench: Bench) -> None:
    loaded = bench.sandbox({"app.py": HANDLER + "[path for path in sys.path if path.startswith(event)]"})

    assert bench.invoke(loaded, "app.handler", sysconfig.get_path("purelib")) == []


def test_each_sandbox_calls_us_at_an_address_of_its_own(bench: Bench) -> None:
    """An IP literal, as on Lambda, where the network, and so loopback, is the machine's."""
    first, second = bench.sandbox({}), bench.sandbox({})

    addresses = [one.sandbox.runtime_api.partition(":") for one in (first, second)]

    assert addresses[0] != addresses[1]
    assert [(ipaddress.ip_address(host).is_loopback, port) for host, _, port in addresses] == [(True, "9001")] * 2


@pytest.mark.parametrize("place", ["task", "layer"])
def test_a_custom_runtime_is_started_from_the_code_or_a_layer(bench: Bench, place: str) -> None:
    files = {"bootstrap": CUSTOM}
    loaded = bench.sandbox(*(({}, files) if place == "layer" else (files, files)), runtime="provided.al2023")

    started = bench.invoke(loaded, "x", {})

    assert started == (("/var/task/bootstrap" if place == "task" else "/opt/bootstrap")
                       if bench.engine.abilities.isolates_files
                       else ("./bootstrap" if place == "task" else "../opt/bootstrap"))  # fmt: skip


def test_a_custom_runtime_without_a_bootstrap_is_none(bench: Bench) -> None:
    loaded = bench.sandbox({"readme": ""}, runtime="provided.al2023")

    assert bench.engine.program("provided.al2023", "x", loaded.task, loaded.layers) is None


@pytest.mark.parametrize(("runtime", "architecture", "reason"), [
    ("dotnet8", HOST_ARCHITECTURE, "Docker"),
    ("provided.al2", {"x86_64": "arm64", "arm64": "x86_64"}[HOST_ARCHITECTURE], f"this machine is {HOST_ARCHITECTURE}"),
])  # fmt: skip
def test_what_this_machine_cannot_run_is_refused_with_the_reason(
    bench: Bench, runtime: str, architecture: str, reason: str
) -> None:
    with pytest.raises(SandboxError, match=reason):
        bench.run(bench.engine.prepare(runtime, architecture))


def test_another_python_runs_on_ours_and_both_are_named(bench: Bench) -> None:
    loaded = bench.sandbox({"app.py": HANDLER + "sys.version_info[:2]"}, runtime="python3.8")

    instead = bench.run(bench.engine.prepare("python3.8", HOST_ARCHITECTURE))

    assert instead is not None
    lacking = r", which loads no modules compiled for python3\.8"
    assert re.fullmatch(rf"python3\.8 .* run on {re.escape(OWN_PYTHON)} \(/.*\){lacking}", instead)
    assert bench.invoke(loaded, "app.handler", {}) == list(sys.version_info[:2])


def test_code_cannot_write_into_the_store(bench: Bench) -> None:
    loaded = bench.sandbox({"app.py": "before"})

    bench.shell(loaded, "chmod u+w app.py; echo after >app.py; echo new >new.py; rm -f app.py; chmod 777 .")

    assert {file.name: file.read_text() for file in loaded.task.iterdir()} == {"app.py": "before"}


def test_code_and_layers_are_read_only(isolated: Bench) -> None:
    loaded = isolated.sandbox({"app.py": "before"}, {"lib": "before"})

    tried = "for file in /var/task/app.py /opt/lib /etc/hosts /usr/x /x /var/runtime/x; do (echo after >$file); done"
    assert isolated.shell(loaded, f"{tried} 2>&1").count("Read-only file system") == 6
    assert "not permitted" in isolated.shell(loaded, "unshare --user --map-root-user true 2>&1")


def test_a_sandbox_sees_nothing_else_of_this_machine(isolated: Bench, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("for nobody else")
    secret.chmod(0o644)
    loaded = isolated.sandbox({})

    seen = isolated.shell(loaded, f"cat {secret}; ls /mnt /run /srv /sys /dev/shm; ls {isolated.folder}; ls /var")

    assert seen.split()[-4:] == ["lang", "rapid", "runtime", "task"]
    assert seen.count("No such file or directory") == 7


def test_a_sandbox_reaches_no_process_but_its_own(isolated: Bench) -> None:
    loaded = isolated.sandbox({})

    assert int(isolated.shell(loaded, "ls /proc | grep -c '^[0-9]'")) <= 4  # init, the shell, ls and grep
    assert "No such process" in isolated.shell(loaded, f"kill -0 {os.getpid()} 2>&1")


def test_a_sandbox_runs_as_lambdas_user_without_privileges(isolated: Bench) -> None:
    loaded = isolated.sandbox({})

    seen = isolated.shell(
        loaded, "id -u; id -g; whoami; grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs' /proc/self/status"
    )

    words = seen.split()
    assert words[:3] == ["993", "990", "sbx_user1051"]
    assert words[4::2] == ["0" * 16] * 5 + ["1"]


def test_tmp_is_the_sandboxs_own_and_of_its_size(isolated: Bench) -> None:
    first, second = isolated.sandbox({}), isolated.sandbox({})

    full = isolated.shell(first, "head -c 20000000 /dev/zero 2>&1 >/tmp/large; wc -c </tmp/large")

    assert "No space left" in full
    assert full.split()[-1] == str(16 << 20)
    assert isolated.shell(second, "ls /tmp") == ""


def test_empty_files_in_tmp_are_as_many_as_it_has_pages(isolated: Bench) -> None:
    """They take none of its size, but the machine's memory."""
    found = isolated.shell(isolated.sandbox({}), "cd /tmp; touch $(seq 5000) 2>/dev/null; ls | wc -l")

    assert 4000 < int(found) < 4096


def test_processes_and_files_are_limited_in_each_sandbox(isolated: Bench) -> None:
    if os.geteuid() == 0 and not isolated.as_root:
        pytest.skip("the kernel sets no limit of processes for root's own user")
    first, second = isolated.sandbox({}), isolated.sandbox({})

    bomb = "perl -e '$n = 1; while (defined(my $p = fork)) { $p or do { sleep 1000; exit }; $n++ } print $n'"
    assert 900 < int(isolated.shell(first, bomb)) <= 1024
    assert isolated.shell(second, "echo well; ulimit -n") == "well\n1024\n"
    isolated.run(first.sandbox.destroy())


def test_a_reset_leaves_no_object_that_processes_share(isolated: Bench) -> None:
    first, second = isolated.sandbox({}), isolated.sandbox({})
    make, count = "(ipcmk -Q; ipcmk -S 1; ipcmk -M 9; touch /dev/mqueue/one) >&2", "ipcs | grep -c 0x; ls /dev/mqueue"
    for loaded in (first, second):
        assert isolated.shell(loaded, f"{make}; {count}").endswith("3\none\n")

    isolated.reset(first)

    assert isolated.shell(first, count) == "0\n"
    assert isolated.shell(second, count) == "3\none\n"


def test_a_sandbox_has_no_name_by_which_it_is_known(isolated: Bench) -> None:
    """Those of the services around it are the same for all."""
    local, *others = isolated.shell(isolated.sandbox({}), "cat /etc/hosts").splitlines()
    assert local == "127.0.0.1 localhost"
    name = "aws.lambda-emu.internal"
    assert [line.split()[1:] for line in others] == [[name], [f"sync-{name}"], [f"stream-{name}"]]


def test_destroying_a_sandbox_leaves_nothing(bench: Bench) -> None:
    loaded = bench.sandbox({"app.py": ""})
    bench.shell(loaded, "setsid sleep 1000 >/dev/null 2>&1 &")
    before = bench.folders()

    bench.run(loaded.sandbox.destroy())

    assert len(before - bench.folders()) == 1
    assert not Path("/proc", loaded.sandbox.id).exists()
    assert str(bench.folder) not in Path("/proc/self/mountinfo").read_text()


def test_destroying_twice_does_no_harm(bench: Bench) -> None:
    loaded = bench.sandbox({})

    bench.run(loaded.sandbox.destroy())
    bench.run(loaded.sandbox.destroy())


def test_the_end_of_an_init_is_heard_of(bench: Bench) -> None:
    loaded = bench.sandbox({})
    loaded.sandbox.init.listener = heard = Heard()

    os.kill(int(loaded.sandbox.id), signal.SIGKILL)

    bench.wait(heard.lost_it)
    bench.run(loaded.sandbox.destroy())


def test_a_sandbox_that_cannot_start_says_why_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    before = bench.folders()
    monkeypatch.setattr(bench.engine.isolation, "prepare", lambda *_: ["/bin/sh", "-c", "echo no room >&2; exit 3"])

    with pytest.raises(SandboxError, match="no room"):
        bench.sandbox({})

    assert bench.folders() == before


def test_closing_ends_every_sandbox(tmp_path: Path) -> None:
    bench = Bench(ISOLATIONS[0], tmp_path)
    sandboxes = [bench.sandbox({}).sandbox for _ in range(3)]

    bench.close()

    assert not any(Path("/proc", sandbox.id).exists() for sandbox in sandboxes)
    assert list(tmp_path.iterdir()) == [tmp_path / "store"]


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_closing_waits_for_what_is_starting_and_what_is_ending(isolation: str, tmp_path: Path) -> None:
    bench = Bench(isolation, tmp_path)
    kind = StemKind(OWN_PYTHON, HOST_ARCHITECTURE, tmp_mb=16)
    ended = bench.sandbox({}).sandbox
    before = bench.folders()

    async def close_between() -> tuple[asyncio.Task[None], asyncio.Task[ProcessSandbox]]:
        starting = asyncio.create_task(bench.engine.create(kind))
        while not bench.folders() - before:
            await asyncio.sleep(0)
        ending = asyncio.create_task(ended.destroy())
        await asyncio.sleep(0)
        await bench.engine.close()
        return ending, starting

    ending, starting = bench.run(close_between())

    assert ending.done()
    assert not any(lives(int(sandbox.id)) for sandbox in (ended, starting.result()))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_closed_engine_starts_nothing(isolation: str, tmp_path: Path) -> None:
    bench = Bench(isolation, tmp_path)
    sandbox = bench.sandbox({}).sandbox
    bench.close()

    for work in (bench.engine.prepare(OWN_PYTHON, HOST_ARCHITECTURE), sandbox.load(tmp_path, [])):
        with pytest.raises(SandboxError, match="shutting down"):
            asyncio.run(work)


def test_programs_are_filtered_and_their_init_is_not(bench: Bench) -> None:
    seen = bench.shell(
        bench.sandbox({}), "grep -h Seccomp: /proc/self/status /proc/$PPID/status; unshare --user true 2>&1"
    )

    assert seen.split()[:4] == ["Seccomp:", "2", "Seccomp:", "0"]
    assert "Operation not permitted" in seen


def test_one_sandbox_cannot_take_what_the_kernel_has_for_one_user(isolated: Bench) -> None:
    """As instances of inotify, 128 on most machines."""
    if not isolated.as_root:
        pytest.skip("only root may give each sandbox a user of its own")
    take = f"{OWN_PYTHON} -c 'import ctypes, time; take = ctypes.CDLL(None).inotify_init; "
    greedy, other = isolated.sandbox({}), isolated.sandbox({})
    started = isolated.shell(
        greedy, f"({take}\nwhile take() >= 0: pass\nprint(take(), flush=True); time.sleep(999)' &) | head -1"
    )

    assert started == "-1\n"
    assert int(isolated.shell(other, f"{take} print(take())'")) >= 0
    isolated.run(greedy.sandbox.destroy())


def test_a_sandbox_has_a_session_keyring_of_its_own(isolated: Bench) -> None:
    """Listed are the keys of its user, which is the emulator's where there is no other."""
    shown = [isolated.shell(isolated.sandbox({}), "grep -c _ses: /proc/keys") for _ in range(2)]

    assert int(shown[1]) > (0 if isolated.as_root else int(shown[0]))


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_nothing_outlives_a_killed_emulator(isolation: str, tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from process_rig import Bench; bench = Bench(sys.argv[1], pathlib.Path(sys.argv[2]));"
        "loaded = bench.sandbox({}); bench.shell(loaded, 'setsid sleep 1000 >/dev/null 2>&1 & echo $$');"
        "print(loaded.sandbox.id);"
        "sys.stdout.flush(); sys.stdin.read()"
    )
    emulator = subprocess.Popen(
        [sys.executable, "-c", script, isolation, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": PATHS},
    )
    assert emulator.stdout is not None
    sandbox = Path("/proc", emulator.stdout.readline().strip())
    tree = descendants(int(sandbox.name))
    assert len(tree) >= 1

    emulator.kill()

    wait_until(lambda: not any(lives(pid) for pid in tree), "processes are left")
    emulator.communicate()


def descendants(pid: int) -> list[int]:
    """A process and everything below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(below for child in children for below in descendants(int(child)))]


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
