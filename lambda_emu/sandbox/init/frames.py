"""The frames between the emulator and init, as bytes and back. No I/O; docs/init-protocol.md is the contract."""

from __future__ import annotations

import socket
import struct
from enum import IntEnum
from typing import NamedTuple

from msgspec import Struct

from lambda_emu.sandbox.base import Exit, ExitKind, Program, SandboxError, Usage

PROTOCOL = 4
ORDER_MAX_BYTES = 1 << 20
REPORT_MAX_BYTES = 64 << 10  # init sends at most 32 KB of output at once
STRINGS_MAX = 4096

_HEADER = struct.Struct(">IBB")
_COUNTS = struct.Struct(">HH")
_SYNC = struct.Struct(">IBBI")  # the header and the token: it is sent once an invocation
_TOKEN_BYTES = _SYNC.size - _HEADER.size
_MEMORY = struct.Struct(">QI")
_HELLO = struct.Struct(">BB")
_SYNCED = struct.Struct(">IQQIQ")
_EXITED = struct.Struct(">BI?")
_SOCKET = struct.Struct(">I4sH")
_MADE = struct.Struct(">II")
_HOLDS = struct.Struct(">IQ")
_HELD = struct.Struct(">I?")

_EXIT_KINDS = (ExitKind.CODE, ExitKind.SIGNAL, ExitKind.NOT_STARTED, ExitKind.NO_DIRECTORY)


class WrongFrame(ValueError):
    """The other side does not speak our protocol; the connection is of no use any more."""


class OtherProtocol(WrongFrame):
    """An init of another release, or one that was not built anew."""

    def __init__(self, spoken: str, secret: str = "") -> None:
        super().__init__(
            f"init speaks protocol {spoken}, and this lambda-emu {PROTOCOL}; it is built anew by installing the package"
            " again: in a checkout by `make install`, for an image of lambda-emu by `make wheels` before `docker build`"
        )
        self.secret = secret


class FrameKind(IntEnum):
    """What a frame is. SYNC and its answer share their letter, and so do LISTEN, DIAL, BIND and HOLDS with theirs."""

    START = ord("S")
    SYNC = ord("Y")
    MEMORY = ord("M")
    PAUSE = ord("P")
    CONTINUE = ord("C")
    KILL = ord("K")
    SIGNAL = ord("G")
    LISTEN = ord("L")
    DIAL = ord("N")
    BIND = ord("U")
    HOLDS = ord("I")
    HELLO = ord("H")
    STARTED = ord("B")
    OUTPUT = ord("O")
    SYNCED = ord("Y")
    EXITED = ord("X")
    KILLED = ord("K")


_SYNC_KIND = int(FrameKind.SYNC)


class Frame(NamedTuple):
    """One message; kind is a plain int, so that reading it costs nothing."""

    kind: int
    role: int
    payload: bytes


class Figures(IntEnum):
    """Where init reads memory and CPU: HELLO's cgroup byte."""

    PROCESSES = 0
    CGROUP_1 = 1
    CGROUP_2 = 2


class Hello(Struct, frozen=True):
    """What init says first."""

    figures: Figures
    secret: str


class FrameReader:
    """Cuts a stream into frames: feed it what arrives, in pieces of any size."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are whole now. Raises WrongFrame for one too long to be init's."""
        if self._rest:
            data = self._rest + data
        frames, at, end = [], 0, len(data)
        while end - at >= _HEADER.size:
            length, kind, role = _HEADER.unpack_from(data, at)
            if length > REPORT_MAX_BYTES:
                raise WrongFrame(f"a frame of {length} bytes")
            begin = at + _HEADER.size
            if end - begin < length:
                break
            at = begin + length
            frames.append(Frame(kind, role, data[begin:at]))
        self._rest = data[at:]
        return frames


def encode(kind: FrameKind, role: int = 0, payload: bytes = b"") -> bytes:
    """One frame as it goes over the wire."""
    return _HEADER.pack(len(payload), kind, role) + payload


def encode_start(role: int, program: Program) -> bytes:
    """START. Raises SandboxError for what init would not take: too much of it, or a NUL inside a string."""
    variables = [f"{name}={value}" for name, value in program.variables.items()]
    strings = [text.encode("utf-8", "surrogateescape") for text in (program.directory, *program.argv, *variables)]
    if any(b"\0" in text for text in strings):
        raise SandboxError("a program's arguments and variables cannot hold NUL characters")
    payload = _COUNTS.pack(len(program.argv), len(variables)) + b"".join(text + b"\0" for text in strings)
    if len(payload) > ORDER_MAX_BYTES or len(strings) > STRINGS_MAX:
        raise SandboxError(f"arguments and variables exceed {ORDER_MAX_BYTES} bytes or {STRINGS_MAX} strings")
    return encode(FrameKind.START, role, payload)


def encode_sync(token: int) -> bytes:
    """SYNC; the token (32 bits) comes back in SYNCED."""
    return _SYNC.pack(_TOKEN_BYTES, _SYNC_KIND, 0, token)


def encode_memory(limit_bytes: int, sample_ms: int) -> bytes:
    """MEMORY; limit 0: none, sample 0: never look."""
    return encode(FrameKind.MEMORY, 0, _MEMORY.pack(limit_bytes, sample_ms))


def encode_signal(role: int, number: int) -> bytes:
    """SIGNAL, for the role's own process."""
    return encode(FrameKind.SIGNAL, role, bytes((number,)))


def encode_socket(kind: FrameKind, token: int, address: str, port: int) -> bytes:
    """LISTEN or BIND at an IPv4 address inside, or DIAL one."""
    return encode(kind, 0, _SOCKET.pack(token, socket.inet_aton(address), port))


def encode_holds(token: int, inode: int) -> bytes:
    """HOLDS: whether a process inside has the socket of this inode."""
    return encode(FrameKind.HOLDS, 0, _HOLDS.pack(token, inode))


def decode_hello(payload: bytes) -> Hello:
    """Raises WrongFrame; OtherProtocol for an init of another version, all of which say so at the same place."""
    try:
        protocol, figures = _HELLO.unpack_from(payload)
        secret = payload[_HELLO.size :].decode("ascii")
        if protocol != PROTOCOL:
            raise OtherProtocol(str(protocol), secret)
        return Hello(Figures(figures), secret)
    except OtherProtocol:
        raise
    except (struct.error, ValueError) as error:
        raise WrongFrame(f"HELLO: {error}") from error


def decode_synced(payload: bytes, platform_bytes: int = 0) -> tuple[int, Usage]:
    """The token of SYNC and the figures, memory with the platform's share. Raises WrongFrame."""
    try:
        token, memory, peak, oom_kills, cpu_us = _SYNCED.unpack(payload)
    except struct.error as error:
        raise WrongFrame(f"SYNCED: {error}") from error
    return token, Usage(memory + platform_bytes, peak + platform_bytes, oom_kills, cpu_us)


def decode_exited(role: int, payload: bytes) -> Exit:
    """Raises WrongFrame."""
    try:
        how, value, out_of_memory = _EXITED.unpack(payload)
        return Exit(role, _EXIT_KINDS[how], value, out_of_memory)
    except (struct.error, IndexError) as error:
        raise WrongFrame(f"EXITED: {error}") from error


def decode_made(payload: bytes) -> tuple[int, int]:
    """The answer to LISTEN, DIAL, BIND: its token, and why there is no socket, an errno, else 0. Raises WrongFrame."""
    try:
        token, failure = _MADE.unpack(payload)
    except struct.error as error:
        raise WrongFrame(f"a socket: {error}") from error
    return token, failure


def decode_held(payload: bytes) -> tuple[int, bool]:
    """The answer to HOLDS. Raises WrongFrame."""
    try:
        token, held = _HELD.unpack(payload)
    except struct.error as error:
        raise WrongFrame(f"HOLDS: {error}") from error
    return token, held
