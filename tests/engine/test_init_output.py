"""What programs print reaches the emulator, in order, and SYNC says when it is all there."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from init_rig import LIMIT_S, MODES, Rig, running_init, wait_until

from lambda_emu.sandbox.init import frames
from lambda_emu.sandbox.init.frames import FrameKind

DIAL = "my $line = IO::Socket::INET->new(PeerAddr => $ARGV[0]) or die;"
PRINT_WHEN_TOLD = DIAL + 'while (sysread($line, my $n, 1)) { print "line $n\\n"; syswrite($line, $n) }'


@pytest.fixture(scope="module", params=MODES)
def environment(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with running_init(request.param) as rig:
        yield rig


@pytest.fixture
def rig(environment: Rig) -> Iterator[Rig]:
    yield environment
    environment.reset()


def told(rig: Rig, script: str, role: int = 0) -> socket.socket:
    """Start a program that dials back; the connection it is told things by."""
    host = rig.connection.getsockname()[0]
    with socket.create_server((host, 0)) as listener:
        listener.settimeout(LIMIT_S)
        rig.perl(script, f"{host}:{listener.getsockname()[1]}", role=role)
        connection, _ = listener.accept()
    connection.settimeout(LIMIT_S)
    return connection


def is_blocked(rig: Rig) -> bool:
    """Whether its one program sleeps each of many times we look: no buffer on the way takes any more."""
    return all(rig.states() == {"S"} for _ in range(50))


def test_stdout_and_stderr_keep_the_order_they_were_written_in(rig: Rig) -> None:
    rig.shell("for i in $(seq 200); do echo out $i; echo err $i >&2; done")

    rig.exit()

    assert rig.output() == "".join(f"out {i}\nerr {i}\n" for i in range(1, 201))


def test_sync_always_carries_what_was_printed_before_it(rig: Rig) -> None:
    with told(rig, PRINT_WHEN_TOLD) as program:
        for i in range(200):
            program.sendall(b"%d" % (i % 10))
            program.recv(1)

            rig.sync()

            assert rig.output().count("\n") == i + 1


def test_sync_is_answered_although_the_output_never_ends(rig: Rig) -> None:
    rig.shell("exec yes")
    rig.next(FrameKind.OUTPUT)

    for _ in range(5):
        rig.sync()

    assert rig.output().startswith("y\ny\n")


def test_several_syncs_are_answered_in_turn(rig: Rig) -> None:
    rig.shell("exec yes")
    rig.next(FrameKind.OUTPUT)

    for token in range(8):
        rig.send(frames.encode_sync(token))

    tokens = [frames.decode_synced(rig.next(FrameKind.SYNCED).payload)[0] for _ in range(8)]
    assert tokens == list(range(8))


def test_sync_does_not_wait_for_bytes_the_program_took_back(rig: Rig) -> None:
    rig.shell("exec yes")  # nobody reads it, so that init leaves the pipes alone
    wait_until(lambda: is_blocked(rig), "the pipe is not full")
    print_some = f"syswrite(STDOUT, 'x' x 60000); {DIAL} sysread($line, my $go, 1);"
    take_back = "use Fcntl; sysopen(my $own, '/proc/self/fd/1', O_RDONLY | O_NONBLOCK); sysread($own, $go, 60000); exit"
    with told(rig, f"{print_some} {take_back}", role=1) as program:
        rig.send(frames.encode_sync(7))
        told(rig, f"{DIAL} exit", role=2).close()  # init is behind SYNC

        program.sendall(b"g")

        assert program.recv(1) == b""
    assert frames.decode_synced(rig.next(FrameKind.SYNCED).payload)[0] == 7


def test_exit_is_told_after_the_last_bytes(rig: Rig) -> None:
    rig.shell("head -c 50000 /dev/zero; exit 3")

    assert rig.exit().value == 3
    assert len(rig.output()) == 50000


def test_output_of_orphans_follows_the_exit(rig: Rig) -> None:
    rig.shell("(sleep 0.1; echo later) & echo now")

    rig.exit()
    wait_until(lambda: rig.sync() is not None and rig.output().endswith("later\n"), "the orphan was not heard")


def test_a_program_that_closes_its_output_goes_on(rig: Rig) -> None:
    script = PRINT_WHEN_TOLD.replace("while", "close STDOUT; close STDERR; while")
    with told(rig, script) as program:
        program.sendall(b"1")

        assert program.recv(1) == b"1"
        rig.sync()
        assert rig.output() == ""


def test_roles_have_pipes_of_their_own(rig: Rig) -> None:
    for role in (0, 1, 31):
        rig.shell(f"echo I am {role}", role=role)

    for _ in range(3):
        rig.exit()

    assert [rig.output(role) for role in (0, 1, 31)] == ["I am 0\n", "I am 1\n", "I am 31\n"]


def test_init_obeys_while_nobody_reads_its_output(rig: Rig) -> None:
    rig.shell("exec head -c 100000000 /dev/zero")
    wait_until(lambda: is_blocked(rig), "the pipe is not full")

    rig.send(frames.encode(FrameKind.KILL))

    wait_until(lambda: not rig.processes(), "the program still lives")
    rig.next(FrameKind.KILLED)
    assert len(rig.output()) < 100_000_000


def test_gigabytes_go_through_whole(rig: Rig) -> None:
    rig.shell("head -c 200000000 /dev/zero")

    rig.exit()

    assert sum(len(f.payload) for f in rig.heard if f.kind == FrameKind.OUTPUT) == 200_000_000
