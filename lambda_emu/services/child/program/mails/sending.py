"""Who may send an e-mail to whom, and what is done with it: it is in the outbox, and is received here by rules.

Nobody outside is sent anything. An identity is verified as soon as it is made, so whoever sends has to be one that
somebody has made; who is written to need not be, as outside of SES's sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from email.utils import parseaddr
from typing import Any

from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.moto_api._internal import mock_random
from moto.ses.exceptions import InvalidParameterValue, MessageRejectedError, SesError

from lambda_emu.services.child.program.clock import clock
from lambda_emu.services.child.program.mails.message import Mail, with_ids
from lambda_emu.services.child.program.outbox import Full

MOST_RECIPIENTS = 50
MOST_ADDRESS = 640
"""Twice what AWS takes for the address alone, for the name before it."""
Destination = Mapping[str, Sequence[str]]


class Sender:
    """Of one account and region. backend: moto's. take: is given each e-mail. most_bytes: of one."""

    def __init__(self, backend: Any, take: Callable[[Mail], None], most_bytes: int) -> None:
        self.backend = backend
        self._take = take
        self._most_bytes = most_bytes

    def check(self, source: str, destination: Destination) -> None:
        """MessageRejectedError, InvalidParameterValue: in SES's words."""
        recipients = [address for one in destination.values() for address in one or ()]
        if len(recipients) > MOST_RECIPIENTS:
            raise InvalidParameterValue(f"Recipient count exceeds {MOST_RECIPIENTS}.")
        if not recipients:
            raise InvalidParameterValue("Missing required header 'To'.")
        for address in (source, *recipients):
            _check_address(address)
        if not _is_verified(self.backend.email_identities, source):
            self.backend.rejected_messages_count += 1
            raise NotVerified(self.backend.region_name, source)

    def send(self, source: str, destination: Destination, raw: bytes) -> str:
        """From and to whom was checked. Its id."""
        if len(raw) > self._most_bytes:
            raise InvalidParameterValue(f"Message length is more than {self._most_bytes} bytes long: '{len(raw)}'.")
        backend = self.backend
        message_id = new_message_id()
        lists = {name: list(destination.get(name) or ()) for name in ("ToAddresses", "CcAddresses", "BccAddresses")}
        to, cc, bcc = lists.values()
        mail = Mail(
            message_id,
            source,
            to,
            cc,
            bcc,
            with_ids(raw, message_id, backend.region_name),
            iso_8601_datetime_with_milliseconds(),
            backend.account_id,
            backend.region_name,
        )
        backend.sent_message_count += len(mail.recipients)
        backend.__process_sns_feedback__(source, lists)
        try:
            self._take(mail)
        except Full as error:
            raise TooFast from error
        return message_id


def new_message_id() -> str:
    """As SES's are."""
    return f"0100{int(clock.now_s() * 1000):012x}-{mock_random.uuid4()}-000000"


def _check_address(address: str) -> None:
    if len(address) > MOST_ADDRESS:
        raise InvalidParameterValue(f"Address length is more than {MOST_ADDRESS} characters long: '{len(address)}'.")
    try:
        local, at, domain = parseaddr(address)[1].rpartition("@")
    except RecursionError as error:  # comments in comments
        raise InvalidParameterValue("Illegal address") from error
    if not at or not domain:
        raise InvalidParameterValue("Missing final '@domain'")
    if not local or any(character.isspace() for character in address.strip() if character != " "):
        raise InvalidParameterValue("Local address contains control or whitespace")


def _is_verified(identities: Mapping[str, Any], source: str) -> bool:
    """Itself, without its label, or a domain that it is in."""
    address = parseaddr(source)[1]
    local, _, domain = address.rpartition("@")
    domain = domain.lower()
    parts = domain.split(".")
    names = {address, f"{local}@{domain}", f"{local.partition('+')[0]}@{domain}"}
    return not identities.keys().isdisjoint(names | {".".join(parts[at:]) for at in range(len(parts))})


class TooFast(SesError):
    """More e-mails come in than rules keep up with."""

    code = "Throttling"

    def __init__(self) -> None:
        super().__init__("Maximum sending rate exceeded.")


class NotVerified(MessageRejectedError):
    def __init__(self, region: str, source: str) -> None:
        super().__init__(
            "Email address is not verified. The following identities failed the check in region "
            f"{region.upper()}: {source}"
        )
