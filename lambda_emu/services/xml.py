"""XML as older protocols of AWS are answered in: elements of texts. The library takes 10 ms to be imported."""

from __future__ import annotations

import re

from lambda_emu.gateway.answers import Answer

XML = "text/xml"
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_NO_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # compiled when it is needed, which takes 3 ms


def text_of(text: str) -> str:
    """XML has no word for some characters, and readers make others of carriage returns."""
    return re.sub(_NO_XML, "\ufffd", text).translate(_ESCAPED)


def element(name: str, text: str) -> str:
    return f"<{name}>{text_of(text)}</{name}>"


def xml_answer(status: int, document: str, request_id: str) -> Answer:
    """document: without what XML begins with."""
    headers = [("Content-Type", XML), ("x-amzn-RequestId", request_id)]
    return Answer(status, headers, ('<?xml version="1.0"?>' + document).encode())
