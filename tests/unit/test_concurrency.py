"""What functions take of the account's concurrency, and what is kept ready for them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from msgspec.structs import replace
from store_rig import new_function

from lambda_emu.invoke.rules import admission, unreserved_concurrency
from lambda_emu.model.changes.updates import CREATING, DONE
from lambda_emu.model.concurrency.limits import provisioned_versions, set_aside
from lambda_emu.model.concurrency.provisioned import ProvisionedStatus, Readiness
from lambda_emu.model.function.function import Alias, Function, Provisioned
from lambda_emu.pool.choice import Admission


def function(provisioned: dict[str, int], **members: Any) -> Function:
    """With versions 1 and 2 and an alias `live` for 1; so much provisioned by qualifier."""
    made = new_function("f")
    versions = {
        number: replace(made.latest, version=str(number), deployment_id=f"d{number}", progress=DONE)
        for number in (1, 2)
    }
    configs = {qualifier: Provisioned(count, "") for qualifier, count in provisioned.items()}
    aliases = {"live": Alias("live", "1", "r", weights={"2": 0.5})}
    return replace(made, versions=versions, aliases=aliases, provisioned=MappingProxyType(configs), **members)


@pytest.mark.parametrize(
    ("reserved", "provisioned", "taken"),
    [
        (None, {}, 0),
        (0, {}, 0),
        (30, {}, 30),
        (None, {"1": 5, "2": 7}, 12),
        (30, {"1": 5, "live": 7}, 30),  # it holds them
    ],
)
def test_a_function_takes_its_reservation_or_what_is_provisioned(
    reserved: int | None, provisioned: dict[str, int], taken: int
) -> None:
    made = function(provisioned, reserved_concurrency=reserved)

    assert set_aside(made) == taken
    assert unreserved_concurrency([made, made], 1000) == 1000 - 2 * taken


@pytest.mark.parametrize(
    ("provisioned", "kept"),
    [
        ({}, {}),
        ({"1": 5, "2": 7}, {"1": 5, "2": 7}),
        ({"live": 3}, {"1": 3}),  # its other version has none
        ({"live": 3, "1": 2}, {"1": 5}),
        ({"7": 1, "gone": 1}, {}),
    ],
)
def test_an_alias_has_its_environments_of_its_version(provisioned: dict[str, int], kept: dict[str, int]) -> None:
    assert {version.version: count for version, count in provisioned_versions(function(provisioned))} == kept


def test_nothing_is_kept_of_a_version_that_cannot_run_yet() -> None:
    made = function({"1": 1})
    pending = replace(made, versions={1: replace(made.versions[1], progress=CREATING)})

    assert provisioned_versions(pending) == []


@pytest.mark.parametrize(
    ("reserved", "own", "limits"),
    [
        (None, 5, Admission(400, reserved=False, provisioned=5)),
        (None, 0, Admission(400, reserved=False, provisioned=0)),
        (8, 5, Admission(3, reserved=True, provisioned=5)),
        (5, 0, Admission(0, reserved=True, provisioned=0)),
    ],
)
def test_what_is_provisioned_is_for_its_version_alone(reserved: int | None, own: int, limits: Admission) -> None:
    made = function({"live": 5}, reserved_concurrency=reserved)

    assert admission(made, own, 400) == limits


@pytest.mark.parametrize(
    ("ready", "init_failed", "status"),
    [
        (0, False, ProvisionedStatus.IN_PROGRESS),
        (1, False, ProvisionedStatus.IN_PROGRESS),
        (2, False, ProvisionedStatus.READY),
        (3, False, ProvisionedStatus.READY),  # it was more before
        (1, True, ProvisionedStatus.FAILED),
        (2, True, ProvisionedStatus.READY),
    ],
)
def test_it_is_ready_when_all_of_it_is(ready: int, init_failed: bool, status: ProvisionedStatus) -> None:
    assert Readiness(ready, init_failed).status(requested=2) is status
