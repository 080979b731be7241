"""One e-mail, whole as MIME, whoever made it: SES of parts, or the caller."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from email.utils import format_datetime, parseaddr
from typing import Any

from msgspec import Struct

from lambda_emu.services.child.program.mails.reading import MailReader
from lambda_emu.services.child.program.state.moment import now


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
        read = MailReader(self.raw)
        text, html = read.text("plain"), read.text("html")
        lists = {"cc": self.cc, "bcc": self.bcc, "reply_to": read.addresses("Reply-To")}
        return {
            "by": "email",
            "id": self.id,
            "from": self.source,
            "to": ", ".join(self.to),
            **{name: ", ".join(value) for name, value in lists.items() if value},
            "subject": read.header("Subject"),
            "text": text,
            "html": html,
            "message": text or html,
            "attachments": read.attachments(),
            "time": self.time,
            "account": self.account,
            "region": self.region,
        }


def read_raw(raw: bytes) -> tuple[str, dict[str, list[str]]]:
    """From whom, and to whom, as its headers say. ValueError."""
    read = MailReader(raw)
    destination = {f"{name}Addresses": read.addresses(name) for name in ("To", "Cc", "Bcc")}
    return ", ".join(read.addresses("From")), destination


def with_ids(raw: bytes, message_id: str, region: str) -> bytes:
    """As it leaves SES: with an id of its own, and no word of who has it blind."""
    host = "email.amazonses.com" if region == "us-east-1" else f"{region}.amazonses.com"
    return MailReader(raw).changed({"Bcc": None, "Message-ID": f"<{message_id}@{host}>"}, {"Date": date()})


def date() -> str:
    return format_datetime(now().replace(tzinfo=UTC))
