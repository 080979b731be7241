"""A pass over a JSON text, window by window, that finds the first thing Jackson would refuse.

Each window is one regular expression's match of well under a millisecond, whatever the size of the text: between them
other threads run.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from functools import cache

from lambda_emu.text.jackson import (
    CLOSERS,
    TYPES,
    NotJson,
    bad_name,
    bad_number,
    bad_space,
    bad_utf8,
    bad_value,
    describe,
    end_of_input,
    unclosed_value,
    unexpected_token,
    wrong_closer,
)

WINDOW_BYTES = 16 * 1024
NESTING_IN_A_RUN = 3
MOST_NESTING = 1000
MOST_NUMBER_BYTES = 1000
BOM = b"\xef\xbb\xbf"

_SPACE = rb"[ \t\n\r]*+"
_STRING = rb'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"'
_NUMBER = rb"-?+(?:0|[1-9][0-9]{0,999}+)(?:\.[0-9]{1,999}+)?+(?:[eE][+-]?+[0-9]{1,999}+)?+(?![0-9.eE])"
_SCALAR = rb"(?>" + _STRING + rb"|" + _NUMBER + rb"|true|false|null)"


def _containers(value: bytes) -> bytes:
    """A whole array or object whose items are `value`s. After an item comes a comma with more behind it, or the end."""
    array = rb"\[%(space)s(?:%(value)s%(space)s(?:,%(space)s(?!\])|(?=\])))*+\]"
    members = rb"\{%(space)s(?:%(string)s%(space)s:%(space)s%(value)s%(space)s(?:,%(space)s(?!\})|(?=\})))*+\}"
    return rb"(?>" + (array + rb"|" + members) % {b"space": _SPACE, b"value": value, b"string": _STRING} + rb")"


@cache
def _runs(nesting: int) -> dict[int, Callable[[bytes, int, int], re.Match[bytes] | None]]:
    """By the opening byte of a container: match as many of its items as there are, each with the comma behind it.

    Compiled when the first text needs them. Items nested deeper than this are taken apart step by step.
    """
    value = _SCALAR
    for _ in range(nesting):
        value = rb"(?>" + _SCALAR + rb"|" + _containers(value) + rb")"
    item = _SPACE + value + _SPACE + rb","
    member = _SPACE + _STRING + _SPACE + rb":" + item
    return {ord(opener): re.compile(rb"(?:" + run + rb")*+").match for opener, run in (("[", item), ("{", member))}


_SPACES = re.compile(_SPACE)
_LITERAL = re.compile(rb"(?:true|false|null)(?![\w$\x80-\xff])")
_STRING_PIECE = re.compile(rb'(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+')
_NUMBER_PARTS = re.compile(rb"(-?)([0-9]*)(?:(\.)([0-9]*))?(?:([eE][+-]?)([0-9]*))?")
_HEX = frozenset(b"0123456789abcdefABCDEF")


class Scan:
    """One pass over a text. `_opened` holds the index of every `{` and `[` we are inside of.

    `_empty`: nothing of the innermost one has been read yet.
    """

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._at = len(BOM) if text.startswith(BOM) else 0
        self._opened: list[int] = []
        self._empty = False

    def run(self) -> None:
        """Raise NotJson for the first thing wrong."""
        bad_byte = _first_not_utf8(self._text)
        try:
            self._scan()
        except NotJson:
            if bad_byte is None or self._at <= bad_byte:
                raise
        if bad_byte is not None:
            raise bad_utf8(self._text, bad_byte)

    def _scan(self) -> None:
        self._skip_space()
        if self._at == len(self._text):
            raise NotJson("No content to map due to end-of-input", self._at)
        self._value()
        while self._opened:
            self._skip_space()
            if self._at == len(self._text):
                raise unclosed_value(self._text, self._opened[-1])
            self._next()
        self._skip_space()
        if self._at < len(self._text):
            self._value()  # says what is wrong with it, if it is no value
            raise NotJson("Trailing token found after value: not allowed", self._at)

    def _value(self) -> None:
        """A scalar, or the opening of a container."""
        byte = self._peek()
        if byte in b"[{":
            self._open()
        elif byte == ord('"'):
            self._string("string value")
        elif byte in b"-0123456789":
            self._number()
        elif literal := _LITERAL.match(self._text, self._at):
            self._at = literal.end()
        else:
            inside_array = bool(self._opened) and self._text[self._opened[-1]] == ord("[")
            raise bad_value(self._text, self._at, inside_array=inside_array)

    def _open(self) -> None:
        self._opened.append(self._at)
        if len(self._opened) > MOST_NESTING:
            limit = f"({MOST_NESTING}, from `StreamReadConstraints.getMaxNestingDepth()`)"
            depth = len(self._opened)
            raise NotJson(f"Document nesting depth ({depth}) exceeds the maximum allowed {limit}", self._at + 1)
        self._at += 1
        self._empty = True

    def _next(self) -> None:
        """The end of the innermost container, or its next item with the comma before it."""
        if self._closes():
            return
        byte, kind = self._text[self._at], TYPES[self._text[self._opened[-1]]]
        if byte in b"]}":
            raise wrong_closer(self._text, self._at, self._opened[-1])
        if not self._empty:
            if byte != ord(","):
                raise unexpected_token(self._text, self._at, f"was expecting comma to separate {kind} entries")
            self._at += 1
        self._empty = False
        self._item()

    def _closes(self) -> bool:
        if self._text[self._at : self._at + 1] != CLOSERS[self._text[self._opened[-1]]].encode():
            return False
        self._opened.pop()
        self._empty = False
        self._at += 1
        return True

    def _item(self) -> None:
        """The next item or member, after all those that windows can take whole."""
        opener = self._text[self._opened[-1]]
        run = _runs(min(NESTING_IN_A_RUN, MOST_NESTING - len(self._opened)))[opener]
        while (taken := run(self._text, self._at, self._at + WINDOW_BYTES)) and taken.end() > self._at:
            self._at = taken.end()
        self._skip_space()
        if opener == ord("{"):
            self._key()
        self._value()

    def _key(self) -> None:
        if self._peek() != ord('"'):
            raise bad_name(self._text, self._at)
        self._string("name")
        self._skip_space()
        if self._peek() != ord(":"):
            raise unexpected_token(self._text, self._at, "was expecting a colon to separate field name and value")
        self._at += 1
        self._skip_space()

    def _string(self, what: str) -> None:
        """A string of any length, a window at a time."""
        self._at += 1
        while (piece := _STRING_PIECE.match(self._text, self._at, self._at + WINDOW_BYTES)) and piece.end() > self._at:
            self._at = piece.end()
        if self._at >= len(self._text):
            raise end_of_input(self._text, ": was expecting closing quote for a string value")
        if self._text[self._at] != ord('"'):
            raise self._bad_string(what)
        self._at += 1

    def _bad_string(self, what: str) -> NotJson:
        byte = self._text[self._at]
        if byte != ord("\\"):
            comment = f"has to be escaped using backslash to be included in {what}"
            return NotJson(f"Illegal unquoted character ({describe(byte)}): {comment}", self._at)
        escape = self._text[self._at + 1 : self._at + 6]
        if escape and not escape.startswith(b"u"):
            return NotJson(f"Unrecognized character escape {describe(escape[0])}", self._at + 1)
        for place, digit in enumerate(escape[1:], self._at + 2):
            if digit not in _HEX:
                return unexpected_token(self._text, place, "expected a hex-digit for character escape sequence")
        return end_of_input(self._text, " in character escape sequence")

    def _number(self) -> None:
        start = self._at
        found = _NUMBER_PARTS.match(self._text, start, start + MOST_NUMBER_BYTES + 1)
        assert found is not None
        if found.end() - start > MOST_NUMBER_BYTES:
            limit = f"({MOST_NUMBER_BYTES}, from `StreamReadConstraints.getMaxNumberLength()`)"
            length = found.end() - start
            raise NotJson(f"Number value length ({length}) exceeds the maximum allowed {limit}", found.end() + 1)
        _, whole, point, fraction, exponent, power = found.groups()
        if not whole:
            raise bad_number(
                self._text, start + 1, "expected digit (0-9) to follow minus sign, for valid numeric value"
            )
        if len(whole) > 1 and whole.startswith(b"0"):
            raise NotJson("Invalid numeric value: Leading zeroes not allowed", found.start(2) + 1)
        if point and not fraction:
            raise bad_number(self._text, found.start(4), "Decimal point not followed by a digit")
        if exponent and not power:
            raise bad_number(self._text, found.start(6), "Exponent indicator not followed by a digit")
        self._at = found.end()
        if not self._opened and self._text[self._at : self._at + 1].strip(b" \t\n\r"):
            raise unexpected_token(self._text, self._at, "Expected space separating root-level values")

    def _peek(self) -> int:
        if self._at < len(self._text):
            return self._text[self._at]
        kind = TYPES[self._text[self._opened[-1]]]
        raise end_of_input(self._text, f" within/between {kind} entries")

    def _skip_space(self) -> None:
        while (found := _SPACES.match(self._text, self._at, self._at + WINDOW_BYTES)) and found.end() > self._at:
            self._at = found.end()
        if self._at < len(self._text) and self._text[self._at] < ord(" "):
            raise bad_space(self._text, self._at)


def _first_not_utf8(text: bytes) -> int | None:
    """Index of the first sequence that Jackson cannot decode; it takes encoded surrogates."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogatepass")
    for start in range(0, len(text), WINDOW_BYTES):
        window = text[start : start + WINDOW_BYTES]
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(window, final=start + WINDOW_BYTES >= len(text))
        except UnicodeDecodeError as error:
            return start - pending + error.start
    return None
