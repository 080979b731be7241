"""What SES tells of an e-mail that came in: the event of a function, the message to a topic, the action that was taken.

docs/contract/events.md#pushed-events; the order of members is AWS's.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from email.utils import getaddresses, parseaddr
from typing import Any

from lambda_emu.services.child.program.mails.message import Mail
from lambda_emu.services.child.program.mails.reading import MailReader

PASS = {"status": "PASS"}
VERDICTS = dict.fromkeys(("spamVerdict", "virusVerdict", "spfVerdict", "dkimVerdict", "dmarcVerdict"), PASS)
"""Nobody looks at it; what comes from here is ours."""
COMMON = (("to", "To"), ("cc", "Cc"), ("replyTo", "Reply-To"))
MOST_HEADER_BYTES = 10 * 1024
SUBJECT = "Amazon SES Email Receipt Notification"


class Received:
    """An e-mail as it came in. id: its own here; objects in S3 have it."""

    def __init__(self, mail: Mail, id: str, extra: Sequence[tuple[str, str]] = ()) -> None:
        """extra: headers that rules have added."""
        self.id = id
        added = "".join(f"{name}: {value}\r\n" for name, value in extra).encode()
        self.raw = added + mail.raw
        self._mail = mail
        self._headers = MailReader(self.raw).headers()

    def event(self, recipients: Sequence[str], action: Mapping[str, Any]) -> dict[str, Any]:
        """Of a function."""
        told = {"mail": self._told(), "receipt": self._receipt(recipients, action)}
        return {"Records": [{"eventSource": "aws:ses", "eventVersion": "1.0", "ses": told}]}

    def notification(self, recipients: Sequence[str], action: Mapping[str, Any], content: str | None = None) -> str:
        """To a topic. content: the e-mail, where it goes with it."""
        told = {
            "notificationType": "Received",
            "mail": self._told(),
            "receipt": self._receipt(recipients, action),
        }
        return json.dumps(told if content is None else told | {"content": content})

    def content(self, encoding: str) -> str:
        return b64encode(self.raw).decode() if encoding == "Base64" else self.raw.decode("utf-8", "replace")

    def _told(self) -> dict[str, Any]:
        listed, is_cut = _listed(self._headers)
        said = {name.lower(): value for name, value in reversed(self._headers)}
        common: dict[str, Any] = {"returnPath": parseaddr(self._mail.source)[1], "from": [said.get("from", "")]}
        common |= {"date": said["date"]} if "date" in said else {}
        common |= {name: _split(said[header.lower()]) for name, header in COMMON if header.lower() in said}
        common |= {"messageId": said.get("message-id", ""), "subject": said.get("subject", "")}
        return {
            "timestamp": self._mail.time,
            "source": parseaddr(self._mail.source)[1],
            "messageId": self.id,
            "destination": self._mail.recipients,
            "headersTruncated": is_cut,
            "headers": listed,
            "commonHeaders": common,
        }

    def _receipt(self, recipients: Sequence[str], action: Mapping[str, Any]) -> dict[str, Any]:
        told = {"timestamp": self._mail.time, "processingTimeMillis": 1, "recipients": list(recipients)}
        return {**told, **VERDICTS, "action": dict(action)}


def _listed(headers: Sequence[tuple[str, str]]) -> tuple[list[dict[str, str]], bool]:
    """As many as SES tells."""
    listed: list[dict[str, str]] = []
    size = 0
    for name, value in headers:
        size += len(name) + len(value)
        if size > MOST_HEADER_BYTES:
            return listed, True
        listed.append({"name": name, "value": value})
    return listed, False


def _split(addresses: str) -> list[str]:
    """Names may have commas in quotes."""
    return [f"{name} <{address}>" if name else address for name, address in getaddresses([addresses])]
