"""How many environments a machine has at once, and who gives way when there is no place: docs/configuration.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from still_rig import Asked, Still, StillSandbox, deployment, submit

from lambda_emu.environment.invocation import Outcome
from lambda_emu.model.concurrency.provisioned import ProvisionedStatus
from lambda_emu.pool.budget import TooManyEnvironments
from lambda_emu.pool.choice import ROOM_WAIT_S, Admission
from lambda_emu.pool.deployment import Deployment
from lambda_emu.pool.pool import SWEEP_S
from lambda_emu.pool.stems import REFILL_AFTER_S

ONE, OTHER, THIRD = (deployment(name, name, timeout_s=900) for name in ("one", "other", "third"))

Machine = Callable[..., Still]


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A rig with so many places and stems."""
    rigs: list[Still] = []

    def make(places: int, stems: int = 0) -> Still:
        rigs.append(Still(stems, places))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.end()


def invoked(rig: Still, of: Deployment) -> Asked:
    return submit(rig, of, Admission(100, reserved=True), None, tail=False)


def ready(rig: Still) -> StillSandbox:
    """The next sandbox that was asked for, whose runtime asked for an event."""
    rig.turn(rig.engine.make, 0)
    sandbox = rig.engine.sandboxes[-1]
    rig.turn(sandbox.next)
    return sandbox


def responds(rig: Still, sandbox: StillSandbox) -> None:
    """And is idle again."""
    rig.turn(sandbox.post, f"invocation/{sandbox.event_id}/response")
    rig.turn(sandbox.next)
    rig.report(sandbox)


def idle(rig: Still, of: Deployment) -> StillSandbox:
    invoked(rig, of)
    sandbox = ready(rig)
    responds(rig, sandbox)
    rig.advance(0.1)
    return sandbox


def names(rig: Still) -> list[str]:
    return sorted(info.function or "a stem" for info in rig.turn(rig.pool.describe))


def test_the_environment_that_was_not_used_for_the_longest_time_gives_way(machine: Machine) -> None:
    rig = machine(places=2)
    coldest, warmer = idle(rig, ONE), idle(rig, OTHER)

    asked = invoked(rig, THIRD)
    responds(rig, ready(rig))

    assert (coldest.gone, warmer.gone) == (True, False)
    assert isinstance(asked.results[0], Outcome)
    assert names(rig) == ["other", "third"]


def test_a_stem_gives_way_first(machine: Machine) -> None:
    rig = machine(places=2, stems=1)
    used = idle(rig, ONE)
    rig.advance(1)
    rig.turn(rig.engine.make, 0)
    assert names(rig) == ["a stem", "one"]

    invoked(rig, deployment("third", "third", ephemeral_storage_mb=1024))
    ready(rig)

    assert not used.gone
    assert names(rig) == ["one", "third"]


def test_the_first_stem_that_is_expected_has_the_machine_to_itself(machine: Machine) -> None:
    rig = machine(places=10, stems=3)

    rig.turn(rig.pool.expect, ONE.version)
    assert len(rig.engine.asked) == 1

    rig.advance(REFILL_AFTER_S)
    assert len(rig.engine.asked) == 3


def test_stems_have_half_of_the_places_at_most_and_go_to_the_kinds_used_last(machine: Machine) -> None:
    rig = machine(places=5, stems=2)
    kinds = [deployment("f", f"d{tmp_mb}", ephemeral_storage_mb=tmp_mb) for tmp_mb in (512, 1024)]

    for of in kinds:
        rig.turn(rig.pool.expect, of.version)
        rig.make_all()
        rig.advance(REFILL_AFTER_S)
        rig.make_all()

    assert names(rig) == ["a stem", "a stem"]
    for _ in range(2):
        invoked(rig, kinds[1])
    assert rig.engine.asked == []


def test_provisioned_environments_and_busy_ones_never_give_way(machine: Machine) -> None:
    rig = machine(places=2)
    rig.turn(rig.pool.provision, ONE, 1)
    provisioned = ready(rig)
    invoked(rig, OTHER)
    busy = ready(rig)

    invoked(rig, THIRD)

    assert rig.engine.asked == []
    assert (provisioned.destroyed, busy.destroyed) == (False, False)


def test_who_waits_has_the_place_of_the_first_that_is_free(machine: Machine) -> None:
    rig = machine(places=1)
    invoked(rig, ONE)
    busy = ready(rig)
    asked = invoked(rig, OTHER)

    responds(rig, busy)
    responds(rig, ready(rig))

    assert busy.gone
    assert isinstance(asked.results[0], Outcome)


def test_a_place_is_free_only_when_its_sandbox_has_ended(machine: Machine) -> None:
    rig = machine(places=1)
    old = idle(rig, ONE)
    old.lingers = True
    invoked(rig, OTHER)
    assert (old.destroyed, rig.engine.asked) == (True, [])

    rig.turn(old.go)

    assert len(rig.engine.asked) == 1


def test_who_waited_in_vain_is_refused_in_words_that_name_the_setting(machine: Machine) -> None:
    rig = machine(places=1)
    invoked(rig, ONE)
    ready(rig)
    first = [invoked(rig, OTHER) for _ in range(20)]
    rig.advance(ROOM_WAIT_S / 2)
    later = invoked(rig, OTHER)

    rig.advance(ROOM_WAIT_S / 2)

    refused = [asked.results[0] for asked in first]
    assert all(isinstance(error, TooManyEnvironments) for error in refused)
    assert "max_environments" in str(refused[0])
    assert later.results == []
    rig.advance(ROOM_WAIT_S / 2)
    assert isinstance(later.results[0], TooManyEnvironments)


def test_who_has_an_environment_coming_is_not_refused_however_long_its_init_lasts(machine: Machine) -> None:
    rig = machine(places=1)
    asked = [invoked(rig, ONE), invoked(rig, ONE)]
    rig.turn(rig.engine.make, 0)  # whose runtime starts

    rig.advance(ROOM_WAIT_S - 1)
    rig.turn(rig.engine.sandboxes[0].next)
    rig.advance(1)

    assert asked[0].results == []
    assert isinstance(asked[1].results[0], TooManyEnvironments)


def test_provisioned_concurrency_without_a_place_fails_and_says_why_until_there_is_one(machine: Machine) -> None:
    rig = machine(places=2)
    invoked(rig, OTHER)
    busy = ready(rig)

    rig.turn(rig.pool.provision, ONE, 2)
    ready(rig)

    readiness = rig.turn(rig.pool.readiness, "one")
    assert readiness.status(2) is ProvisionedStatus.FAILED
    assert "max_environments" in readiness.failure

    responds(rig, busy)
    rig.advance(SWEEP_S)
    ready(rig)

    assert rig.turn(rig.pool.readiness, "one").status(2) is ProvisionedStatus.READY
    assert names(rig) == ["one", "one"]


def test_who_needs_no_place_any_more_takes_none(machine: Machine) -> None:
    """It was served by an environment that was busy when it came."""
    rig = machine(places=2)
    invoked(rig, ONE)
    busy, kept = ready(rig), None
    invoked(rig, OTHER)
    kept = ready(rig)
    asked = invoked(rig, ONE)

    responds(rig, busy)
    responds(rig, busy)
    responds(rig, kept)

    assert isinstance(asked.results[0], Outcome)
    assert rig.engine.asked == []
    assert names(rig) == ["one", "other"]


def test_what_is_provisioned_has_the_first_place_that_is_free(machine: Machine) -> None:
    rig = machine(places=1)
    invoked(rig, OTHER)
    busy = ready(rig)
    rig.turn(rig.pool.provision, ONE, 1)

    rig.turn(busy.init.lose)
    ready(rig)

    assert rig.turn(rig.pool.readiness, "one").status(1) is ProvisionedStatus.READY


def test_what_is_provisioned_waits_for_a_stem_that_is_coming_and_gives_way(machine: Machine) -> None:
    rig = machine(places=2, stems=1)
    rig.turn(rig.pool.expect, deployment("f", "f", ephemeral_storage_mb=1024).version)
    rig.turn(rig.pool.provision, ONE, 2)

    rig.make_all()
    for sandbox in rig.engine.sandboxes:
        if sandbox.init.runs:
            rig.turn(sandbox.next)

    assert rig.turn(rig.pool.readiness, "one").status(2) is ProvisionedStatus.READY


def test_a_stem_that_was_taken_on_its_way_is_replaced_even_if_it_comes_late(machine: Machine) -> None:
    rig = machine(places=10, stems=2)
    rig.turn(rig.pool.expect, ONE.version)
    invoked(rig, ONE)
    rig.advance(1)

    rig.make_all()

    assert names(rig) == ["a stem", "a stem", "one"]
