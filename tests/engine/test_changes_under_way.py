"""What scripts without waiters, and waiters, find right after a change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from lam import Lam
from own import EITHER_ENGINE, own_emulator

SAYS_OLD = "def handler(event, context):\n    return 'old'\n"


def states_polled(lam: Lam, waiter: str) -> list[tuple[str, str | None]]:
    """What each question of a botocore waiter was answered."""
    seen: list[tuple[str, str | None]] = []

    def look(parsed: Any, **_: Any) -> None:
        found = parsed.get("Configuration", parsed)
        seen.append((found["State"], found.get("LastUpdateStatus")))

    lam.client.meta.events.register("after-call.lambda", look)
    lam.client.get_waiter(waiter).wait(FunctionName="f")  # type: ignore[call-overload]
    lam.client.meta.events.unregister("after-call.lambda", look)
    return seen


@EITHER_ENGINE
def test_a_new_function_can_be_invoked_at_once(lam: Lam) -> None:
    for number in range(5):
        lam.create(f"f{number}", SAYS_OLD, wait=False)

        assert lam.invoke(f"f{number}").payload == "old"


@EITHER_ENGINE
def test_a_waiter_asks_once(lam: Lam) -> None:
    lam.create("warm", SAYS_OLD)  # the image is there from now on
    lam.create("f", SAYS_OLD, wait=False)

    assert states_polled(lam, "function_active_v2") == [("Active", "Successful")]
    lam.client.update_function_configuration(FunctionName="f", Timeout=9)
    assert states_polled(lam, "function_updated") == [("Active", "Successful")]


@EITHER_ENGINE
def test_two_updates_without_a_waiter_between_them_are_refused(lam: Lam) -> None:
    lam.create("f", SAYS_OLD)
    lam.client.update_function_configuration(FunctionName="f", Timeout=9)

    with pytest.raises(ClientError, match="An update is in progress for resource"):
        lam.client.update_function_configuration(FunctionName="f", Timeout=8)

    lam.wait_until_active("f")
    lam.client.update_function_configuration(FunctionName="f", Timeout=8)


def test_with_a_delay_changes_are_under_way_for_everybody(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", activation_delay_s=60) as lam:
        lam.create("f", SAYS_OLD, wait=False)

        pending = lam.client.get_function_configuration(FunctionName="f")
        with pytest.raises(ClientError, match="in the following state: Pending"):
            lam.invoke("f")
        lam.clock.advance(60)
        lam.wait_until_active("f")
        lam.client.update_function_configuration(FunctionName="f", Timeout=9)
        during = lam.client.get_function_configuration(FunctionName="f")

        assert pending["State"] == "Pending"
        assert during["LastUpdateStatus"] == "InProgress"
        with pytest.raises(ClientError, match="An update is in progress for resource"):
            lam.client.publish_version(FunctionName="f")
        assert lam.invoke("f").payload == "old"
