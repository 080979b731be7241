"""What AWS prints, it prints as Java does."""

from __future__ import annotations

import pytest
from botocore.session import Session

from lambda_emu.model.function.runtime_names import LISTED
from lambda_emu.text.java import hash_order, utf16_length


def test_a_set_is_listed_in_the_order_of_its_hashes() -> None:
    every_runtime = Session().get_service_model("lambda").shape_for("Runtime").enum

    assert tuple(hash_order(name for name in every_runtime if name in LISTED)) == LISTED  # recorded from AWS


@pytest.mark.parametrize(("text", "length"), [("", 0), ("abc", 3), ("größe", 5), ("😀", 2), ("\ud800", 1)])
def test_lengths_count_as_in_utf_16(text: str, length: int) -> None:
    assert utf16_length(text) == length
