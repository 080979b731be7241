"""Somebody sets the machine's clock: nothing that waits takes longer for it, nothing is over sooner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from own import OwnLam, own_emulator
from queue_rig import queues_of
from waiting import eventually

HOUR_S = 3600
BACK_AND_AHEAD = (-HOUR_S, 8 * HOUR_S)
FAILING = "def handler(event, context): raise ValueError('no')"


@pytest.fixture
def lam(tmp_path: Path) -> Iterator[OwnLam]:
    with own_emulator(tmp_path, "process") as lam:
        lam.create("failing", FAILING)
        yield lam


def attempts(lam: OwnLam) -> int:
    """Of the one event; it is given up after the third."""
    return sum(event.attempts for event in lam.emulator.store.queue.find_unsettled())


@pytest.mark.parametrize("by_s", BACK_AND_AHEAD)
def test_a_retry_comes_in_its_time(lam: OwnLam, by_s: float) -> None:
    lam.invoke("failing", {}, InvocationType="Event", LogType="None")
    eventually(lambda: attempts(lam) == 1, "it to fail")

    lam.clock.set_wall(by_s)
    lam.clock.advance(60)

    eventually(lambda: attempts(lam) == 2, "it to fail again")


def test_a_retry_comes_in_its_time_if_the_clock_was_set_back_between_two_runs(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process") as lam:
        lam.clock.advance(HOUR_S)
        lam.create("failing", FAILING)
        lam.invoke("failing", {}, InvocationType="Event", LogType="None")
        eventually(lambda: attempts(lam) == 1, "it to fail")

    with own_emulator(tmp_path, "process") as lam:
        lam.clock.advance(300)

        eventually(lambda: attempts(lam) == 2, "it to fail again")


@pytest.mark.parametrize("by_s", BACK_AND_AHEAD)
def test_what_is_pending_arrives(lam: OwnLam, by_s: float) -> None:
    with queues_of(lam, lam.emulator.url) as queues:
        _, arn = queues.create("jobs")
        uuid = queues.map(arn, "failing")
        queues.forget()
    lam.client.create_capacity_provider(
        CapacityProviderName="pool",
        VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        PermissionsConfig={"CapacityProviderOperatorRoleArn": "arn:aws:iam::000000000000:role/operator"},
    )

    lam.clock.set_wall(by_s)

    assert lam.client.get_event_source_mapping(UUID=uuid)["State"] == "Enabled"
    provider = lam.client.get_capacity_provider(CapacityProviderName="pool")["CapacityProvider"]
    assert provider["State"] == "Active"


@pytest.mark.parametrize("by_s", BACK_AND_AHEAD)
def test_an_environment_is_idle_for_as_long_as_it_may(lam: OwnLam, by_s: float) -> None:
    lam.invoke("failing", {})

    lam.clock.set_wall(by_s)
    lam.clock.advance(300)
    assert lam.environments("failing")
    lam.clock.advance(400)

    eventually(lambda: not lam.environments("failing"), "its end")


@pytest.mark.parametrize("by_s", BACK_AND_AHEAD)
def test_a_timeout_comes_in_its_time(lam: OwnLam, by_s: float) -> None:
    lam.create("sleeper", "import time\ndef handler(event, context): time.sleep(600)", Timeout=60)
    lam.client.invoke(FunctionName="sleeper", InvocationType="Event")
    eventually(lambda: [one.state for one in lam.environments("sleeper")] == ["BUSY"], "it to run")

    lam.clock.set_wall(by_s)
    lam.clock.advance(30)
    assert [one.state for one in lam.environments("sleeper")] == ["BUSY"]
    lam.clock.advance(30)

    eventually(lambda: [one.state for one in lam.environments("sleeper")] != ["BUSY"], "its end")
