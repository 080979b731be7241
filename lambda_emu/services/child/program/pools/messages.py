"""Codes that users are sent, and the messages that they come in, which go to the outbox and to nobody.

What a code is good for is its purpose; it is good once, until its time is over, and for five tries.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from msgspec import Struct

from lambda_emu.services.child.program.clock import clock
from lambda_emu.services.child.program.outbox import Outbox
from lambda_emu.services.child.program.pools import changes
from lambda_emu.services.child.program.pools.changes import Changes
from lambda_emu.services.child.program.pools.errors import NoCode, PoolError, TooManyTries, WrongCode
from lambda_emu.services.child.program.pools.finding import PoolCall, PoolsRequest, codes_of, told_attributes
from lambda_emu.services.child.program.pools.senders import Senders
from lambda_emu.services.child.program.pools.triggers import CUSTOM_MESSAGE, Triggers

SIGN_UP, PASSWORD, MFA = "sign-up", "password", "mfa"
"""Purposes; that of an attribute is `verify` and its name."""
VERIFY = "verify "
DAY_S, HOUR_S = 86400.0, 3600.0
MOST_TRIES = 5
CODE, NAME, LINK = "{####}", "{username}", "{##Click Here##}"
SENDER = "no-reply@verificationemail.com"
_LINK = re.compile(r"\{##(.*?)##\}")
MEDIUM = {"email": "EMAIL", "phone_number": "SMS"}


class Way(Struct, frozen=True):
    """By which attribute a user is reached. address: its value."""

    attribute: str
    address: str

    @property
    def medium(self) -> str:
        return MEDIUM[self.attribute]

    def details(self) -> dict[str, str]:
        """As callers are told where a code went."""
        if self.attribute == "phone_number":
            hidden = f"+{'*' * max(len(self.address) - 5, 0)}{self.address[-4:]}"
        else:
            name, _, host = self.address.partition("@")
            hidden = f"{name[:1]}***@{host[:1]}***"
        return {"Destination": hidden, "DeliveryMedium": self.medium, "AttributeName": self.attribute}


class Text(Struct, frozen=True):
    """A message as the pool has it, with places for what is put in."""

    subject: str
    email: str
    sms: str


class Messages:
    """Writes to users, in the words of the pool's function if it has one, or has another function do so."""

    def __init__(self, triggers: Triggers, senders: Senders, changes: Changes, outbox: Outbox) -> None:
        self._triggers = triggers
        self._senders = senders
        self._changes = changes
        self._outbox = outbox

    def send_code(self, call: PoolCall, user: Any, way: Way, source: str, purpose: str, valid_s: float) -> None:
        """In place of the one before, once there are words for it; it is good when it is sent. PoolError."""
        code, until_s = f"{secrets.randbelow(10**6):06d}", clock.now_s() + valid_s
        text = self._words(call, user, way, source, with_name=False)
        self._changes.make(
            changes.give_code,
            pool=call.pool.id, name=user.username, purpose=purpose, code=code, until_s=until_s,
            by=way.attribute, to=way.address,
        )  # fmt: skip
        self._send(call, user, way, source, code, text)

    def invite(self, call: PoolCall, user: Any, ways: list[Way], password: str) -> None:
        """A user whom an administrator made is told so. PoolError."""
        source = "CustomMessage_AdminCreateUser"
        for way in ways:
            text = self._words(call, user, way, source, with_name=True)
            self._send(call, user, way, source, password, text)

    def _words(self, call: PoolCall, user: Any, way: Way, source: str, *, with_name: bool) -> Text:
        text = _text_of(call.pool, source)
        if self._senders.are_of(call.pool, way.medium):
            return text
        request: dict[str, Any] = {
            "userAttributes": told_attributes(user),
            "codeParameter": CODE,
            "linkParameter": LINK,
            "usernameParameter": NAME if with_name else None,
        }
        if metadata := call.asked.texts("ClientMetadata"):
            request["clientMetadata"] = metadata
        said = self._triggers.run(call, CUSTOM_MESSAGE, source, user.username, request)
        if said is None:
            return text
        return Text(
            said["emailSubject"] or text.subject,
            _with_places(said["emailMessage"], with_name=with_name) or text.email,
            _with_places(said["smsMessage"], with_name=with_name) or text.sms,
        )

    def _send(self, call: PoolCall, user: Any, way: Way, source: str, code: str, text: Text) -> None:
        if self._senders.are_of(call.pool, way.medium):
            self._senders.send(call, user, way.medium, source, code)
            return
        body = text.email if way.medium == "EMAIL" else text.sms
        message = _LINK.sub(lambda found: f"{found[1]} ({code})", body.replace(CODE, code).replace(NAME, user.username))
        sent = {"to": way.address, "by": "email" if way.medium == "EMAIL" else "sms", "message": message}
        if way.medium == "EMAIL":
            sent |= {"from": SENDER, "subject": text.subject}
        self._outbox.add({**sent, "id": str(uuid4())})

    def check_code(
        self, call: PoolCall, user: Any, purpose: str, given: str, wrong: type[PoolError] = WrongCode
    ) -> str:
        """That it is the one; by which attribute it came. It stays good until it is used, or the user is elsewhere.

        wrong: how another one is refused. PoolError.
        """
        code = codes_of(user).get(purpose)
        if code is None or code["until_s"] <= clock.now_s() or user.attribute_lookup.get(code["by"]) != code["to"]:
            raise NoCode
        if code["tries"] >= MOST_TRIES:
            raise TooManyTries
        if not secrets.compare_digest(code["code"].encode(), given.encode()):
            self._changes.make(changes.count_try, pool=call.pool.id, name=user.username, purpose=purpose)
            raise wrong
        return str(code["by"])


def _with_places(message: str | None, *, with_name: bool) -> str | None:
    """One in which there is no place for what the user needs is not sent: the pool's own is (?)."""
    if message is None:
        return None
    has_code = CODE in message or _LINK.search(message) is not None
    return message if has_code and (NAME in message or not with_name) else None


def _text_of(pool: Any, source: str) -> Text:
    config: Mapping[str, Any] = pool.extended_config
    if source == "CustomMessage_AdminCreateUser":
        told = (config.get("AdminCreateUserConfig") or {}).get("InviteMessageTemplate") or {}
        words = f"Your username is {NAME} and temporary password is {CODE}."
        return Text(
            told.get("EmailSubject") or "Your temporary password",
            told.get("EmailMessage") or words,
            told.get("SMSMessage") or words,
        )
    if source == "CustomMessage_Authentication":
        words = f"Your authentication code is {CODE}."
        return Text("Your authentication code", words, config.get("SmsAuthenticationMessage") or words)
    template = config.get("VerificationMessageTemplate") or {}
    words = f"Your confirmation code is {CODE}"
    if template.get("DefaultEmailOption") == "CONFIRM_WITH_LINK" and source.endswith(("_SignUp", "_ResendCode")):
        return Text(
            template.get("EmailSubjectByLink") or "Your verification link",
            template.get("EmailMessageByLink") or f"Please verify your e-mail address: {LINK}",
            template.get("SmsMessage") or words,
        )
    return Text(
        config.get("EmailVerificationSubject") or "Your verification code",
        config.get("EmailVerificationMessage") or words,
        config.get("SmsVerificationMessage") or words,
    )


def way_to_verify(pool: Any, user: Any) -> Way | None:
    """Whereby a pool confirms users by itself; None: an administrator has to."""
    wanted = pool.extended_config.get("AutoVerifiedAttributes") or ()
    for attribute in ("phone_number", "email"):
        if attribute in wanted and user.attribute_lookup.get(attribute):
            return Way(attribute, user.attribute_lookup[attribute])
    return None


def ways_to_invite(asked: PoolsRequest, user: Any) -> list[Way]:
    """By SMS, unless e-mail is wanted; by what there is where neither was said."""
    wanted = asked.given.get("DesiredDeliveryMediums")
    ways = [
        Way(name, user.attribute_lookup[name]) for name in ("phone_number", "email") if name in user.attribute_lookup
    ]
    return [way for way in ways if way.medium in wanted] if isinstance(wanted, list) and wanted else ways[:1]


def way_to_recover(pool: Any, user: Any) -> Way | None:
    """The first verified one in the order that the pool has."""
    setting = (pool.extended_config.get("AccountRecoverySetting") or {}).get("RecoveryMechanisms") or [
        {"Priority": 1, "Name": "verified_phone_number"},
        {"Priority": 2, "Name": "verified_email"},
    ]
    for mechanism in sorted(setting, key=lambda one: int(one["Priority"])):
        attribute = mechanism["Name"].removeprefix("verified_")
        told = user.attribute_lookup
        if told.get(attribute) and told.get(f"{attribute}_verified") == "true":
            return Way(attribute, told[attribute])
    return None
