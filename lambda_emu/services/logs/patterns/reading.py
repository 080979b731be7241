"""Characters of a pattern, one after another."""

from __future__ import annotations

import re

MOST_REGEXES = 2
_WORD = re.compile(r"[A-Za-z0-9_]+")


class PatternInvalid(Exception):
    """The text says where."""


class Scanner:
    """regexes: how many the pattern has had until here."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.regexes = 0

    def peek(self) -> str:
        """The next character; empty at the end."""
        return self.text[self.at : self.at + 1]

    def skip(self) -> None:
        """Spaces."""
        while self.peek().isspace():
            self.at += 1

    def take(self, *texts: str) -> str | None:
        """The first of these texts that comes next, behind spaces."""
        self.skip()
        for text in texts:
            if self.text.startswith(text, self.at):
                self.at += len(text)
                return text
        return None

    def expect(self, text: str) -> None:
        if self.take(text) is None:
            raise self.wrong(f"{text!r} is missing")

    def word(self, kind: re.Pattern[str] = _WORD) -> str | None:
        """What comes next, if it is of this kind."""
        found = kind.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found[0]

    def quoted(self) -> str:
        """From one double quote to the next; a backslash lets one be within."""
        self.at += 1
        found = []
        while self.peek() != '"':
            if self.peek() == "\\" and self.text[self.at + 1 : self.at + 2] in ('"', "\\"):
                self.at += 1
            if not self.peek():
                raise self.wrong("a quote is not closed")
            found.append(self.peek())
            self.at += 1
        self.at += 1
        return "".join(found)

    def regex(self) -> str:
        """From one percent sign to the next."""
        end = self.text.find("%", self.at + 1)
        while end > 0 and self.text[end - 1] == "\\":
            end = self.text.find("%", end + 1)
        if end < 0:
            raise self.wrong("a regular expression is not closed")
        found, self.at = self.text[self.at + 1 : end], end + 1
        self.regexes += 1
        if self.regexes > MOST_REGEXES:
            raise PatternInvalid(f"A filter pattern has at most {MOST_REGEXES} regular expressions")
        return found

    def end(self) -> None:
        self.skip()
        if self.peek():
            raise self.wrong("something follows")

    def wrong(self, what: str) -> PatternInvalid:
        return PatternInvalid(f"Invalid filter pattern: {what} at character {self.at + 1}")
