"""How an alias shares invocations between versions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_emu.model.function.function import Alias


@pytest.mark.parametrize(
    ("weight", "draw", "chosen"),
    [
        (0.1, 0.0, "2"),
        (0.1, 0.0999, "2"),
        (0.1, 0.1, "1"),
        (0.1, 0.9999, "1"),
        (0.0, 0.0, "1"),
        (1.0, 0.9999, "2"),
    ],
)
def test_the_additional_version_has_its_share(weight: float, draw: float, chosen: str) -> None:
    assert Alias("live", "1", "r", weights={"2": weight}).choose(draw) == chosen


@given(st.floats(0, 1), st.lists(st.floats(0, 1, exclude_max=True), min_size=1))
def test_every_invocation_has_a_version(weight: float, draws: list[float]) -> None:
    alias = Alias("live", "1", "r", weights={"2": weight})

    assert {alias.choose(draw) for draw in draws} <= {"1", "2"}
    assert alias.points_to("1")
    assert alias.points_to("2")
    assert not alias.points_to("3")
