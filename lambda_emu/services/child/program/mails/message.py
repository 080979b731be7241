"""One e-mail, whole as MIME, whoever made it: SES of parts, or the caller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.utils import format_datetime, formataddr, getaddresses, parseaddr
from typing import Any

from msgspec import Struct

from lambda_emu.services.child.program.state.moment import now

MIME = policy.SMTP
RAW = policy.compat32.clone(linesep="\r\n", max_line_length=None)
"""Keeps what it does not understand as it came."""


class Mail(Struct, frozen=True):
    """source: who it is from, as was said. to: with cc and bcc everybody it goes to. time: ISO 8601, UTC."""

    id: str
    source: str
    to: Sequence[str]
    cc: Sequence[str]
    bcc: Sequence[str]
    raw: bytes
    time: str
    account: str
    region: str

    @property
    def recipients(self) -> list[str]:
        """Addresses alone."""
        return [parseaddr(one)[1] for one in (*self.to, *self.cc, *self.bcc)]

    def told(self) -> dict[str, Any]:
        """To who looks into the outbox."""
        read = message_from_bytes(self.raw, policy=MIME)
        assert isinstance(read, EmailMessage)
        text, html = _body(read, "plain"), _body(read, "html")
        lists = {"cc": self.cc, "bcc": self.bcc, "reply_to": _addresses(read, ("Reply-To",))}
        return {
            "by": "email",
            "id": self.id,
            "from": self.source,
            "to": ", ".join(self.to),
            **{name: ", ".join(value) for name, value in lists.items() if value},
            "subject": str(read.get("Subject", "")),
            "text": text,
            "html": html,
            "message": text or html,
            "attachments": [_attachment(part) for part in _attachments(read)],
            "time": self.time,
            "account": self.account,
            "region": self.region,
        }


def compose(
    source: str,
    destination: Mapping[str, Sequence[str]],
    content: Mapping[str, Any],
    reply_to: Sequence[str],
) -> bytes:
    """content: Subject, Body with Text and Html, Headers and Attachments, as SES version 2 has them; attachments are
    bytes. ValueError: something in it cannot be said in an e-mail.
    """
    made = EmailMessage(policy=MIME)
    made["From"] = source
    for name, addresses in (("To", destination.get("ToAddresses")), ("Cc", destination.get("CcAddresses"))):
        if addresses:
            made[name] = ", ".join(addresses)
    if reply_to:
        made["Reply-To"] = ", ".join(reply_to)
    made["Subject"] = _data(content, "Subject")
    made["Date"] = _date()
    for header in content.get("Headers") or ():
        made[header["Name"]] = header["Value"]
    _set_body(made, content.get("Body") or {})
    for attached in content.get("Attachments") or ():
        _attach(made, attached)
    return made.as_bytes()


def _set_body(made: EmailMessage, body: Mapping[str, Any]) -> None:
    if not body.get("Html"):
        made.set_content(_data(body, "Text"))
    elif not body.get("Text"):
        made.set_content(_data(body, "Html"), subtype="html")
    else:
        made.set_content(_data(body, "Text"))
        made.add_alternative(_data(body, "Html"), subtype="html")


def _attach(made: EmailMessage, attached: Mapping[str, Any]) -> None:
    kind, _, subtype = (attached.get("ContentType") or "application/octet-stream").partition(";")[0].partition("/")
    made.add_attachment(
        attached["RawContent"],
        maintype=kind,
        subtype=subtype or "octet-stream",
        filename=attached["FileName"],
        disposition=(attached.get("ContentDisposition") or "ATTACHMENT").lower(),
        cid=f"<{attached['ContentId']}>" if attached.get("ContentId") else None,
    )


def read_raw(raw: bytes) -> tuple[str, dict[str, list[str]]]:
    """From whom, and to whom, as its headers say."""
    read = message_from_bytes(raw, policy=RAW)
    destination = {f"{name}Addresses": _addresses(read, (name,)) for name in ("To", "Cc", "Bcc")}
    return ", ".join(_addresses(read, ("From",))), destination


def with_ids(raw: bytes, message_id: str, region: str) -> bytes:
    """As it leaves SES: with an id of its own, and no word of who has it blind."""
    read = message_from_bytes(raw, policy=RAW)
    for name in ("Bcc", "Message-ID"):
        del read[name]
    host = "email.amazonses.com" if region == "us-east-1" else f"{region}.amazonses.com"
    read["Message-ID"] = f"<{message_id}@{host}>"
    if "Date" not in read:
        read["Date"] = _date()
    return read.as_bytes(policy=RAW)


def _date() -> str:
    return format_datetime(now().replace(tzinfo=UTC))


def _data(content: Mapping[str, Any], name: str) -> str:
    return str((content.get(name) or {}).get("Data") or "")


def _addresses(read: Message, names: Iterable[str]) -> list[str]:
    said = [str(value) for name in names for value in read.get_all(name, ())]
    return [_spelled(name, address) for name, address in getaddresses(said) if address]


def _spelled(name: str, address: str) -> str:
    """As somebody would write it."""
    if not name:
        return address
    return f"{name} <{address}>" if name.replace(" ", "").isalnum() else formataddr((name, address), "utf-8")


def _body(read: EmailMessage, kind: str) -> str:
    try:
        part = read.get_body((kind,))
    except (LookupError, AttributeError, ValueError):
        return ""
    return "" if part is None else _text(part)


def _text(part: Any) -> str:
    """Whatever it says of its letters."""
    try:
        content = str(part.get_content())
    except (LookupError, ValueError):
        content = bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace")
    return content.replace("\r\n", "\n").removesuffix("\n")


def _attachments(read: EmailMessage) -> Iterable[Any]:
    try:
        return list(read.iter_attachments()) if read.is_multipart() else []
    except (LookupError, AttributeError, ValueError, TypeError):
        return []


def _attachment(part: Any) -> dict[str, Any]:
    size = len(part.get_payload(decode=True) or b"")
    return {"name": part.get_filename() or "", "type": part.get_content_type(), "bytes": size}
