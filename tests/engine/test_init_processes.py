"""Init starts, signals, freezes and ends what runs in its environment, and says how it ended."""

from __future__ import annotations

import os
import signal
import struct
from collections.abc import Iterator

import pytest
from init_rig import MODES, STOPPED, Rig, running_init, wait_until

from lambda_emu.sandbox.base import ExitKind, Program
from lambda_emu.sandbox.init import frames
from lambda_emu.sandbox.init.frames import Figures, FrameKind

PTRACE = {"x86_64": 101, "aarch64": 117}


@pytest.fixture(scope="module", params=MODES)
def environment(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with running_init(request.param) as rig:
        yield rig


@pytest.fixture
def rig(environment: Rig) -> Iterator[Rig]:
    yield environment
    environment.reset()


def test_hello_says_where_the_figures_come_from(rig: Rig) -> None:
    own_cgroup = rig.mode == "container"

    assert (rig.hello.figures is not Figures.PROCESSES) == own_cgroup


@pytest.mark.parametrize(("script", "kind", "value"), [
    ("exit 0", ExitKind.CODE, 0),
    ("exit 7", ExitKind.CODE, 7),
    ("kill -TERM $$", ExitKind.SIGNAL, signal.SIGTERM),
    ("kill -KILL $$", ExitKind.SIGNAL, signal.SIGKILL),
    ("kill -SEGV $$", ExitKind.SIGNAL, signal.SIGSEGV),
])  # fmt: skip
def test_exit_says_how_a_program_ended(rig: Rig, script: str, kind: ExitKind, value: int) -> None:
    rig.shell(script)

    end = rig.exit()

    assert (end.kind, end.value, end.out_of_memory) == (kind, value, False)


@pytest.mark.parametrize(("program", "errno"), [
    ("/no/such/program", 2),
    ("no-such-program", 2),
    ("/usr/bin", 13),           # not a file
    ("/proc/version", 13),      # not executable
    ("/proc/version/sh", 20),   # below a file
])  # fmt: skip
def test_a_program_that_cannot_be_started_is_told_by_errno(rig: Rig, program: str, errno: int) -> None:
    rig.start(program, role=3, directory="/")

    end = rig.exit()

    assert (end.role, end.kind, end.value) == (3, ExitKind.NOT_STARTED, errno)


@pytest.mark.parametrize(("directory", "errno"), [("/no/such/folder", 2), ("/proc/version", 20)])
def test_a_directory_that_cannot_be_had_is_told_apart(rig: Rig, directory: str, errno: int) -> None:
    rig.start("/bin/sh", role=3, directory=directory)

    end = rig.exit()

    assert (end.role, end.kind, end.value) == (3, ExitKind.NO_DIRECTORY, errno)


def test_a_program_gets_its_arguments_directory_and_nothing_but_its_variables(rig: Rig) -> None:
    rig.start("sh", "-c", 'echo "$0 $1"; pwd; env', "first", "second and third", directory="/usr", EMPTY="")

    rig.exit()

    lines = rig.output().splitlines()
    assert lines[:2] == ["first second and third", "/usr"]
    assert set(lines[2:]) == {"PATH=/usr/bin:/bin", f"MARKER={rig.marker}", "EMPTY=", "PWD=/usr"}


def test_a_program_starts_with_clean_signals_descriptors_and_a_session(rig: Rig) -> None:
    for seen in ("exec grep -hE '^Sig(Blk|Ign)' /proc/self/status", "ls /proc/self/fd", "readlink /proc/self/fd/0"):
        rig.shell(seen)
        rig.exit()
    rig.shell("test $(cut -d' ' -f6 /proc/$$/stat) = $$ && echo leads")
    rig.exit()

    folder_ls_reads = "3"
    clean = ["SigBlk:", "0" * 16, "SigIgn:", "0" * 16]
    assert rig.output().split() == [*clean, "0", "1", "2", folder_ls_reads, "/dev/null", "leads"]


def test_a_program_gains_no_privileges(rig: Rig) -> None:
    rig.shell("grep NoNewPrivs /proc/self/status")

    rig.exit()

    assert rig.output().split() == ["NoNewPrivs:", "1"]


def test_kill_ends_everything_then_says_so(rig: Rig) -> None:
    for role in range(3):
        rig.shell("trap '' TERM; (sleep 1000 & sleep 1000 &); sleep 1000 & echo up; sleep 1000", role=role)
    wait_until(lambda: rig.sync() is not None and all(rig.output(r) == "up\n" for r in range(3)), "not all up")

    rig.send(frames.encode(FrameKind.KILL))

    ends = [rig.exit() for _ in range(3)]
    assert {(end.role, end.kind, end.value) for end in ends} == {(r, ExitKind.SIGNAL, 9) for r in range(3)}
    rig.next(FrameKind.KILLED)
    assert not rig.processes()


def test_kill_of_nothing_is_answered(rig: Rig) -> None:
    rig.kill()
    rig.kill()


def test_fifty_resets_keep_tmp(rig: Rig) -> None:
    file = f"/tmp/{rig.marker}"
    for _ in range(50):
        rig.shell(f"echo again >>{file}; echo up; (sleep 1000 &); sleep 1000")
        while not rig.output().endswith("up\n"):
            rig.next(FrameKind.OUTPUT)
        rig.kill()
        rig.forget()

    rig.shell(f"wc -l <{file}; rm {file}")

    rig.exit()
    assert rig.output() == "50\n"


def test_a_fork_bomb_is_killed(rig: Rig) -> None:
    rig.perl("while (1) { defined fork or sleep 1 }")
    wait_until(lambda: len(rig.processes()) > 50, "the bomb does not go off")

    rig.kill()

    assert not rig.processes()
    rig.shell("echo still here")
    rig.exit()
    assert rig.output().endswith("still here\n")


def test_paused_programs_stop_and_go_on(rig: Rig) -> None:
    rig.shell("sh -c 'while :; do :; done' & while :; do :; done")
    wait_until(lambda: len(rig.processes()) == 2, "not started")

    rig.send(frames.encode(FrameKind.PAUSE))

    wait_until(lambda: rig.states() <= STOPPED, "not all of it stopped")
    rig.send(frames.encode(FrameKind.CONTINUE))
    wait_until(lambda: rig.states() == {"R"}, "not all of it goes on")


def test_a_paused_environment_syncs_and_is_killed(rig: Rig) -> None:
    rig.shell("echo up; exec sleep 1000")
    rig.next(FrameKind.OUTPUT)
    rig.send(frames.encode(FrameKind.PAUSE))
    wait_until(lambda: rig.states() <= STOPPED, "not stopped")

    rig.sync()
    rig.kill()

    assert not rig.processes()


def test_a_signal_reaches_the_role_alone(rig: Rig) -> None:
    rig.shell("trap 'echo caught; exit 5' TERM; echo up; while :; do sleep 0.01; done", role=1)
    rig.shell("sleep 1000", role=2)
    rig.next(FrameKind.OUTPUT)

    rig.send(frames.encode_signal(1, signal.SIGTERM))

    end = rig.exit()
    assert (end.role, end.kind, end.value) == (1, ExitKind.CODE, 5)
    assert rig.output(1) == "up\ncaught\n"
    rig.send(frames.encode_signal(1, signal.SIGTERM))  # nobody is there any more
    rig.kill()


def test_orphans_are_reaped(rig: Rig) -> None:
    rig.shell("for i in $(seq 50); do (sleep 0 &) ; done")
    rig.exit()

    wait_until(lambda: not rig.processes(), "zombies are left")


def test_init_guards_its_memory_and_secret(rig: Rig) -> None:
    for attack in ("cat environ", "cat maps", "echo >mem", "ls fd", "readlink -v exe"):
        rig.shell(f"cd /proc/$PPID; {attack}")
        rig.exit()
    rig.perl("print syscall($ARGV[0], 16, getppid, 0, 0) < 0 ? 'refused' : 'attached'", str(PTRACE[os.uname().machine]))
    rig.exit()

    assert rig.output().count("Permission denied") == 5
    assert rig.output().endswith("refused")
    assert rig.hello.secret not in rig.output()


@pytest.mark.parametrize("mode", MODES)
def test_everything_ends_with_the_connection(mode: str) -> None:
    with running_init(mode) as rig:
        rig.shell("trap '' HUP TERM; (setsid sleep 1000 &); echo up; sleep 1000")
        rig.next(FrameKind.OUTPUT)
        rig.send(frames.encode(FrameKind.PAUSE))

        rig.connection.close()

        wait_until(lambda: not rig.processes(), "processes outlived the connection")


@pytest.mark.parametrize("frame", [
    struct.pack(">IBB", 0, ord("Z"), 0),                       # no such kind
    struct.pack(">IBB", 3, ord("Y"), 0) + b"abc",              # wrong length
    struct.pack(">IBB", (1 << 20) + 1, ord("S"), 0),           # too long
    struct.pack(">IBB", 1, ord("G"), 32) + b"\x0f",            # no such role
    struct.pack(">IBBHH", 4, ord("S"), 0, 1, 0),               # no strings
    struct.pack(">IBBHH", 8, ord("S"), 0, 0, 1) + b"/\0a\0",   # nothing to run
    struct.pack(">IBBHH", 8, ord("S"), 0, 1, 1) + b"/\0a\0",   # a string too few
    struct.pack(">IBBHH", 10, ord("S"), 0, 1, 0) + b"/\0a\0b\0",  # one too many
    struct.pack(">IBBHH", 7, ord("S"), 0, 1, 0) + b"/\0a",     # not terminated
])  # fmt: skip
def test_a_wrong_frame_ends_everything(frame: bytes) -> None:
    with running_init("namespace") as rig:
        rig.shell("sleep 1000")

        rig.send(frame)

        assert rig.hangs_up()


def test_a_largest_start_is_taken(rig: Rig) -> None:
    variables = {"MARKER": rig.marker} | {f"LONG{i}": "x" * 120_000 for i in range(8)}
    rig.send(frames.encode_start(0, Program(("/bin/sh", "-c", "echo ${#LONG0} ${#LONG7}"), variables, "/")))

    rig.exit()

    assert rig.output() == "120000 120000\n"


def test_a_start_cut_into_pieces_is_taken(rig: Rig) -> None:
    order = frames.encode_start(0, Program(("/bin/sh", "-c", "echo whole"), {"MARKER": rig.marker}, "/"))
    for at in range(0, len(order), 7):
        rig.send(order[at : at + 7])

    rig.exit()

    assert rig.output() == "whole\n"
