"""A machine that has room for two environments: who gives way, who waits, what callers hear."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError
from own import QUICKER, SLEEPER, OwnLam, own_emulator
from waiting import Eventually

from lambda_emu.pool.choice import ROOM_WAIT_S


@pytest.fixture(params=QUICKER)
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OwnLam]:
    with own_emulator(tmp_path, request.param, max_environments=2, stems=1) as lam:
        for name in ("one", "other", "third"):
            lam.create(name, SLEEPER, Timeout=60)
        yield lam


def states(lam: OwnLam) -> dict[str, str]:
    return {info.function: info.state for info in lam.describe() if info.function}


def health(lam: OwnLam) -> Any:
    with urlopen(f"{lam.emulator.url}/_lambda-emu/health", timeout=30) as answer:
        return json.load(answer)


def test_more_functions_than_environments_take_turns(small: OwnLam) -> None:
    for name in ("one", "other", "third", "one"):
        assert small.invoke(name, {}).payload == "done"

    assert set(states(small)) == {"third", "one"}
    found = health(small)
    assert (found["environments"], found["max_environments"]) == (2, 2)


def test_who_finds_no_room_waits_and_then_hears_of_the_setting(small: OwnLam, eventually: Eventually) -> None:
    with ThreadPoolExecutor() as threads:
        held = [threads.submit(small.invoke, name, {"sleep": 60}) for name in ("one", "other")]
        eventually(lambda: states(small) == {"one": "BUSY", "other": "BUSY"}, "both to run")
        late = threads.submit(small.invoke, "third", {})
        eventually(lambda: health(small)["waiting"] == 1, "the third to wait")
        small.clock.advance(ROOM_WAIT_S)

        with pytest.raises(ClientError, match="max_environments") as refused:
            late.result()
        assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
        assert refused.value.response["Reason"] == "ConcurrentInvocationLimitExceeded"

        small.clock.advance(45)
        patient = threads.submit(small.invoke, "third", {})
        eventually(lambda: health(small)["waiting"] == 1, "the third to wait again")
        small.clock.advance(60 - ROOM_WAIT_S - 45)
        assert patient.result().payload == "done"
        assert {answer.result().error for answer in held} == {"Unhandled"}


def test_an_event_waits_in_its_queue(small: OwnLam, eventually: Eventually) -> None:
    with ThreadPoolExecutor() as threads:
        held = [threads.submit(small.invoke, name, {"sleep": 60}) for name in ("one", "other")]
        eventually(lambda: states(small) == {"one": "BUSY", "other": "BUSY"}, "both to run")
        small.client.invoke(FunctionName="third", InvocationType="Event")
        for _ in range(6):
            small.clock.advance(ROOM_WAIT_S)

        assert {answer.result().error for answer in held} == {"Unhandled"}
    for _ in range(3):
        small.clock.advance(ROOM_WAIT_S)
    eventually(lambda: states(small).get("third") == "IDLE", "the event to have run")


def test_an_alias_that_moves_where_there_is_no_room_for_both_versions_moves_all_the_same(
    small: OwnLam, eventually: Eventually
) -> None:
    small.client.publish_version(FunctionName="one")
    small.client.create_alias(FunctionName="one", Name="live", FunctionVersion="1")
    named: Any = {"FunctionName": "one", "Qualifier": "live"}
    small.client.put_provisioned_concurrency_config(**named, ProvisionedConcurrentExecutions=2)

    def status() -> str:
        return str(small.client.get_provisioned_concurrency_config(**named)["Status"])

    eventually(lambda: status() == "READY", "the old version to be ready")
    small.update("one", Description="new")
    small.client.publish_version(FunctionName="one")

    small.client.update_alias(FunctionName="one", Name="live", FunctionVersion="2")
    eventually(lambda: {info.version for info in small.describe()} <= {"2"}, "the old version to make room")

    eventually(lambda: status() == "READY", "the new version to be ready")


def test_provisioned_concurrency_beyond_the_room_fails_with_the_setting_as_reason(
    small: OwnLam, eventually: Eventually
) -> None:
    small.client.publish_version(FunctionName="one")
    named: Any = {"FunctionName": "one", "Qualifier": "1"}

    small.client.put_provisioned_concurrency_config(**named, ProvisionedConcurrentExecutions=3)

    def config() -> Any:
        return small.client.get_provisioned_concurrency_config(**named)

    eventually(lambda: config()["AvailableProvisionedConcurrentExecutions"] == 2, "two to be ready")
    small.clock.advance(ROOM_WAIT_S)
    eventually(lambda: config()["Status"] == "FAILED", "the third to fail")
    assert "max_environments" in config()["StatusReason"]
    small.client.put_provisioned_concurrency_config(**named, ProvisionedConcurrentExecutions=2)
    assert config()["Status"] == "READY"
