"""What `lambda-emu prune` removes of the images of functions that the engine keeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from registry_rig import registry_of
from shop_rig import Shop

from lambda_emu.clock import Clock
from lambda_emu.sandbox.building.leftovers import KEPT_UNUSED_S
from lambda_emu.sandbox.docker.client import inspect_image
from lambda_emu.sandbox.docker.kept_images import remove_unused
from lambda_emu.sandbox.prune import prune

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()


@pytest.fixture
def image(shop: Shop) -> str:
    return shop.build(f"kept-{uuid4().hex[:8]}", f"LABEL kept={uuid4().hex}\n", {})


@pytest.mark.usefixtures("nobody_else_prunes")
def test_prune_removes_what_was_pulled_from_a_registry_of_ours_that_is_gone(
    shop: Shop, image: str, tmp_path: Path
) -> None:
    api = shop.client.api
    with registry_of(shop.client, image) as registry:
        pulled = f"{registry.host}/000000000000/us-east-1/greet@sha256:{registry.digest}"
        other = f"{registry.host}/of/others@sha256:{registry.digest}"
        for name in (pulled, other):
            api.pull(name)
        while_it_answers = [one.id for one in prune(tmp_path)]
        assert inspect_image(api, pulled) is not None

    pruned = [one.id for one in prune(tmp_path)]

    assert (pulled in while_it_answers, pulled in pruned, other in pruned) == (False, True, False)
    assert inspect_image(api, pulled) is None
    assert inspect_image(api, other) is not None
    api.remove_image(other)


def test_prune_removes_what_was_built_and_not_used_for_two_weeks(shop: Shop, image: str) -> None:
    api, below, now_s = shop.client.api, f"built-{uuid4().hex[:8]}", Clock().now_s()
    api.tag(image, f"{below}/greet", "v1")

    soon = list(remove_unused(api, now_s, built=below))
    later = list(remove_unused(api, now_s + KEPT_UNUSED_S + 60, built=below))

    assert (f"{below}/greet:v1" in soon, f"{below}/greet:v1" in later) == (False, True)
    assert inspect_image(api, f"{below}/greet:v1") is None
