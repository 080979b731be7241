"""Many clients in one thread: each sends its next request when it has its answer. Costs about 10 us of CPU a call."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Sequence
from time import perf_counter

from benchmarks.client import CHUNK, PATIENCE_S, Address, check, length_of


class _Client:
    """One connection and what is left for it to ask."""

    def __init__(self, address: Address, requests: Sequence[bytes]) -> None:
        self.socket = socket.create_connection((address.host, address.port), timeout=PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.ended_s: list[float] = []
        self._requests = requests
        self._answer = b""

    def ask(self) -> bool:
        """Send the next request; False when there is none."""
        if len(self.ended_s) == len(self._requests):
            return False
        self.socket.sendall(self._requests[len(self.ended_s)])
        return True

    def hear(self) -> bool:
        """Read what is there; True once the answer is whole."""
        self._answer += self.socket.recv(CHUNK)
        head_end = self._answer.find(b"\r\n\r\n")
        if head_end < 0 or len(self._answer) < head_end + 4 + length_of(self._answer[:head_end]):
            return False
        self.ended_s.append(perf_counter())
        check(self._answer)
        self._answer = b""
        return True


def all_at_once(address: Address, clients: Sequence[Sequence[bytes]]) -> list[list[float]]:
    """Connect all clients, then let each send its requests one after the other.

    Returns for each client the seconds, since all began, at which its answers were whole.
    BadAnswer when a function did not succeed; TimeoutError when nothing comes for a minute.
    """
    crowd = [_Client(address, requests) for requests in clients]
    with selectors.DefaultSelector() as selector:
        for client in crowd:
            selector.register(client.socket, selectors.EVENT_READ, client)
        begun_s = perf_counter()
        waiting = sum(client.ask() for client in crowd)
        while waiting:
            ready = selector.select(PATIENCE_S)
            if not ready:
                raise TimeoutError(f"{waiting} of {len(crowd)} clients wait for an answer")
            waiting -= sum(key.data.hear() and not key.data.ask() for key, _ in ready)
    for client in crowd:
        client.socket.close()
    return [[ended_s - begun_s for ended_s in client.ended_s] for client in crowd]


def rate(address: Address, request: bytes, clients: int, calls: int) -> float:
    """Invocations a second of `clients` that make `calls` calls each: the sum of what each client alone saw.

    A sum over clients, because they go in waves where the handler sleeps, and a window would cut one.
    """
    ended = all_at_once(address, [[request] * calls] * clients)
    return sum(calls / times[-1] for times in ended)
