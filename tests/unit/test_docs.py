import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambda_emu.cli import main
from lambda_emu.cli.reference import reference
from lambda_emu.model.function.without_effect import OPERATIONS, ROWS

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [*sorted(DOCS.rglob("*.md")), DOCS.parent / "README.md"]


def test_every_command_and_option_is_documented() -> None:
    written = (DOCS / "cli.md").read_text()

    assert written == reference(main), "write it anew: python -m lambda_emu.cli.reference > docs/cli.md"


@pytest.mark.parametrize("page", ["fidelity.md", "events.md"])
def test_every_promise_names_its_test_or_says_that_there_is_none(page: str) -> None:
    rows = [line.split("|") for line in (DOCS / page).read_text().splitlines() if line.startswith("| ")]
    named = {word.strip("`,;()") for row in rows for word in row[2].split() if "tests/" in word}

    assert [row[1] for row in rows if not row[2].strip()] == []
    assert [name for name in sorted(named) if "::" not in name or not _exists(*name.split("::"))] == []


def test_every_test_that_the_page_on_security_names_exists() -> None:
    named = set(re.findall(r"`(tests/[^`]+)`", (DOCS / "security.md").read_text()))

    assert named
    assert [name for name in sorted(named) if not _exists(*name.split("::"))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS.parent)))
def test_every_link_leads_to_a_section(page: Path) -> None:
    links = re.findall(r"\]\((?!\w+:)([^)#]*)(#[^)]*)?\)", page.read_text())
    lost = [f"{file}{section}" for file, section in links if not _leads(page.parent / file if file else page, section)]

    assert lost == []


def test_every_section_that_code_names_exists() -> None:
    named = {(found[1], section) for text in _code() for found in _CITED.finditer(text) for section in _sections(found)}

    assert named
    assert [f"{page}{section}" for page, section in sorted(named) if not _leads(DOCS.parent / page, section)] == []


def test_code_names_sections_and_not_their_numbers() -> None:
    numbered = re.compile(r"[Cc]ontract:? \d\.\d|\b(?:api|invoke|runtime|logs-billing|quotas|events)\.md \d")

    assert [found for text in _code() for found in numbered.findall(text)] == []


def test_readme_says_what_has_no_effect() -> None:
    rows = [line for line in (DOCS.parent / "README.md").read_text().splitlines() if line.startswith("| `")]
    named = {word for row in rows for word in row.split("`")[1::2]}

    assert [member for member in (*(row[0] for row in ROWS), *OPERATIONS) if member not in named] == []


def _exists(file: str, test: str = "") -> bool:
    path = DOCS.parent / file
    return path.exists() and (not test or f"def {test}(" in path.read_text())


# Several sections of one page: `docs/contract/api.md#states, #tags`.
_CITED = re.compile(r"(docs/[\w/-]+\.md)((?:(?:, | and |, and )?#[a-z0-9-]+)*)")


def _sections(found: re.Match[str]) -> list[str]:
    return re.findall(r"#[a-z0-9-]+", found[2]) or [""]


def _code() -> Iterator[str]:
    """All of our own files that can name a page."""
    for folder in ("lambda_emu", "tests", "runtimes", "benchmarks"):
        for path in (DOCS.parent / folder).rglob("*"):
            if path.suffix in {".py", ".yaml", ".sh", ".c", ".h", ".cjs", ".mjs"}:
                yield path.read_text()


def _leads(page: Path, section: str) -> bool:
    """Whether there is such a page, and in it a heading that a browser finds by this name."""
    if not section or not page.is_file():
        return page.exists()
    return section[1:] in {_name(line) for line in page.read_text().splitlines() if line.startswith("#")}


def _name(heading: str) -> str:
    """As GitHub makes it: `## What is not there` is what-is-not-there."""
    return re.sub(r"[^\w -]", "", heading.lstrip("# ").lower()).replace(" ", "-")
