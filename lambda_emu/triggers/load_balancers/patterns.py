"""Patterns of rules: `*` stands for any characters, `?` for one. Matched in time that grows with the text alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lambda_emu.text.globs import ANYTHING, linear

_TOKEN = re.compile(r"\\[*?\\]|[*?]|[^*?\\]+|\\")


def glob(text: str, *, any_case: bool, escapes: bool = False) -> re.Pattern[str]:
    """For fullmatch. escapes: a backslash before `*`, `?` or a backslash means the character itself."""
    written = linear(_tokens(text, escapes=escapes))
    return re.compile(written, re.DOTALL | (re.IGNORECASE if any_case else 0))


def _tokens(text: str, *, escapes: bool) -> Iterator[str | None]:
    """Each as an expression."""
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token == "*":
            yield ANYTHING
        elif token == "?":
            yield "."
        elif escapes and len(token) == 2 and token[0] == "\\":
            yield re.escape(token[1])
        elif len(token) == 2 and token[0] == "\\":  # the backslash is a character as others are
            yield re.escape("\\")
            yield {"*": ANYTHING, "?": "."}.get(token[1], re.escape("\\"))
        else:
            yield re.escape(token)
