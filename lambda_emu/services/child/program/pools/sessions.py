"""What is remembered of who signs in: between a challenge and its answer, and as long as tokens can be refreshed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import Struct


class Session(Struct, frozen=True):
    """Of one challenge. moto takes it for a name and a pool, as its own.

    name: as moto knows the user; empty: there is none, which nobody is to find out. memo: what the answer is held to.
    """

    pool: Any
    name: str
    asked_name: str
    client_id: str
    challenge: str
    until_s: float
    memo: dict[str, Any]

    def __iter__(self) -> Iterator[Any]:
        return iter((self.name, self.pool))


class SignIn(NamedTuple):
    """What a refresh token stands for; its first three are moto's."""

    client_id: str
    name: str
    origin_jti: str
    at_s: float = 0.0
    until_s: float = float("inf")
