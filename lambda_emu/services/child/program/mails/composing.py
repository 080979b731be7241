"""An e-mail of its parts. Whoever gives them cannot say more by them than they are for: no part is a header's end."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from email import encoders
from email.charset import QP, Charset
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.utils import formataddr, parseaddr
from typing import Any

from lambda_emu.services.child.program.mails.message import date
from lambda_emu.services.child.program.mails.reading import FORM, MOST_HEADER

Content = Mapping[str, Any]
_NAME = re.compile(r"[!-9;-~]{1,126}")


def compose(source: str, destination: Mapping[str, Sequence[str]], content: Content, reply_to: Sequence[str]) -> bytes:
    """content: Subject, Body with Text and Html, Headers and Attachments, as SES version 2 has them; attachments are
    bytes. ValueError: something in it cannot be said in an e-mail.
    """
    made = _with_attachments(_body(content.get("Body") or {}), content.get("Attachments") or ())
    for name, value in _headers(source, destination, content, reply_to):
        if any(character in value for character in "\r\n\0") or len(value) > MOST_HEADER:
            raise ValueError(f"Header {name} has a line's end, or more than {MOST_HEADER} characters")
        made[name] = value
    return made.as_bytes(policy=FORM)


def _headers(
    source: str, destination: Mapping[str, Sequence[str]], content: Content, reply_to: Sequence[str]
) -> Iterator[tuple[str, str]]:
    yield "From", _addresses([source])
    for name, addresses in (("To", destination.get("ToAddresses")), ("Cc", destination.get("CcAddresses"))):
        if addresses:
            yield name, _addresses(addresses)
    if reply_to:
        yield "Reply-To", _addresses(reply_to)
    yield "Subject", _encoded(_data(content, "Subject"))
    yield "Date", date()
    for header in content.get("Headers") or ():
        if _NAME.fullmatch(header["Name"]) is None:
            raise ValueError(f"Header {header['Name']!r} has no name that a header may have")
        yield header["Name"], _encoded(header["Value"])


def _addresses(addresses: Sequence[str]) -> str:
    return ", ".join(one if one.isascii() else formataddr(parseaddr(one), "utf-8") for one in addresses)


def _encoded(text: str) -> str:
    """As one word, where it is no ASCII."""
    return text if text.isascii() else f"=?utf-8?b?{b64encode(text.encode()).decode()}?="


def _data(content: Content, name: str) -> str:
    return str((content.get(name) or {}).get("Data") or "")


def _body(body: Content) -> MIMEBase:
    parts = [_text(_data(body, name), kind) for name, kind in (("Text", "plain"), ("Html", "html")) if body.get(name)]
    if len(parts) < 2:
        return parts[0] if parts else _text("", "plain")
    made = MIMEMultipart("alternative", policy=FORM)
    for part in parts:
        made.attach(part)
    return made


def _text(text: str, kind: str) -> MIMEBase:
    charset = Charset("us-ascii" if text.isascii() else "utf-8")
    if not text.isascii():
        charset.body_encoding = QP
    made = MIMENonMultipart("text", kind, charset=charset.output_charset, policy=FORM)
    made.set_payload(text, charset)
    return made


def _with_attachments(body: MIMEBase, attachments: Sequence[Content]) -> MIMEBase:
    if not attachments:
        return body
    made = MIMEMultipart("mixed", policy=FORM)
    made.attach(body)
    for attached in attachments:
        made.attach(_attachment(attached))
    return made


def _attachment(attached: Content) -> MIMEBase:
    kind, _, subtype = (attached.get("ContentType") or "application/octet-stream").partition(";")[0].partition("/")
    name, cid = str(attached["FileName"]), attached.get("ContentId")
    if any(character in f"{kind}{subtype}{name}{cid}" for character in "\r\n\0"):
        raise ValueError("An attachment has a line's end in its name")
    made = MIMEBase(kind, subtype or "octet-stream", policy=FORM)
    made.set_payload(attached["RawContent"])
    encoders.encode_base64(made)
    disposition = (attached.get("ContentDisposition") or "ATTACHMENT").lower()
    made.add_header("Content-Disposition", disposition, filename=name if name.isascii() else ("utf-8", "", name))
    if cid:
        made["Content-ID"] = f"<{cid}>"
    return made
