"""Draws the state tables into docs/architecture.md: `python scripts/diagrams.py`, with `--check` it only compares.

Between `<!-- tables of MODULE -->` and `<!-- end -->` stands one diagram for each table of that module: a mapping from
each state to what may happen in it, and where that leads.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"
_TABLES = re.compile(r"(<!-- tables of ([\w.]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def redrawn(page: str) -> str:
    """The page with the diagrams of the tables as they are now."""
    return _TABLES.sub(lambda found: found[1] + "".join(_sections(found[2])) + found[3], page)


def _sections(module: str) -> Iterator[str]:
    for name, table in vars(import_module(module)).items():
        if _is_table(table):
            yield f"\n`{name}`:\n\n```mermaid\n{diagram(table)}\n```\n\n"


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value) and all(map(_is_row, value.items()))


def _is_row(row: tuple[Any, Any]) -> bool:
    state, moves = row
    return (
        isinstance(state, Enum)
        and isinstance(moves, Mapping)
        and all(isinstance(end, Enum) for move in moves.items() for end in move)
    )


def diagram(table: Mapping[Enum, Mapping[Enum, Enum]]) -> str:
    """As Mermaid; what leads from one state to another in several ways is one arrow."""
    lines = ["stateDiagram-v2", f"    [*] --> {next(iter(table)).name}"]
    for state, moves in table.items():
        arrows: dict[str, list[str]] = {}
        for event, after in moves.items():
            arrows.setdefault(after.name, []).append(event.name)
        lines += [f"    {state.name} --> {after}: {', '.join(events)}" for after, events in arrows.items()]
        if not moves:
            lines.append(f"    {state.name} --> [*]")
    return "\n".join(lines)


def main() -> None:
    page = PAGE.read_text()
    if "--check" not in sys.argv:
        PAGE.write_text(redrawn(page))
    elif page != redrawn(page):
        sys.exit(f"{PAGE.name} shows other tables than there are: python scripts/diagrams.py")


if __name__ == "__main__":
    main()
