"""The pool's rules, without I/O: who may come in, and how many environments to start."""

from __future__ import annotations

from msgspec import Struct

from lambda_emu.errors.service import TooManyRequests

RESERVED_EXCEEDED = "ReservedFunctionConcurrentInvocationLimitExceeded"
ACCOUNT_EXCEEDED = "ConcurrentInvocationLimitExceeded"


class Admission(Struct, frozen=True):
    """How many invocations may run at once: a function's reserved number, or what the account has left unreserved.

    provisioned: how many more of this version may, on concurrency that is its own. docs/contract/invoke.md#throttling.
    """

    limit: int
    reserved: bool
    provisioned: int = 0

    def check(self, running: int) -> None:
        """TooManyRequests if one more would be over the limit. docs/contract/invoke.md#throttling."""
        if running >= self.limit:
            raise TooManyRequests(RESERVED_EXCEEDED if self.reserved else ACCOUNT_EXCEEDED)


TENANT_ENVIRONMENTS = 2.5
"""Environments that a function's tenants may have together, idle ones too, for each of its concurrency."""


def check_tenants(environments: int, concurrency: int) -> None:
    """TooManyRequests if one more environment of a tenant would be over the limit. docs/contract/quotas.md."""
    if environments + 1 > concurrency * TENANT_ENVIRONMENTS:
        raise TooManyRequests(ACCOUNT_EXCEEDED)


ROOM_WAIT_S = 10.0
"""How long an invocation waits for a place, where max_environments are there and none of them gives way."""

STARTING_AT_ONCE = 8
"""Environments of one deployment that start together. More of them start no sooner: they share the
machine's CPU. The rest is asked for as these become ready, if it is still needed then."""


def to_start(waiting: int, starting: int, initialising: int, soon_free: int) -> int:
    """Environments to start so that each waiting invocation has one coming, or has its turn soon.

    starting: they come, and keep the machine busy. initialising: they come too, but wait for something else, so that
    their number is not limited. soon_free: they will be free in a moment, and are worth waiting for.
    """
    return max(0, min(waiting - starting - initialising - soon_free, STARTING_AT_ONCE - starting))
