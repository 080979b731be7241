"""A change is over at once, and yet a second one right behind it is told to wait, as on AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from api_rig import ARN, Api, refused, serving, zipped

from lambda_emu.api.recent_changes import RecentChanges
from lambda_emu.clock import Clock

CODE = zipped({"app.py": "changed"})
BUSY = f"The operation cannot be performed at this time. An update is in progress for resource: {ARN}f"
PENDING = f"The operation cannot be performed at this time. The resource {ARN}f is currently in the following state: "
HOLD_S = 60.0  # so long that no test waits for its end

Change = Callable[[Api], object]


class HeldClock(Clock):
    """Its monotonic time moves when told."""

    now = 1000.0

    def monotonic_s(self) -> float:
        return self.now


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def api(tmp_path: Path, clock: HeldClock) -> Iterator[Api]:
    with serving(tmp_path, changes=RecentChanges(clock, HOLD_S)) as served:
        yield served


def update(api: Api) -> object:
    return api.client.update_function_configuration(FunctionName="f", Timeout=9)


CHANGES: dict[str, Change] = {
    "configuration": update,
    "code": lambda api: api.client.update_function_code(FunctionName="f", ZipFile=CODE),
    "dry run": lambda api: api.client.update_function_code(FunctionName="f", ZipFile=CODE, DryRun=True),
    "publish": lambda api: api.client.publish_version(FunctionName="f"),
}
TAG: Change = lambda api: api.client.tag_resource(Resource=f"{ARN}f", Tags={"a": "b"})  # noqa: E731
LOOKS: dict[str, Change] = {
    "GetFunction": lambda api: api.client.get_function(FunctionName="f"),
    "GetFunctionConfiguration": lambda api: api.client.get_function_configuration(FunctionName="f"),
}


@pytest.mark.parametrize("change", [*CHANGES.values(), TAG], ids=[*CHANGES, "tag"])
def test_a_change_right_behind_an_update_is_told_to_wait(api: Api, change: Change) -> None:
    api.created("f")
    update(api)
    api.activations.finish()

    with refused("ResourceConflictException", BUSY):
        change(api)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_right_behind_the_creation_is_told_to_wait(api: Api, change: Change) -> None:
    api.create("f")
    api.activations.finish()

    with refused("ResourceConflictException", f"{PENDING}'Pending'. StateReasonCode: 'Creating'"):
        change(api)


def test_tags_do_not_wait_for_a_creation(api: Api) -> None:
    api.create("f")
    api.activations.finish()

    TAG(api)

    assert api.client.list_tags(Resource=f"{ARN}f")["Tags"] == {"a": "b"}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_whoever_has_asked_for_the_state_may_go_on(api: Api, look: Change) -> None:
    api.create("f")
    api.activations.finish()
    look(api)
    update(api)
    api.activations.finish()

    look(api)

    update(api)


def test_after_a_moment_anybody_may_go_on(api: Api, clock: HeldClock) -> None:
    api.create("f")
    api.activations.finish()

    clock.now += HOLD_S

    update(api)


def test_the_first_poll_of_a_waiter_finds_the_change_made(api: Api) -> None:
    """It is under way still when the waiter asks, which would then sleep for seconds."""
    api.created("f")
    update(api)

    with ThreadPoolExecutor(1) as other:
        asked = other.submit(api.client.get_function_configuration, FunctionName="f")
        api.activations.finish()

        assert asked.result(timeout=30)["LastUpdateStatus"] == "Successful"


def test_a_change_that_takes_longer_than_a_moment_is_shown_under_way(api: Api, clock: HeldClock) -> None:
    api.created("f")
    update(api)

    clock.now += HOLD_S

    assert api.client.get_function_configuration(FunctionName="f")["LastUpdateStatus"] == "InProgress"
    with refused("ResourceConflictException", BUSY):
        update(api)


def test_a_function_does_not_wait_for_another(api: Api) -> None:
    api.created("f")
    api.created("g")
    api.client.update_function_configuration(FunctionName="g", Timeout=9)

    update(api)
