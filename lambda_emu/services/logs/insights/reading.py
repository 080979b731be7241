"""Words of a query, read as they are asked for, since a slash may begin a regular expression or divide."""

from __future__ import annotations

import re

NAME = re.compile(r"[@A-Za-z_][A-Za-z0-9_@]*(?:\.[A-Za-z0-9_@]+)*")
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
PERIOD = re.compile(r"(\d{1,6})\s*(ms|s|m|h|d|w|mo|q|y)\b")
_SPACE = re.compile(r"(?:\s+|#[^\n]*(?:\n|\Z))*")


class QueryInvalid(Exception):
    """start, end: which characters."""

    def __init__(self, text: str, start: int, end: int) -> None:
        super().__init__(text)
        self.text, self.start, self.end = text, start, end


class Words:
    """What is left of a query."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._skip()

    @property
    def is_over(self) -> bool:
        return self.at >= len(self.text)

    def take(self, *texts: str) -> str | None:
        """The first of these that comes next; words are whole, in any case of letters."""
        for text in texts:
            end = self.at + len(text)
            if self.text[self.at : end].lower() != text:
                continue
            if text[-1].isalnum() and self.text[end : end + 1].isalnum():
                continue
            self.at = end
            self._skip()
            return text
        return None

    def expect(self, text: str) -> None:
        if self.take(text) is None:
            raise self.wrong(f"{text!r} is missing")

    def match(self, kind: re.Pattern[str]) -> re.Match[str] | None:
        found = kind.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
            self._skip()
        return found

    def name(self) -> str | None:
        """Of a field or a function; backticks may stand around one."""
        if self.text[self.at : self.at + 1] == "`":
            return self._until("`")
        found = self.match(NAME)
        return None if found is None else found[0]

    def needed_name(self, what: str = "the name of a field") -> str:
        found = self.name()
        if found is None:
            raise self.wrong(f"{what} is missing")
        return found

    def string(self) -> str | None:
        quote = self.text[self.at : self.at + 1]
        return self._until(quote) if quote in ("'", '"') and quote else None

    def regex(self) -> str | None:
        return self._until("/") if self.text[self.at : self.at + 1] == "/" else None

    def wrong(self, what: str) -> QueryInvalid:
        end = min(len(self.text), self.at + 20)
        near = self.text[self.at : end] or "its end"
        return QueryInvalid(f"{what} at {near!r}", self.at, end)

    def _until(self, quote: str) -> str:
        """A backslash lets a quote be within, and stays where it is before anything else."""
        end = self.at + 1
        while self.text[end : end + 1] != quote:
            if end >= len(self.text):
                raise self.wrong(f"{quote} is not closed")
            end += 2 if self.text[end] == "\\" else 1
        found, self.at = self.text[self.at + 1 : end].replace(f"\\{quote}", quote), end + 1
        self._skip()
        return found

    def _skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
