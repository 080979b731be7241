"""The init for the other architecture, run by qemu: what it says and obeys is the same."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator

import pytest
from init_rig import LIMIT_S, Rig, running_init
from local_rig import LocalRig, own_address, running_local_init

from lambda_emu.sandbox.base import Exit, ExitKind
from lambda_emu.sandbox.init import frames

OTHER = "x86_64" if os.uname().machine == "aarch64" else "aarch64"

pytestmark = pytest.mark.slow


@pytest.fixture(params=["descendants", "namespace"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with running_init(request.param, OTHER) as rig:
        yield rig
        rig.connection.close()


def test_output_arrives_whole_before_the_exit(rig: Rig) -> None:
    rig.shell("dd if=/dev/zero bs=1000 count=2000 2>/dev/null; exit 3")

    assert rig.exit() == Exit(0, ExitKind.CODE, 3, False)
    assert len(rig.output()) == 2_000_000


def test_sync_comes_after_what_was_printed(rig: Rig) -> None:
    rig.shell("echo one; sleep 100")
    while not rig.output():
        rig.sync()

    assert rig.output() == "one\n"


def test_a_kill_ends_everything_and_init_goes_on(rig: Rig) -> None:
    rig.shell("sleep 100 & sleep 100 & wait")
    rig.kill()

    assert rig.processes() == []
    rig.shell("echo again")
    assert rig.exit().value == 0
    assert rig.output() == "again\n"


def test_memory_and_what_it_is_of_are_counted_the_same(rig: Rig) -> None:
    rig.perl("my $size = 60 << 20; my $x = 'a' x $size; print 'taken'; sleep 1000")
    while not rig.output():
        rig.sync()
    assert 60 << 20 < rig.sync().memory_bytes < 80 << 20

    rig.send(frames.encode_memory(50 << 20, 2))

    assert rig.exit() == Exit(0, ExitKind.SIGNAL, 9, True)


@pytest.fixture
def local() -> Iterator[LocalRig]:
    with running_local_init("namespace", OTHER) as rig:
        yield rig


def test_output_comes_by_the_pipe_that_it_passed(local: LocalRig) -> None:
    local.shell("dd if=/dev/zero bs=1000 count=2000 2>/dev/null; exit 3")

    assert local.exit() == Exit(0, ExitKind.CODE, 3, False)
    assert len(local.heard.text()) == 2_000_000


def test_ports_inside_are_passed_and_reached(local: LocalRig) -> None:
    with local.run(local.link.listen(own_address("namespace"), 0)) as listener:
        address = ":".join(map(str, listener.getsockname()))
        local.perl("my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0]) or die; print $s 'hello'; sleep 100", address)
        assert select.select([listener], [], [], LIMIT_S)[0]
        called, _ = listener.accept()
        with called:
            called.settimeout(LIMIT_S)
            assert called.recv(5) == b"hello"

    with pytest.raises(ConnectionRefusedError):
        local.run(local.link.dial(1))
    assert not local.run(local.link.holds(1))
