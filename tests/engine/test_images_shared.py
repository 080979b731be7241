"""An engine, a machine's apt and its locks are shared with others; making an image takes nothing from them."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from image_rig import ImageRig, Own
from own import own_emulator

from lambda_emu.clock import Clock
from lambda_emu.runtimes import Catalogue, catalogue
from lambda_emu.sandbox.docker.images import Images

pytestmark = [pytest.mark.docker, pytest.mark.slow]

DAY_S = 86_400
CUSTOM = "provided.al2023"
BOOTSTRAP = """#!/bin/sh
while :; do
    api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
    id=$(curl -sS -o /dev/null -D - "$api/next" | sed -n 's/^lambda-runtime-aws-request-id: *//Ip' | tr -d '\\r')
    curl -sS -o /dev/null -d '"here"' "$api/$id/response"
done
"""
APT_LISTS = Path("/var/lib/apt/lists")
APT_LOCKS = (APT_LISTS / "lock", Path("/var/cache/apt/archives/lock"), Path("/var/lib/dpkg/lock"))


class LaterClock(Clock):
    """The machine's, fifteen days on."""

    def now_s(self) -> float:
        return super().now_s() + 15 * DAY_S


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Own]:
    """A runtime that nobody else has."""
    rig = ImageRig()
    own = rig.own(tmp_path)
    yield own
    rig.forget(*rig.tags(own.tag_prefix))
    rig.client.close()


@pytest.fixture
def listed() -> Iterator[Path]:
    """A list of packages that the host's apt has fetched."""
    if not os.access(APT_LISTS, os.W_OK):
        pytest.skip("only root can write the host's apt lists, and so only root can lose them")
    file = APT_LISTS / f"lambda-emu.test_{uuid4().hex}_Packages"
    file.write_text("Package: test\n")
    yield file
    file.unlink(missing_ok=True)


@pytest.fixture
def removable(tmp_path: Path) -> Iterator[tuple[Catalogue, str]]:
    """A catalogue with another recipe of custom runtimes, and the image of that, which may be removed."""
    rig, recipe = ImageRig(), "packages: [gawk]"
    runtimes = shutil.copytree(catalogue().folder, tmp_path / "runtimes")
    facts = (runtimes / "provided.yaml").read_text()
    assert recipe in facts
    (runtimes / "provided.yaml").write_text(facts.replace(recipe, f"{recipe}, leave_out: [/{uuid4().hex}]"))
    found = Catalogue(runtimes)
    (plan,) = filter(None, [Images(rig.client, found).plan(one, "x86_64") for one in found if one.identifier == CUSTOM])
    rig.client.images.get(rig.image(CUSTOM)).tag(*plan.tag.split(":"))
    yield found, plan.tag
    rig.forget(plan.tag)
    rig.client.close()


def test_an_image_that_is_removed_under_a_server_is_told_with_what_to_type_and_taken_when_it_is_back(
    removable: tuple[Catalogue, str], tmp_path: Path
) -> None:
    runtimes, tag = removable
    rig = ImageRig()
    with own_emulator(tmp_path, "docker", runtimes=runtimes, pull_images=False, stems=0) as lam:
        lam.create("f", {"bootstrap": BOOTSTRAP}, Runtime=CUSTOM)
        assert lam.invoke("f").payload == "here"
        lam.emulator.loop.ask(lam.emulator.pool.clear, 5)
        rig.client.images.remove(tag)

        for _ in range(2):
            with pytest.raises(lam.client.exceptions.ServiceException, match=f"lambda-emu runtimes build {CUSTOM}`; `"):
                lam.invoke("f")

        rig.client.images.get(rig.image(CUSTOM)).tag(*tag.split(":"))
        assert lam.invoke("f").payload == "here"
    rig.client.close()


def test_two_checkouts_with_different_recipes_keep_each_others_images(own: Own) -> None:
    one, other = own.builder(recipe="one"), own.builder(recipe="other")
    ours = own.load_new("one")

    theirs = other.ensure(own.runtime, "x86_64", print)

    assert ours != theirs
    assert one.images.find(own.runtime, "x86_64") == ours
    assert other.images.find(own.runtime, "x86_64") == theirs


def test_an_image_that_nobody_used_for_two_weeks_goes_with_the_next_build(own: Own) -> None:
    old = own.load_new("old")

    new = own.builder(recipe="new", clock=LaterClock()).ensure(own.runtime, "x86_64", print)

    assert own.rig.tags(own.tag_prefix) == [new]
    assert old != new


def test_an_image_in_use_is_not_old_however_long_ago_it_was_made(own: Own) -> None:
    made = own.load_old("recipe in use")
    builder = own.builder(recipe="recipe in use")
    assert builder.ensure(own.runtime, "x86_64", print) == made

    own.builder(recipe="new").ensure(own.runtime, "x86_64", print)

    assert builder.images.find(own.runtime, "x86_64") == made


def test_building_again_leaves_one_image_of_the_recipe(own: Own) -> None:
    builder = own.builder(recipe="same")
    builder.ensure(own.runtime, "x86_64", print)

    builder.build(own.runtime, "x86_64", print)

    assert len(own.labelled()) == 1


def test_prune_removes_images_that_nobody_used_for_two_weeks_and_keeps_those_of_our_recipes(own: Own) -> None:
    ours, theirs = own.load_old("ours"), own.load_old("theirs")

    own.rig.client.images.get(theirs).tag(theirs)  # as who runs it does
    soon = list(own.images(recipe="ours").prune())
    later = list(own.images(recipe="ours", clock=LaterClock()).prune())

    assert (soon, later) == ([], [theirs])
    assert own.rig.tags(own.tag_prefix) == [ours]


def test_prune_of_images_removes_those_of_other_recipes_however_new_and_none_in_use(own: Own) -> None:
    ours, theirs, used = own.load_old("ours"), own.load_old("theirs"), own.load_old("used")
    container = own.rig.client.containers.create(used, "any")

    try:
        pruned = list(own.images(recipe="ours").prune(others=True))
    finally:
        container.remove()

    assert pruned == [theirs]
    assert sorted(own.rig.tags(own.tag_prefix)) == sorted([ours, used])


def test_what_others_built_upon_our_images_is_theirs(own: Own, tmp_path: Path) -> None:
    """It inherits our label, and may be old, or have lost its name to a newer build of theirs."""
    base, mine = own.load_old("base"), f"lambda-emu-test/mine:{own.runtime}"
    ids: set[str] = set()
    try:
        for words in ("LABEL one=1", "LABEL two=2"):
            (tmp_path / "Dockerfile").write_text(f"FROM {base}\n{words}\n")
            ids.add(str(own.rig.client.images.build(path=str(tmp_path), tag=mine)[0].id))

        list(own.images(recipe="ours", clock=LaterClock()).prune(others=True))

        assert ids <= set(own.labelled())
        assert len(ids) == 2
    finally:
        own.rig.forget(mine, *ids)


def test_a_build_leaves_the_hosts_package_lists_and_waits_for_none_of_its_locks(own: Own, listed: Path) -> None:
    with ExitStack() as held:
        for path in APT_LOCKS:
            fcntl.lockf(held.enter_context(path.open("a")), fcntl.LOCK_EX | fcntl.LOCK_NB)

        own.builder(recipe="beside apt").build(own.runtime, "x86_64", print)

    assert listed.exists()
