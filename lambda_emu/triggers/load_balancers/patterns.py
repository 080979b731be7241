"""Patterns of rules: `*` stands for any characters, `?` for one. Matched in time that grows with the text alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(r"\\[*?\\]|[*?]|[^*?\\]+|\\")


def glob(text: str, *, any_case: bool, escapes: bool = False) -> re.Pattern[str]:
    """For fullmatch. escapes: a backslash before `*`, `?` or a backslash means the character itself."""
    written = "".join(_parts(_tokens(text, escapes=escapes)))
    return re.compile(written, re.DOTALL | (re.IGNORECASE if any_case else 0))


def _tokens(text: str, *, escapes: bool) -> Iterator[str | None]:
    """Each as an expression; None: any characters."""
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token == "*":
            yield None
        elif token == "?":
            yield "."
        elif escapes and len(token) == 2 and token[0] == "\\":
            yield re.escape(token[1])
        elif len(token) == 2 and token[0] == "\\":  # the backslash is a character as others are
            yield re.escape("\\")
            yield {"*": None, "?": "."}.get(token[1], re.escape("\\"))
        else:
            yield re.escape(token)


def _parts(tokens: Iterator[str | None]) -> Iterator[str]:
    """What stands behind a star is looked for once, where it comes first: no later place can do better."""
    behind: list[str] | None = None
    for token in tokens:
        if token is not None and behind is None:
            yield token
        elif token is not None and behind is not None:
            behind.append(token)
        else:
            if behind:
                yield f"(?>.*?{''.join(behind)})"
            behind = []
    if behind is not None:
        yield f".*{''.join(behind)}"
