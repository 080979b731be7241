"""The pool's rules: who comes in, how many environments are started."""

from __future__ import annotations

import pytest

from lambda_emu.errors.service import TooManyRequests
from lambda_emu.pool.choice import Admission, to_start


@pytest.mark.parametrize(
    ("waiting", "starting", "initialising", "soon_free", "start"),
    [
        (1, 0, 0, 0, 1),
        (1, 1, 0, 0, 0),  # one is coming already
        (1, 0, 1, 0, 0),  # one is nearly there
        (1, 0, 0, 1, 0),  # one will be free in a moment
        (4, 1, 1, 1, 1),
        (0, 2, 0, 0, 0),
        (50, 0, 0, 0, 8),  # the machine has only so many cores
        (50, 7, 0, 0, 1),
        (50, 8, 0, 0, 0),
        (50, 0, 30, 0, 8),  # they wait for something else than CPU
    ],
)
def test_each_waiting_invocation_has_one_environment_coming(
    waiting: int, starting: int, initialising: int, soon_free: int, start: int
) -> None:
    assert to_start(waiting, starting, initialising, soon_free) == start


@pytest.mark.parametrize(
    ("limit", "reserved", "reason"),
    [
        (2, True, "ReservedFunctionConcurrentInvocationLimitExceeded"),
        (0, True, "ReservedFunctionConcurrentInvocationLimitExceeded"),
        (1000, False, "ConcurrentInvocationLimitExceeded"),
    ],
)
def test_one_invocation_over_the_limit_is_refused_with_the_limits_own_reason(
    limit: int, reserved: bool, reason: str
) -> None:
    if limit:
        Admission(limit, reserved).check(limit - 1)

    with pytest.raises(TooManyRequests) as refused:
        Admission(limit, reserved).check(limit)

    assert refused.value.reason == reason
