"""What failed is reset; what fails again before it answered is replaced, sandbox and all.

docs/contract/invoke.md#function-errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from still_rig import Asked, Still, StillSandbox, deployment, submit

from lambda_emu.environment.invocation import Outcome
from lambda_emu.pool.choice import Admission
from lambda_emu.sandbox.base import ExitKind

CODE = deployment("one", "d")


@pytest.fixture
def rig() -> Iterator[Still]:
    still = Still()
    yield still
    still.end()


def submitted(rig: Still) -> Asked:
    return submit(rig, CODE, Admission(10, reserved=True), None, tail=False)


def lived(rig: Still, init: str, history: Sequence[str]) -> StillSandbox:
    """The sandbox of an environment whose init ended so, and then its invocations."""
    asked = submitted(rig)
    rig.turn(rig.engine.make, 0)
    sandbox = rig.engine.sandboxes[0]
    if init == "fails":
        happens(rig, sandbox, "exits")
    for number, what in enumerate(history):
        asked = submitted(rig) if number else asked
        rig.turn(sandbox.next)  # refused while an earlier call waits
        happens(rig, sandbox, what)
        [outcome] = asked.results
        assert isinstance(outcome, Outcome)
        assert outcome.failed is (what != "response")
    return sandbox


def happens(rig: Still, sandbox: StillSandbox, what: str) -> None:
    """Returns when init has reported."""
    if what == "exits":
        sandbox.init.exit(ExitKind.CODE, 1)
    elif what == "times out":
        rig.advance(CODE.version.timeout_s)
    else:
        rig.turn(sandbox.post, f"invocation/{sandbox.event_id}/{what}")
        rig.turn(sandbox.next)
    rig.report(sandbox)


@pytest.mark.parametrize(
    ("init", "history"),
    [
        ("succeeds", ["exits", "exits"]),
        ("succeeds", ["times out", "times out"]),
        ("succeeds", ["response", "exits", "times out"]),
        ("succeeds", ["exits", "response", "exits", "exits"]),
        ("fails", ["exits"]),
        ("fails", ["times out"]),
    ],
)
def test_a_sandbox_that_fails_again_before_it_answered_is_replaced(rig: Still, init: str, history: list[str]) -> None:
    sandbox = lived(rig, init, history)

    assert sandbox.destroyed
    submitted(rig)
    assert len(rig.engine.asked) == 1


@pytest.mark.parametrize(
    ("init", "history"),
    [
        ("succeeds", ["exits"]),
        ("succeeds", ["exits", "response", "exits"]),
        ("succeeds", ["exits", "error", "times out"]),  # a handler that raises has answered
        ("fails", ["response", "exits"]),
    ],
)
def test_a_sandbox_that_answered_since_is_only_reset(rig: Still, init: str, history: list[str]) -> None:
    sandbox = lived(rig, init, history)

    submitted(rig)

    assert not sandbox.destroyed
    assert rig.engine.asked == []
