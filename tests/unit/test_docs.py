import re
from pathlib import Path

from lambda_emu.cli import main
from lambda_emu.cli.reference import reference
from lambda_emu.model.function.without_effect import OPERATIONS, ROWS

DOCS = Path(__file__).parents[2] / "docs"


def test_every_command_and_option_is_documented() -> None:
    written = (DOCS / "cli.md").read_text()

    assert written == reference(main), "write it anew: python -m lambda_emu.cli.reference > docs/cli.md"


def test_every_test_that_a_promise_names_exists() -> None:
    rows = [line.split("|") for line in (DOCS / "fidelity.md").read_text().splitlines() if line.startswith("| ")]
    named = {word.strip("`,") for row in rows for word in row[2].split() if "tests/" in word}

    assert named
    assert [name for name in sorted(named) if not _exists(*name.split("::"))] == []


def test_every_test_that_the_page_on_security_names_exists() -> None:
    named = set(re.findall(r"`(tests/[^`]+)`", (DOCS / "security.md").read_text()))

    assert named
    assert [name for name in sorted(named) if not _exists(*name.split("::"))] == []


def test_readme_says_what_has_no_effect() -> None:
    rows = [line for line in (DOCS.parent / "README.md").read_text().splitlines() if line.startswith("| `")]
    named = {word for row in rows for word in row.split("`")[1::2]}

    assert [member for member in (*(row[0] for row in ROWS), *OPERATIONS) if member not in named] == []


def _exists(file: str, test: str = "") -> bool:
    path = DOCS.parent / file
    return path.exists() and (not test or f"def {test}(" in path.read_text())
