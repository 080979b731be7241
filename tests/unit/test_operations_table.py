"""docs/operations.md is what the tests say."""

from __future__ import annotations

from operations_table import PAGE, page


def test_the_page_of_operations_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "write it anew: python tests/unit/operations_table.py"
