"""docs/runtimes.md has its tables as the catalogue and the suite of all languages have them."""

from __future__ import annotations

from runtimes_tables import BUILD, PAGE, WITHOUT_DOCKER, listed, page, rows, suite


def test_the_tables_are_those_of_the_catalogue_and_of_the_suite() -> None:
    written = PAGE.read_text()

    assert written == page(written), "write them anew: python tests/unit/runtimes_tables.py"
    assert all(f"| `{runtime.identifier}` |" in written for runtime in listed())


def test_every_test_of_the_suite_is_a_row() -> None:
    assert [name for name, _ in suite() if name not in rows().values()] == []


def test_what_differs_is_what_a_row_is_about() -> None:
    differing = {name.removesuffix(WITHOUT_DOCKER) for runtime in listed() for name in runtime.differs}

    assert differing - rows().keys() - {BUILD} == set()
