"""docs/sam.md says which types of resources templates may have, and which properties of each have an effect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lambda_emu.templates.kinds.table import KINDS

PAGE = Path(__file__).parents[2] / "docs" / "sam.md"


def rows() -> Iterator[str]:
    for name, kind in sorted(KINDS.items()):
        yield f"| `{name}` | {', '.join(sorted(kind.takes))} |"


def test_every_type_and_property_is_documented() -> None:
    written = [line for line in PAGE.read_text().splitlines() if line.startswith("| `AWS::")]

    assert written == [*rows()], "write them anew: python tests/unit/test_templates_docs.py"


if __name__ == "__main__":
    kept = [line for line in PAGE.read_text().splitlines() if not line.startswith("| `AWS::")]
    PAGE.write_text("\n".join([*kept, *rows()]) + "\n")
