"""Whether the body of an invocation is JSON, decided as AWS's parser does. docs/contract/invoke.md#request.

Small texts are simply parsed. json.loads of 6 MB would hold the interpreter's lock for 41 ms and more, and with it
every other invocation; so large ones are scanned instead (json_scan.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from lambda_emu.errors.request import PayloadNotJson
from lambda_emu.text.jackson import NotJson
from lambda_emu.text.json_scan import MOST_NUMBER_BYTES, Scan

PARSED_BYTES = 64 * 1024
BLANKS = b" \t\n\r"

# Whoever is longer than Jackson takes stands at eight places in a row.
_STRIDE = MOST_NUMBER_BYTES // 8
_PLACES = re.compile(rb"[0-9.eE+-]{8}")


def check_json(text: bytes) -> None:
    """Return if `text` is one JSON value; else raise PayloadNotJson with Jackson's sentence. Not for empty texts."""
    if len(text) <= PARSED_BYTES and not _may_hold_long_number(text) and _parses(text):
        return
    try:
        Scan(text).run()
    except NotJson as error:
        raise PayloadNotJson(error.with_place(text)) from None


def refusal(text: bytes) -> PayloadNotJson | None:
    """What `check_json` would raise, for who must say something else first."""
    if len(text) <= MOST_NUMBER_BYTES and _parses(text):  # as most do: it is asked of every event
        return None
    try:
        check_json(text)
    except PayloadNotJson as error:
        return error
    return None


def _parses(text: bytes) -> bool:
    """Whether Python's parser takes it. False decides nothing: the scan does, and knows what is wrong."""
    try:
        value = text.strip(BLANKS).decode()
        return _scan(value, 0)[1] == len(value)
    except (ValueError, RecursionError, StopIteration):
        return False


def _may_hold_long_number(text: bytes) -> bool:
    """Whether the scan has to look, since Python's parser takes numbers of any length."""
    return len(text) > MOST_NUMBER_BYTES and _PLACES.search(text[::_STRIDE]) is not None


def _no_constant(name: str) -> None:
    raise ValueError(name)


DECODER = json.JSONDecoder(parse_constant=_no_constant)
_scan: Callable[[str, int], tuple[object, int]] = DECODER.scan_once  # type: ignore[attr-defined] # not in typeshed
