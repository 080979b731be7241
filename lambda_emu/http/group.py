"""Who a connection belongs to, and what all connections of that party may take together."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Protocol, TypeVar

from msgspec import Struct, field

from lambda_emu.http.budget import MemoryBudget, MemoryHolder
from lambda_emu.http.head_reader import HeadLimits
from lambda_emu.http.turns import Turns

Accepted_contra = TypeVar("Accepted_contra", contravariant=True)


class Wait(Enum):
    """What a connection waits for that is not ours to give."""

    FIRST_BYTE = auto()
    REQUEST = auto()  # the rest of one
    NEXT = auto()  # another request
    READING = auto()  # that the client takes its answer
    HANG_UP = auto()  # that a client which has its last answer closes its side
    MEMORY = auto()  # that other requests become complete


class Allowance(Struct, frozen=True):
    """What one party may take. timeouts_s: how long its connections may wait for what; one that is not there: for ever.

    oldest_out: a connection too many takes the place of the oldest one, instead of being turned away.
    half_open: who says that it sends no more still gets its answers; else it counts as gone.
    """

    connections: int
    held_bytes: int
    timeouts_s: Mapping[Wait, float] = field(default_factory=dict)
    oldest_out: bool = False
    half_open: bool = False


class GroupMember(MemoryHolder, Protocol):
    """A connection, as its party sees it."""

    def drop(self) -> None:
        """It is hung up on, at once."""


class Accepted(GroupMember, Protocol):
    """A connection of either protocol, as its listener sees it. moved: as http.endpoint.Endpoint has it.

    busy: whether its client waits for an answer. waits_for: what the client owes us; None: it is our turn.
    """

    group: Group

    @property
    def descriptor(self) -> int: ...

    @property
    def unsent_bytes(self) -> int: ...

    @property
    def moved(self) -> tuple[int, int]: ...

    @property
    def busy(self) -> bool: ...

    @property
    def waits_for(self) -> Wait | None: ...

    def has_unread(self) -> bool: ...

    def refuse(self, status: int) -> None: ...

    def finish(self) -> None: ...

    def close(self) -> None: ...


class Group:
    """The connections of one party. They end with it. turns: of those that are read in slices."""

    def __init__(self, allowance: Allowance, budget: MemoryBudget) -> None:
        """budget: of the whole port; what is held counts there too."""
        self.allowance = allowance
        self.turns = Turns()
        self._budget = budget
        self._held: dict[GroupMember, int] = {}  # bytes; the oldest connection first
        self._held_bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    def join(self, connection: GroupMember) -> bool:
        """Whether there was room."""
        if len(self._held) >= self.allowance.connections:
            if not self.allowance.oldest_out:
                return False
            oldest = next(iter(self._held))
            self.leave(oldest)
            oldest.drop()
        self._held[connection] = 0
        return True

    def leave(self, connection: GroupMember) -> None:
        if connection in self._held:
            self.hold(connection, 0)
            del self._held[connection]

    def hold(self, connection: GroupMember, held_bytes: int) -> bool:
        """From now on it holds so much of requests that are not complete. False: that is more than the party may."""
        if connection not in self._held:  # it was hung up on
            return True
        self._held_bytes += held_bytes - self._held[connection]
        self._held[connection] = held_bytes
        self._budget.hold(connection, held_bytes)
        return not held_bytes or self._held_bytes <= self.allowance.held_bytes

    def may_read(self, who: MemoryHolder) -> bool:
        return self._budget.may_read(who)

    def close(self) -> None:
        """Hang up on all of them, at once."""
        for connection in list(self._held):
            connection.drop()


class Acceptor(Protocol[Accepted_contra]):
    """Who accepted a connection: the listener."""

    limits: HeadLimits
    newcomers: Group  # to whom a connection belongs at first
    knows_peers: bool  # whether the addresses that they call from mean anything here

    def opened(self, connection: Accepted_contra) -> None: ...

    def closed(self, connection: Accepted_contra) -> None: ...

    def refusal(self, status: int) -> bytes:
        """The whole answer for a request that no handler sees: 400, 413, 431 or 503."""
