"""The sentences of Jackson, the JSON parser of AWS's front end, about what is no JSON. docs/contract/invoke.md#request.

Since version 2.17 it names the place of the character it cannot take; of words, numbers and bad UTF-8 the place behind
what it had read. Columns count bytes.
"""

from __future__ import annotations

import re

_SOURCE = "Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)"
_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_MOST_TOKEN_CHARACTERS = 256
_IDENTIFIER = re.compile(r"[\w$]*")

TYPES = {ord("{"): "Object", ord("["): "Array"}
CLOSERS = {ord("{"): "}", ord("["): "]"}


class NotJson(Exception):
    """A sentence, and the index of the byte whose place it names, which may be one past the last."""

    def __init__(self, sentence: str, index: int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.index = index

    def with_place(self, text: bytes) -> str:
        """The sentence with its place in `text`, as AWS answers it."""
        return f"{self.sentence}\n at {location(text, self.index)}"


def location(text: bytes, index: int) -> str:
    """`[Source: …; line: n, column: n]`, counted from 1. A line ends in \\n, \\r\\n or \\r."""
    ends = text.count(b"\n", 0, index) + text.count(b"\r", 0, index) - text.count(b"\r\n", 0, index)
    line_start = max(text.rfind(b"\n", 0, index), text.rfind(b"\r", 0, index)) + 1
    return f"[{_SOURCE}; line: {ends + 1}, column: {index - line_start + 1}]"


def describe(code: int) -> str:
    """A character as Jackson shows it, mostly a byte: control characters, C1 included, have no picture."""
    if code < 32 or 127 <= code < 160:
        return f"(CTRL-CHAR, code {code})"
    picture = "?" if 0xD800 <= code < 0xE000 else chr(code)  # half a pair cannot be sent
    return f"'{picture}' (code {code})" if code < 256 else f"'{picture}' (code {code} / 0x{code:x})"


def unexpected_token(text: bytes, index: int, comment: str) -> NotJson:
    return NotJson(f"Unexpected character ({describe(text[index])}): {comment}", index)


def bad_space(text: bytes, index: int) -> NotJson:
    """A control character where a token may begin."""
    comment = r"only regular white space (\r, \n, \t) is allowed between tokens"
    return NotJson(f"Illegal character ({describe(text[index])}): {comment}", index)


def bad_name(text: bytes, index: int) -> NotJson:
    """No name begins with this character, which is decoded first, to 16 bits; the place is that of its last byte."""
    size = next((size for size in range(1, 5) if _is_character(text[index : index + size])), None)
    if size is None:
        return bad_utf8(text, index)
    code = ord(text[index : index + size].decode("utf-8", "surrogatepass")) & 0xFFFF
    comment = "was expecting double-quote to start field name"
    return NotJson(f"Unexpected character ({describe(code)}): {comment}", index + size - 1)


def _is_character(text: bytes) -> bool:
    try:
        return len(text.decode("utf-8", "surrogatepass")) == 1
    except UnicodeDecodeError:
        return False


def end_of_input(text: bytes, comment: str) -> NotJson:
    return NotJson(f"Unexpected end-of-input{comment}", len(text))


def bad_number(text: bytes, index: int, comment: str) -> NotJson:
    """The number ends where a digit had to come."""
    if index >= len(text):
        return end_of_input(text, " in a value")
    return NotJson(f"Unexpected character ({describe(text[index])}) in numeric value: {comment}", index)


def bad_value(text: bytes, index: int, *, inside_array: bool) -> NotJson:
    """No value begins with this byte, or the word that begins here is none that JSON knows."""
    byte = text[index]
    if byte in (b"]}," if inside_array else b"},"):
        return unexpected_token(text, index, "expected a value")
    for token in ("NaN", "Infinity"):
        if text.startswith(token.encode(), index):
            switch = "`JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS`"
            return NotJson(f"Non-standard token '{token}': enable {switch} to allow", index + len(token))
    if chr(byte).isalpha() or byte in b"_$\xa2\xa3\xa4\xa5":
        return _bad_word(text, index)
    return unexpected_token(text, index, f"expected a valid value {_VALUES}")


def _bad_word(text: bytes, index: int) -> NotJson:
    ahead = text[index + 1 : index + 4 * _MOST_TOKEN_CHARACTERS]
    try:
        rest = ahead.decode()
    except UnicodeDecodeError as error:
        rest = ahead[: error.start].decode()
        if len(_identifier(rest)) == len(rest) and index + 1 + error.start < len(text):
            return bad_utf8(text, index + 1 + error.start)
    known = _identifier(rest)[: _MOST_TOKEN_CHARACTERS - 1]
    cut = len(known) == _MOST_TOKEN_CHARACTERS - 1
    behind = b"" if cut else rest[len(known) : len(known) + 1].encode()  # has been read too, to find the end
    word = chr(text[index]) + known + ("..." if cut else "")
    end = index + 1 + len(known.encode()) + len(behind)
    return NotJson(f"Unrecognized token '{word}': was expecting {_VALUES}", end)


def _identifier(text: str) -> str:
    found = _IDENTIFIER.match(text)
    return found.group() if found else ""


def bad_utf8(text: bytes, index: int) -> NotJson:
    """index: the first byte of a sequence that is not UTF-8."""
    first = text[index]
    if not 0xC2 <= first <= 0xF4:
        return NotJson(f"Invalid UTF-8 start byte 0x{first:x}", index + 1)
    for middle in range(index + 1, len(text)):
        if text[middle] & 0xC0 != 0x80:
            return NotJson(f"Invalid UTF-8 middle byte 0x{text[middle]:x}", middle + 1)
    return end_of_input(text, ": was expecting closing quote for a string value")


def unclosed_value(text: bytes, opened_at: int) -> NotJson:
    """The text ends inside the object or array that begins at `opened_at`."""
    kind = TYPES[text[opened_at]]
    return end_of_input(text, f": expected close marker for {kind} (start marker at {location(text, opened_at)})")


def wrong_closer(text: bytes, index: int, opened_at: int) -> NotJson:
    opener = text[opened_at]
    start = f"{TYPES[opener]} starting at {location(text, opened_at)}"
    return NotJson(f"Unexpected close marker '{chr(text[index])}': expected '{CLOSERS[opener]}' (for {start})", index)
