"""Texts of policies: `*` and `?` stand for anything, `${aws:username}` for what the request's context has.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from lambda_emu.text.globs import ANYTHING, linear

Context = Mapping[str, "str | tuple[str, ...]"]
"""What conditions and variables may ask for, by key in lower case; a tuple: keys that have several values."""

_VARIABLE = re.compile(r"\$\{(?:([*?$])|([^}$,*?]++)(?:,\s*'([^']*)')?)\}")
_COLON = re.compile(r":(?![^{}]*\})")
_ONE = re.compile(r"(\*+|\?)")


class Pattern:
    """A text to compare with. is_open: it has variables, so that what it means depends on the request."""

    __slots__ = ("_compiled", "_is_wild", "_parts", "is_open", "text")

    def __init__(self, text: str, *, has_variables: bool = True, is_wild: bool = True) -> None:
        """has_variables: policies of 2008 have none. is_wild: whether `*` and `?` stand for others."""
        self.text = text
        self._is_wild = is_wild
        self._parts = _parts(text) if has_variables and "${" in text else ((text, None, None),)
        self.is_open = any(name is not None for _, name, _ in self._parts)
        self._compiled = None if self.is_open else self._compile({})

    def matches(self, text: str, context: Context) -> bool:
        compiled = self._compiled or self._compile(context)
        return compiled is not None and compiled.fullmatch(text) is not None

    def _compile(self, context: Context) -> re.Pattern[str] | None:
        """None: a variable stands for nothing here, and what has it matches nothing."""
        made: list[str | None] = []
        for text, name, default in self._parts:
            if name is None:
                made += _glob(text) if self._is_wild else [re.escape(text)]
                continue
            told = context.get(name, default)
            if not isinstance(told, str):
                return None
            made.append(re.escape(told))
        return _compiled(linear(made))


_compiled = lru_cache(1024)(lambda expression: re.compile(expression, re.DOTALL))


def _parts(text: str) -> tuple[tuple[str, str | None, str | None], ...]:
    """Text, or a variable's name and what stands for it where the context has none; a quoted `*` is a variable, too."""
    parts: list[tuple[str, str | None, str | None]] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        parts.append((text[end : found.start()], None, None))
        parts.append(("", "", found[1]) if found[1] else ("", found[2].strip().lower(), found[3]))
        end = found.end()
    return (*parts, (text[end:], None, None))


def _glob(text: str) -> list[str | None]:
    return [ANYTHING if part.startswith("*") else "." if part == "?" else re.escape(part) for part in _ONE.split(text)]


def arn_pattern(text: str, *, has_variables: bool = True) -> tuple[Pattern, ...]:
    """Of its six parts, each of which is compared by itself; of what has fewer, one for all."""
    parts = _COLON.split(text, 5)
    return tuple(Pattern(part, has_variables=has_variables) for part in (parts if len(parts) == 6 else [text]))


def matches_arn(patterns: tuple[Pattern, ...], arn: str, context: Context) -> bool:
    if len(patterns) == 1:
        return patterns[0].matches(arn, context)
    parts = arn.split(":", 5)
    return len(parts) == 6 and all(each.matches(part, context) for each, part in zip(patterns, parts, strict=True))
