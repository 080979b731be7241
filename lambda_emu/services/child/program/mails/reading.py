"""What an e-mail says, however it says it, in time that grows with its length alone.

Python's newer reader of headers takes seconds for a few kilobytes of quotes; the older one is used, within bounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import formataddr, getaddresses
from typing import Any

FORM = policy.compat32.clone(linesep="\r\n", max_line_length=None)
"""Keeps what it does not understand as it came."""
MOST_PARTS = 500
"""As on AWS."""
MOST_HEADER, MOST_HEADERS = 16 * 1024, 1000
"""Characters of one header, and how many a part may have."""
_FOLD = re.compile(r"\r?\n[ \t]*")


class MailReader:
    def __init__(self, raw: bytes) -> None:
        """ValueError: it is beyond bounds."""
        try:
            self._message = message_from_bytes(raw, policy=FORM)
            self._parts = list(self._message.walk())
        except RecursionError as error:
            raise ValueError("Too many levels of MIME parts") from error
        if len(self._parts) > MOST_PARTS:
            raise ValueError(f"The message has more than {MOST_PARTS} MIME parts")
        for part in self._parts:
            headers = part.items()
            if len(headers) > MOST_HEADERS or any(len(str(value)) > MOST_HEADER for _, value in headers):
                raise ValueError("The message has too many headers, or one that is too long")

    def header(self, name: str) -> str:
        """Empty where there is none."""
        return _decoded(self._message.get(name, ""))

    def headers(self) -> list[tuple[str, str]]:
        return [(name, _decoded(value)) for name, value in self._message.items()]

    def addresses(self, name: str) -> list[str]:
        """As somebody would write them."""
        try:
            said = getaddresses([_unfolded(value) for value in self._message.get_all(name, ())])
        except RecursionError as error:
            raise ValueError(f"{name} has too many levels of comments") from error
        return [_spelled(_decoded(called), address) for called, address in said if address]

    def text(self, kind: str) -> str:
        """Of the first such part that is no attachment."""
        found = next((part for part in self._leaves() if _is_body(part) and part.get_content_subtype() == kind), None)
        return "" if found is None else _text(found)

    def attachments(self) -> list[dict[str, Any]]:
        return [_attachment(part) for part in self._leaves() if not _is_body(part)]

    def changed(self, headers: Mapping[str, str | None], if_missing: Mapping[str, str]) -> bytes:
        """With these headers, and None of those."""
        for name, value in headers.items():
            del self._message[name]
            if value is not None:
                self._message[name] = value
        for name, value in if_missing.items():
            if name not in self._message:
                self._message[name] = value
        return self._message.as_bytes(policy=FORM)

    def _leaves(self) -> Iterable[Message]:
        return (part for part in self._parts if not part.is_multipart())


def _is_body(part: Message) -> bool:
    is_text = part.get_content_type() in ("text/plain", "text/html")
    return is_text and part.get_content_disposition() != "attachment" and part.get_filename() is None


def _text(part: Message) -> str:
    """Whatever it says of its letters."""
    content = _bytes(part)
    try:
        text = content.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        text = content.decode("utf-8", "replace")
    return text.replace("\r\n", "\n").removesuffix("\n")


def _bytes(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _attachment(part: Message) -> dict[str, Any]:
    name = _decoded(part.get_filename() or "")
    return {"name": name, "type": part.get_content_type(), "bytes": len(_bytes(part))}


def _decoded(value: object) -> str:
    written = _unfolded(value)
    try:
        return str(make_header(decode_header(written)))
    except (HeaderParseError, LookupError, ValueError):
        return written


def _unfolded(value: object) -> str:
    """Bytes that are no ASCII are read as UTF-8."""
    text = str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return _FOLD.sub(" ", text).strip()


def _spelled(name: str, address: str) -> str:
    if not name:
        return address
    return f"{name} <{address}>" if name.replace(" ", "").isalnum() else formataddr((name, address), "utf-8")
