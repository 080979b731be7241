"""Frames are the bytes docs/init-protocol.md says, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from lambda_emu.sandbox.base import Exit, ExitKind, Program, SandboxError, Usage
from lambda_emu.sandbox.init import frames
from lambda_emu.sandbox.init.frames import Figures, Frame, FrameKind, FrameReader, Hello, WrongFrame

OUTPUT = b"\0\0\0\x03O\x02abc"
KILLED = b"\0\0\0\0K\0"
START = Program(("run", "it"), {"NAME": "väl=ue"}, "/var/task")


@pytest.mark.parametrize(("order", "wire"), [
    (frames.encode(FrameKind.PAUSE), b"\0\0\0\0P\0"),
    (frames.encode(FrameKind.CONTINUE), b"\0\0\0\0C\0"),
    (frames.encode(FrameKind.KILL), b"\0\0\0\0K\0"),
    (frames.encode_sync(0xFFFFFFFF), b"\0\0\0\x04Y\0\xff\xff\xff\xff"),
    (frames.encode_memory(1 << 40, 5), b"\0\0\0\x0cM\0\0\0\1\0\0\0\0\0\0\0\0\5"),
    (frames.encode_signal(31, 15), b"\0\0\0\x01G\x1f\x0f"),
    (frames.encode_start(1, START), b"\0\0\0\x22S\1\0\2\0\1/var/task\0run\0it\0NAME=v\xc3\xa4l=ue\0"),
])  # fmt: skip
def test_orders_are_these_bytes(order: bytes, wire: bytes) -> None:
    assert order == wire


@pytest.mark.parametrize("program", [
    Program(("run",), {"A": "x" * (1 << 20)}),
    Program(("run", *["x"] * 4096), {}),
    Program(("r\0un",), {}),
    Program(("run",), {"A": "\0"}),
])  # fmt: skip
def test_a_program_init_would_not_take_is_refused_here(program: Program) -> None:
    with pytest.raises(SandboxError):
        frames.encode_start(0, program)


def test_bytes_that_are_no_text_pass_through_as_python_reads_them() -> None:
    program = Program((b"\xff".decode("utf-8", "surrogateescape"),), {})

    assert b"\xff\0" in frames.encode_start(0, program)


@pytest.mark.parametrize("size", [1, 2, 5, 6, 7, 100])
def test_frames_arrive_whole_however_the_stream_is_cut(size: int) -> None:
    stream = OUTPUT + KILLED + OUTPUT
    reader = FrameReader()

    heard = [frame for at in range(0, len(stream), size) for frame in reader.feed(stream[at : at + size])]

    output, killed = Frame(FrameKind.OUTPUT, 2, b"abc"), Frame(FrameKind.KILLED, 0, b"")
    assert heard == [output, killed, output]


def test_a_frame_too_long_to_be_inits_is_wrong() -> None:
    with pytest.raises(WrongFrame):
        FrameReader().feed(b"\0\1\0\1O\0")


def test_hello_is_read() -> None:
    assert frames.decode_hello(b"\4\2secret") == Hello(Figures.CGROUP_2, "secret")


@pytest.mark.parametrize("payload", [b"", b"\4", b"\3\0secret", b"\5\0secret", b"\4\3secret", b"\4\0\xff"])
def test_a_wrong_hello_is_refused(payload: bytes) -> None:
    with pytest.raises(WrongFrame):
        frames.decode_hello(payload)


def test_figures_are_read() -> None:
    payload = b"\0\0\0\x09" + (1).to_bytes(8) + (2).to_bytes(8) + (3).to_bytes(4) + (4).to_bytes(8)

    assert frames.decode_synced(payload) == (9, Usage(memory_bytes=1, peak_bytes=2, oom_kills=3, cpu_us=4))


@pytest.mark.parametrize(("payload", "end"), [
    (b"\0\0\0\0\x07\0", Exit(1, ExitKind.CODE, 7, False)),
    (b"\1\0\0\0\x09\1", Exit(1, ExitKind.SIGNAL, 9, True)),
    (b"\2\0\0\0\x02\0", Exit(1, ExitKind.NOT_STARTED, 2, False)),
    (b"\3\0\0\0\x02\0", Exit(1, ExitKind.NO_DIRECTORY, 2, False)),
])  # fmt: skip
def test_exits_are_read(payload: bytes, end: Exit) -> None:
    assert frames.decode_exited(1, payload) == end


@pytest.mark.parametrize("payload", [b"", b"\0\0\0\0\7", b"\4\0\0\0\0\0", b"\0\0\0\0\0\0\0"])
def test_a_wrong_exit_is_refused(payload: bytes) -> None:
    with pytest.raises(WrongFrame):
        frames.decode_exited(0, payload)


@pytest.mark.parametrize("payload", [b"", b"\0" * 31, b"\0" * 33])
def test_wrong_figures_are_refused(payload: bytes) -> None:
    with pytest.raises(WrongFrame):
        frames.decode_synced(payload)
