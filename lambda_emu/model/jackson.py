"""The sentences of Jackson, the JSON parser of AWS's front end, about what is no JSON. Contract: invoke.md 2.1."""

from __future__ import annotations

import re

_SOURCE = "Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)"
_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_MOST_TOKEN_CHARACTERS = 256
_IDENTIFIER = re.compile(r"[\w$]*")

TYPES = {ord("{"): "Object", ord("["): "Array"}
CLOSERS = {ord("{"): "}", ord("["): "]"}


class NotJson(Exception):
    """A sentence, and the index of the byte after which the parser gave up."""

    def __init__(self, sentence: str, index: int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.index = index

    def located(self, text: bytes) -> str:
        """The sentence with its place in `text`, as AWS answers it."""
        return f"{self.sentence}\n at {location(text, self.index + 1)}"


def location(text: bytes, index: int) -> str:
    """`[Source: …; line: n, column: n]`, counted from 1."""
    line = text.count(b"\n", 0, index) + 1
    line_start = text.rfind(b"\n", 0, index) + 1
    return f"[{_SOURCE}; line: {line}, column: {index - line_start + 1}]"


def described(byte: int) -> str:
    """A byte as Jackson shows it: control characters, C1 included, have no picture."""
    return f"(CTRL-CHAR, code {byte})" if byte < 32 or 127 <= byte < 160 else f"'{chr(byte)}' (code {byte})"


def unexpected(text: bytes, index: int, comment: str) -> NotJson:
    return NotJson(f"Unexpected character ({described(text[index])}): {comment}", index)


def end_of_input(text: bytes, comment: str) -> NotJson:
    return NotJson(f"Unexpected end-of-input{comment}", len(text) - 1)


def bad_number(text: bytes, index: int, comment: str) -> NotJson:
    """The number ends where a digit had to come."""
    if index >= len(text):
        return end_of_input(text, " in a value")
    return NotJson(f"Unexpected character ({described(text[index])}) in numeric value: {comment}", index)


def bad_value(text: bytes, index: int, *, inside_array: bool) -> NotJson:
    """No value begins with this byte, or the word that begins here is none that JSON knows."""
    byte = text[index]
    if byte in (b"]}," if inside_array else b"},"):
        return unexpected(text, index, "expected a value")
    for token in ("NaN", "Infinity"):
        if text.startswith(token.encode(), index):
            switch = "`JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS`"
            return NotJson(f"Non-standard token '{token}': enable {switch} to allow", index + len(token) - 1)
    if chr(byte).isalpha() or byte in b"_$\xa2\xa3\xa4\xa5":
        return _bad_word(text, index)
    return unexpected(text, index, f"expected a valid value {_VALUES}")


def _bad_word(text: bytes, index: int) -> NotJson:
    ahead = text[index + 1 : index + 4 * _MOST_TOKEN_CHARACTERS]
    try:
        rest = ahead.decode()
    except UnicodeDecodeError as error:
        rest = ahead[: error.start].decode()
        if len(_identifier(rest)) == len(rest) and index + 1 + error.start < len(text):
            return bad_utf8(text, index + 1 + error.start)
    word = chr(text[index]) + _identifier(rest)
    end = index + len(word.encode())
    if len(word) > _MOST_TOKEN_CHARACTERS:
        word = word[:_MOST_TOKEN_CHARACTERS] + "..."
    return NotJson(f"Unrecognized token '{word}': was expecting {_VALUES}", min(end, len(text) - 1))


def _identifier(text: str) -> str:
    found = _IDENTIFIER.match(text)
    return found.group() if found else ""


def bad_utf8(text: bytes, index: int) -> NotJson:
    """index: the first byte of a sequence that is not UTF-8."""
    first = text[index]
    if not 0xC2 <= first <= 0xF4:
        return NotJson(f"Invalid UTF-8 start byte 0x{first:x}", index)
    for middle in range(index + 1, len(text)):
        if text[middle] & 0xC0 != 0x80:
            return NotJson(f"Invalid UTF-8 middle byte 0x{text[middle]:x}", middle)
    return end_of_input(text, ": was expecting closing quote for a string value")


def unclosed(text: bytes, opened_at: int) -> NotJson:
    """The text ends inside the object or array that begins at `opened_at`."""
    kind = TYPES[text[opened_at]]
    return end_of_input(text, f": expected close marker for {kind} (start marker at {location(text, opened_at)})")


def wrong_closer(text: bytes, index: int, opened_at: int) -> NotJson:
    opener = text[opened_at]
    start = f"{TYPES[opener]} starting at {location(text, opened_at)}"
    return NotJson(f"Unexpected close marker '{chr(text[index])}': expected '{CLOSERS[opener]}' (for {start})", index)
