"""What the emulator tells an init, and how they come to know each other, over whatever connects them."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from typing import Protocol

from lambda_emu.sandbox.base import ANY_TIME_MS, PLATFORM_MB, Exit, InitListener, Program, Usage
from lambda_emu.sandbox.init import frames
from lambda_emu.sandbox.init.frames import Frame, FrameKind, OtherProtocol, WrongFrame

HELLO_WITHIN_S = 10.0
PLATFORM_BYTES = PLATFORM_MB << 20


class Nobody:
    """Listens to a sandbox that nobody uses yet: of its reports only the loss matters, which the link remembers."""

    def output(self, role: int, data: bytes) -> None:
        pass

    def synced(self, token: int, usage: Usage) -> None:
        pass

    def exited(self, exit: Exit) -> None:
        pass

    def killed(self) -> None:
        pass

    def lost(self) -> None:
        pass


class LinkAcceptor(Protocol):
    """Whoever lets inits in."""

    def admit(self, secret: str, link: Link) -> bool:
        """Whether the link was expected; whoever awaits it has it now."""

    def refuse(self, secret: str, why: Exception) -> None:
        """Whoever awaits the init of this secret hears at once that it cannot be used."""

    def forget(self, link: Link) -> None:
        """It has ended."""


class Link:
    """The part of base.Init that is the same over each connection, until HELLO the acceptor's.

    A listener set after the connection ended hears `lost` as soon as the loop turns.
    """

    def __init__(self, acceptor: LinkAcceptor) -> None:
        self.figures = frames.Figures.PROCESSES
        self._acceptor = acceptor
        self._listener: InitListener = Nobody()
        self._is_lost = False
        self._hello_timer: asyncio.TimerHandle | None = None
        self._hear: Callable[[Frame], None] = self._hear_hello

    @property
    def listener(self) -> InitListener:
        return self._listener

    @listener.setter
    def listener(self, listener: InitListener) -> None:
        self._listener = listener
        if self._is_lost:
            asyncio.get_running_loop().call_soon(listener.lost)

    # --- orders -------------------------------------------------------------

    def start(self, role: int, program: Program) -> None:
        self._send(frames.encode_start(role, program))

    def sync(self, token: int, busy_ms: float = ANY_TIME_MS) -> None:
        self._send(frames.encode_sync(token))

    def limit_memory(self, limit_bytes: int, sample_ms: int) -> None:
        self._send(frames.encode_memory(limit_bytes - PLATFORM_BYTES, sample_ms))

    def pause(self) -> None:
        self._send(frames.encode(FrameKind.PAUSE))

    def resume(self) -> None:
        self._send(frames.encode(FrameKind.CONTINUE))

    def signal(self, role: int, number: int) -> None:
        self._send(frames.encode_signal(role, number))

    def kill(self) -> None:
        self._send(frames.encode(FrameKind.KILL))

    @abstractmethod
    def pause_output(self) -> None: ...

    @abstractmethod
    def resume_output(self) -> None: ...

    @abstractmethod
    def close(self) -> None:
        """End the connection at once, and with it everything in the sandbox; orders not sent yet are dropped."""

    @abstractmethod
    def _send(self, order: bytes) -> None: ...

    @abstractmethod
    def _hear_report(self, frame: Frame) -> None: ...

    # --- the beginning and the end ------------------------------------------

    def _begin(self) -> None:
        self._hello_timer = asyncio.get_running_loop().call_later(HELLO_WITHIN_S, self.close)

    def _hear_hello(self, frame: Frame) -> None:
        if frame.kind != FrameKind.HELLO:
            raise WrongFrame("the first frame is not HELLO")
        try:
            hello = frames.decode_hello(frame.payload)
        except OtherProtocol as error:
            self._acceptor.refuse(error.secret, error)
            raise
        self.figures = hello.figures
        if not self._acceptor.admit(hello.secret, self):
            raise WrongFrame("nobody expects its secret")
        self._end_waiting()
        self._hear = self._hear_report

    def _end(self) -> None:
        self._is_lost = True
        self._acceptor.forget(self)
        self._end_waiting()
        self._listener.lost()

    def _end_waiting(self) -> None:
        if self._hello_timer is not None:
            self._hello_timer.cancel()
