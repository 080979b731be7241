"""An init that shares our kernel: its pipes and sockets are ours, and what it reports comes after what was printed."""

from __future__ import annotations

import asyncio
import errno
import os
import select
import socket
from collections.abc import Iterator

import pytest
from init_rig import LIMIT_S, MODES
from local_rig import LocalRig, own_address, running_local_init, text_from

from lambda_emu.sandbox.base import Exit, ExitKind, SandboxError
from lambda_emu.sandbox.init import local
from lambda_emu.sandbox.init.ports import listen_inside

CALL = 'my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0]) or die "no: $!"; print $s "hello"; sleep 100'
ECHO = (
    "my $l = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 5) or die;"
    "print $l->sockport, qq(\\n); while (my $c = $l->accept) { my $x = <$c>; print $c $x; close $c }"
)

PRINT_WHEN_TOLD = (
    "my $l = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 5) or die;"
    "print $l->sockport, qq(\\n); my $c = $l->accept;"
    "while (sysread($c, my $n, 1)) { print qq(line $n\\n); syswrite($c, $n) }"
)


@pytest.fixture(scope="module", params=MODES)
def environment(request: pytest.FixtureRequest) -> Iterator[tuple[str, LocalRig]]:
    with running_local_init(request.param) as rig:
        yield request.param, rig


@pytest.fixture
def rig(environment: tuple[str, LocalRig]) -> Iterator[LocalRig]:
    _, rig = environment
    yield rig
    rig.reset()


@pytest.fixture
def address(environment: tuple[str, LocalRig]) -> str:
    return own_address(environment[0])


def test_output_arrives_whole_before_the_exit(rig: LocalRig) -> None:
    rig.shell("dd if=/dev/zero bs=1000 count=5000 2>/dev/null; exit 3")

    assert rig.exit() == Exit(0, ExitKind.CODE, 3, False)
    assert len(rig.heard.text()) == 5_000_000
    assert isinstance(rig.heard.all[-1], Exit)


def test_stdout_and_stderr_keep_the_order_they_were_written_in(rig: LocalRig) -> None:
    rig.shell("for i in $(seq 200); do echo out $i; echo err $i >&2; done")

    rig.exit()

    assert rig.heard.text() == "".join(f"out {i}\nerr {i}\n" for i in range(1, 201))


def test_sync_always_carries_what_was_printed_before_it(rig: LocalRig) -> None:
    """Whether init is asked for its figures or they are known."""
    rig.link.limit_memory(1 << 40, 20)
    rig.perl(PRINT_WHEN_TOLD)
    rig.wait_for_text("\n")
    port = int(rig.heard.text())
    with rig.run(rig.link.dial(port)) as program:
        program.setblocking(True)
        for i in range(200):
            program.sendall(b"%d" % (i % 10))
            program.recv(1)

            rig.sync()

            assert rig.heard.text().count("\n") == i + 2


def test_sync_is_answered_although_the_output_never_ends(rig: LocalRig) -> None:
    rig.shell("exec yes")
    rig.wait_for_text("y\ny\n")

    for _ in range(20):
        rig.sync()


def test_a_kill_is_reported_after_the_last_output(rig: LocalRig) -> None:
    rig.shell("echo one; exec sleep 1000", role=1)
    rig.wait_for_text("one", role=1)
    rig.shell("yes | head -c 300000; exec sleep 1000")
    rig.wait_for_text("y")

    rig.link.kill()
    rig.wait_for(lambda thing: thing == "killed", "word that all is dead")

    assert rig.heard.all[-1] == "killed"
    assert {one.role for one in rig.heard.all if isinstance(one, Exit)} == {0, 1}


def test_what_orphans_print_is_the_roles_until_it_is_started_anew(rig: LocalRig) -> None:
    rig.shell("(sleep 0.1; echo orphan) & exit 0")
    rig.exit()

    rig.wait_for_text("orphan")
    rig.heard.all.clear()
    rig.shell("echo new")

    rig.exit()
    assert rig.heard.text() == "new\n"


def test_who_cannot_write_down_more_lets_printers_and_reports_wait(rig: LocalRig) -> None:
    rig.heard.paused = rig.link.pause_output
    rig.shell("yes | head -c 1000000; exit 4")
    rig.wait_for_text("y")
    rig.turn(50)

    assert len(rig.heard.text()) <= 65536
    rig.heard.paused = None
    rig.link.resume_output()

    assert rig.exit().value == 4
    assert len(rig.heard.text()) == 1_000_000


def test_nothing_is_heard_after_close() -> None:
    with running_local_init("descendants") as rig:
        rig.shell("exec yes")
        rig.heard.paused = rig.link.close

        rig.wait_for(lambda thing: thing == "lost", "the loss")
        rig.turn(10)

        assert [type(one) for one in rig.heard.all] == [tuple, str]


def test_figures_are_asked_for_once_in_a_while(rig: LocalRig) -> None:
    rig.link.limit_memory(1 << 40, 20)
    rig.shell("sleep 1000")
    rig.sync()

    known = [rig.sync() for _ in range(50)]

    assert len({usage.cpu_us for usage in known}) < 50


def test_figures_of_what_took_its_time_are_asked_for(rig: LocalRig) -> None:
    rig.link.limit_memory(1 << 40, 0)
    rig.perl("my $x = 'a' x (30 << 20); print 'taken'; sleep 1000")
    before = rig.sync(busy_ms=100).peak_bytes
    rig.wait_for_text("taken")

    assert rig.sync(busy_ms=100).peak_bytes > before + (20 << 20)


def test_figures_near_the_limit_are_asked_for_each_time(rig: LocalRig) -> None:
    """So what ran out of memory is never taken for a success."""
    rig.perl("my $x = 'a' x (60 << 20); print 'taken'; sleep 1000")
    rig.wait_for_text("taken")
    used = rig.sync().memory_bytes
    rig.link.limit_memory(used + (1 << 20), 0)

    known = [rig.sync() for _ in range(20)]

    assert all(abs(usage.memory_bytes - used) < 1 << 20 for usage in known)


def test_ports_inside_are_ours_and_who_calls_there_is_inside(rig: LocalRig, address: str) -> None:
    first, second = (rig.run(rig.link.listen(address, port)) for port in (9001, 0))
    assert first.getsockname() == (address, 9001)

    for listener in (first, second):
        rig.perl(CALL, ":".join(map(str, listener.getsockname())))
        called = accepted(listener)
        called.settimeout(5)
        assert called.recv(5) == b"hello"
        rig.reset()
    first.close()
    second.close()


def accepted(listener: socket.socket) -> socket.socket:
    """The next that calls."""
    assert select.select([listener], [], [], LIMIT_S)[0], "nobody called"
    called, _ = listener.accept()
    return called


def test_a_port_that_is_taken_is_said_to_be(rig: LocalRig, address: str) -> None:
    with rig.run(rig.link.listen(address, 9001)), pytest.raises(OSError, match=os.strerror(errno.EADDRINUSE)):
        rig.run(rig.link.listen(address, 9001))


def test_code_inside_cannot_take_the_port(rig: LocalRig, address: str) -> None:
    with rig.run(rig.link.listen(address, 9001)):
        rig.perl(
            "for my $at ($ARGV[0], '0.0.0.0') { my $l = IO::Socket::INET->new(LocalAddr => $at, LocalPort => 9001,"
            " Listen => 1, ReuseAddr => 1, ReusePort => 1); print $l ? 'took it' : 'refused', qq(\\n) }",
            address,
        )
        rig.exit()

    assert rig.heard.text() == "refused\n" * 2


def test_what_listens_inside_is_reached(rig: LocalRig) -> None:
    rig.perl(ECHO)
    rig.wait_for_text("\n")
    port = int(rig.heard.text())

    for _ in range(3):
        with rig.run(rig.link.dial(port)) as connection:
            connection.sendall(b"there and back\n")
            assert text_from(connection) == b"there and back\n"


def test_what_is_paused_is_reached_and_answers_when_it_goes_on(rig: LocalRig) -> None:
    rig.perl(ECHO)
    rig.wait_for_text("\n")
    rig.link.pause()
    with rig.run(rig.link.dial(int(rig.heard.text()))) as connection:
        connection.sendall(b"there and back\n")
        rig.sync()
        with pytest.raises(BlockingIOError):
            connection.recv(1)

        rig.link.resume()

        assert text_from(connection) == b"there and back\n"


def test_where_nobody_listens_inside_it_is_told_at_once(rig: LocalRig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mine:
        port = mine.getsockname()[1]

    with pytest.raises(ConnectionRefusedError):
        rig.run(rig.link.dial(port))


def test_a_listener_inside_that_is_full_keeps_nobody_waiting(rig: LocalRig) -> None:
    rig.perl(ECHO.replace("while (my $c = $l->accept)", "sleep 1000; while (0)").replace("Listen => 5", "Listen => 1"))
    rig.wait_for_text("\n")
    port = int(rig.heard.text())

    async def dial(times: int) -> None:
        kept = [await rig.link.dial(port) for _ in range(times)]
        assert len(kept) == times

    rig.run(dial(1))
    with pytest.raises(OSError, match=os.strerror(errno.EALREADY)):
        rig.run(dial(20))


def test_init_knows_whose_socket_it_is(rig: LocalRig, address: str) -> None:
    with rig.run(rig.link.listen(address, 0)) as listener:
        say_inode = "print readlink('/proc/self/fd/' . fileno($s)), qq(\\n); sleep 100"
        rig.perl(CALL.replace("sleep 100", say_inode), ":".join(map(str, listener.getsockname())))
        called = accepted(listener)
        rig.wait_for_text("\n")
        found = int(rig.heard.text().strip().removeprefix("socket:[").removesuffix("]"))

        assert rig.run(rig.link.holds(found))
        assert not rig.run(rig.link.holds(os.fstat(called.fileno()).st_ino))
        assert not rig.run(rig.link.holds(0))
        called.close()


SEND = "my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], Proto => 'udp') or die; $s->send($_) for qw(one two)"


def test_datagrams_that_are_sent_inside_are_ours(rig: LocalRig, address: str) -> None:
    with rig.run(rig.link.bind(address, 2000)) as taken:
        assert taken.getsockname() == (address, 2000)

        rig.perl(SEND, f"{address}:2000")
        rig.exit()

        assert [taken.recv(100) for _ in range(2)] == [b"one", b"two"]
        with pytest.raises(BlockingIOError):
            taken.recv(100)
        with pytest.raises(OSError, match=os.strerror(errno.EADDRINUSE)):
            rig.run(rig.link.bind(address, 2000))


def test_nobody_takes_datagrams_unless_asked(rig: LocalRig, address: str) -> None:
    rig.perl(SEND.replace("$s->send($_)", "print $s->send($_) ? 'sent' : 'refused', qq(\\n)"), f"{address}:2000")

    assert (rig.exit(), rig.heard.text()) == (Exit(0, ExitKind.CODE, 0, False), "sent\nrefused\n")


def test_the_end_of_init_ends_its_sockets_and_what_was_asked() -> None:
    with running_local_init("container") as rig:
        listener = rig.run(rig.link.listen("127.0.0.1", 9001))
        rig.shell("echo last words; kill -STOP $$")
        rig.wait_for_text("last words")

        rig.link.close()
        rig.wait_for(lambda thing: thing == "lost", "the loss")

        assert listener.fileno() == -1
        with pytest.raises(SandboxError, match="ended"):
            rig.run(rig.link.dial(9001))


def test_on_a_shared_network_a_port_that_others_have_is_gone_round(rig: LocalRig) -> None:
    with socket.create_server(("0.0.0.0", 0)) as everywhere:
        port = everywhere.getsockname()[1]

        passed = rig.run(listen_inside(rig.link, port, seed="0123456789abcdef", shared=True))

    host, _, found = passed.address.partition(":")
    assert host.startswith("127.")
    assert found
    passed.socket.close()


def test_frames_beyond_what_a_turn_reads_come_in_later_turns(rig: LocalRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "TURN_BYTES", 1000)
    rig.shell("yes | head -c 60000; exit 5")

    assert rig.exit().value == 5
    assert len(rig.heard.text()) == 60_000


def test_a_flood_of_orders_is_answered_in_full(rig: LocalRig) -> None:
    async def ask() -> list[bool]:
        return await asyncio.gather(*(rig.link.holds(number) for number in range(200)))

    assert rig.run(ask()) == [False] * 200
