"""What is paused stays stopped, also who wakes itself by a timer; and whatever of it goes on is still counted."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from init_rig import MODES, STOPPED, Rig, running_init, wait_until

from lambda_emu.sandbox.base import ExitKind
from lambda_emu.sandbox.init import frames
from lambda_emu.sandbox.init.frames import FrameKind

CREATE, SETTIME, PRCTL = {"x86_64": (222, 223, 157), "aarch64": (107, 110, 167)}[os.uname().machine]
MB = 1 << 20

TIMERS = 10  # one whose signal is pending when the process is stopped is lost, and its timer with it
WAKE = f"""
sub wake {{
    my $event = pack('x8 i i x48', {int(signal.SIGCONT)}, 0);
    $SIG{{CONT}} = sub {{ }};
    for (1 .. ($_[0] || {TIMERS})) {{
        my $timer = pack('i', 0);
        syscall({CREATE}, 1, $event, $timer) == 0 or die "timer_create: $!";
        my $times = pack('q4', 0, 100_000_000, 0, $_ * 10_000_000);
        syscall({SETTIME}, unpack('i', $timer), 0, $times, 0) == 0 or die "timer_settime: $!";
    }}
}}
"""
SLEEP_IN_PARENT = "if (fork) { sleep 1000 while 1 }"
UNTRACEABLE = f"syscall({PRCTL}, 4, 0);"
WAKERS = {
    "itself": "wake;",
    "in a child": f"{SLEEP_IN_PARENT} wake;",
}
WAKING_THREADS = f"""
import ctypes, signal, struct, threading, time
libc, timer = ctypes.CDLL(None), ctypes.create_string_buffer(8)
event = struct.pack("8xii48x", signal.SIGCONT, 0)
signal.signal(signal.SIGCONT, lambda *_: None)
for number in range(1, {TIMERS} + 1):
    times = struct.pack("4q", 0, 100_000_000, 0, number * 10_000_000)
    assert libc.syscall({CREATE}, 1, event, timer) == 0
    assert libc.syscall({SETTIME}, struct.unpack("i", timer[:4])[0], 0, times, None) == 0
def compute():
    while True: pass
for _ in range(3): threading.Thread(target=compute).start()
def start_threads():
    while True:
        thread = threading.Thread(target=time.sleep, args=(0.001,))
        thread.start()
        thread.join()
threading.Thread(target=start_threads).start()
print("up", flush=True)
compute()
"""


@pytest.fixture(params=MODES)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with running_init(request.param) as rig:
        yield rig


def pause(rig: Rig) -> None:
    rig.send(frames.encode(FrameKind.PAUSE))


def go_on(rig: Rig) -> None:
    rig.send(frames.encode(FrameKind.CONTINUE))


def computed_us(rig: Rig, window_us: int) -> int:
    """CPU time used by the environment while another process slept for so long."""
    before = rig.sync().cpu_us
    os.system(f"sleep {window_us / 1e6}")
    return rig.sync().cpu_us - before


@pytest.mark.parametrize("waker", WAKERS.values(), ids=WAKERS)
def test_who_wakes_itself_while_paused_computes_next_to_nothing(rig: Rig, waker: str) -> None:
    rig.perl(f"{WAKE} {waker} print 'up'; 1 while 1")
    rig.next(FrameKind.OUTPUT)
    pause(rig)
    computed_us(rig, 500_000)  # in which it is noticed

    assert computed_us(rig, 1_000_000) < 100_000


@pytest.mark.parametrize("mode", ["namespace", "container"])
def test_who_may_not_be_traced_is_stopped_each_time_it_wakes(mode: str) -> None:
    with running_init(mode) as rig:
        rig.perl(f"{WAKE} {SLEEP_IN_PARENT} {UNTRACEABLE} wake(3); print 'up'; 1 while 1")
        rig.next(FrameKind.OUTPUT)
        pause(rig)
        computed_us(rig, 500_000)

        assert computed_us(rig, 1_000_000) < 300_000


def test_a_pause_that_is_over_when_it_is_read_leaves_who_stopped_himself_alone(rig: Rig) -> None:
    """On a busy machine its invocation may have begun before init had time to read either."""
    rig.perl("print 'up'; kill 'STOP', $$; print 'went on'; sleep 1000")
    wait_until(lambda: rig.states() == {"T"}, "it has not stopped itself")

    rig.send(frames.encode(FrameKind.PAUSE) + frames.encode(FrameKind.CONTINUE))

    rig.sync()
    assert (rig.output(), rig.states()) == ("up", {"T"})
    go_on(rig)
    rig.next(FrameKind.OUTPUT)
    assert rig.output() == "upwent on"


def test_a_pause_comes_before_the_order_behind_it(rig: Rig) -> None:
    rig.perl("$SIG{USR1} = sub { print 'heard' }; print 'up'; sleep 1 while 1")
    rig.next(FrameKind.OUTPUT)

    rig.send(frames.encode(FrameKind.PAUSE) + frames.encode_signal(0, signal.SIGUSR1))

    wait_until(lambda: rig.states() <= STOPPED, "it is not stopped")
    rig.sync()
    assert rig.output() == "up"
    go_on(rig)
    rig.next(FrameKind.OUTPUT)
    assert rig.output() == "upheard"


def test_who_was_held_goes_on_with_the_next_event(rig: Rig) -> None:
    rig.perl(f"{WAKE} wake; $SIG{{USR1}} = sub {{ print 'heard' }}; print 'up'; 1 while 1")
    rig.next(FrameKind.OUTPUT)
    for _ in range(3):
        rig.forget()
        pause(rig)
        wait_until(lambda: rig.states() == {"t"}, "it is not held")
        rig.send(frames.encode_signal(0, signal.SIGUSR1))
        go_on(rig)

        rig.next(FrameKind.OUTPUT)

        assert rig.output() == "heard"
        wait_until(lambda: rig.states() == {"R"}, "it does not compute")


def test_who_was_held_is_killed_and_tells_its_end(rig: Rig) -> None:
    rig.perl(f"{WAKE} wake; print 'up'; 1 while 1")
    rig.next(FrameKind.OUTPUT)
    pause(rig)
    wait_until(lambda: rig.states() == {"t"}, "it is not held")

    rig.kill()

    assert [frames.decode_exited(0, end.payload).value for end in rig.heard if end.kind == FrameKind.EXITED] == [9]
    assert not rig.processes()


def test_all_threads_of_who_wakes_are_held(rig: Rig) -> None:
    rig.start("/usr/bin/python3", "-c", WAKING_THREADS)
    rig.next(FrameKind.OUTPUT)
    pause(rig)
    computed_us(rig, 500_000)

    assert computed_us(rig, 1_000_000) < 100_000


@contextmanager
def woken_again_and_again(pid: int) -> Iterator[None]:
    """As by endless timers of its own."""
    enough = threading.Event()

    def wake() -> None:
        while not enough.wait(0.001):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=wake)
    thread.start()
    yield
    enough.set()
    thread.join()


def test_memory_that_grows_while_paused_is_out_of_memory(rig: Rig) -> None:
    rig.send(frames.encode_memory(50 * MB, 2))
    grow = "my @kept; while (1) { push @kept, 'a' x 1000000; select undef, undef, undef, 0.001 }"
    rig.perl(f"$SIG{{USR1}} = sub {{ {UNTRACEABLE} print 'hidden'; sleep 1; {grow} }}; print 'up'; sleep 1000")
    rig.next(FrameKind.OUTPUT)
    (program,) = rig.processes()
    rig.send(frames.encode_signal(0, signal.SIGUSR1))
    rig.next(FrameKind.OUTPUT)
    pause(rig)

    with woken_again_and_again(program):
        end = rig.exit()

    assert (end.kind, end.value, end.out_of_memory) == (ExitKind.SIGNAL, 9, True)
