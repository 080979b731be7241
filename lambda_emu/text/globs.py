"""Patterns with stars, as expressions that are matched in time that grows with pattern and text alone."""

from __future__ import annotations

from collections.abc import Iterable

ANYTHING = None
"""A part that is a star."""


def linear(parts: Iterable[str | None]) -> str:
    """One expression of several, and of stars between them; for fullmatch.

    What stands behind a star is looked for once, where it comes first: no later place can do better.
    """
    between: list[str] = [""]
    for part in parts:
        if part is ANYTHING:
            between.append("")
        else:
            between[-1] += part
    first, *others = between
    if not others:
        return first
    *middle, last = others
    return first + "".join(f"(?>.*?{part})" for part in middle if part) + ".*" + last
