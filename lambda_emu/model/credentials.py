"""Temporary credentials that this server gives out: to functions' code, to who assumes a role, to its own services.

An access key of AWS holds the number of its account; so do ours, and calls from inside a function come back to it. A
session token says whose the credentials are, and the secret follows from it by a key that only the server has: so
nothing is kept of them, and a token that somebody wrote himself has a secret that he does not know.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode, b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha256, sha512
from typing import NamedTuple

import msgspec
from msgspec import Struct

from lambda_emu.model.caller import Caller, CallerKind

KEY_PREFIXES = ("AKIA", "ASIA")
"""Of a user's key, and of a temporary one."""
KEY_LENGTH = 20
ROOT_KEY = "test"
"""Of the root user of the server's own account; that of any account is its number."""
KEY_BYTES = 32
"""Of the key by which secrets follow from tokens."""
MOST_TOKEN = 16384
"""Characters of a session token; session policies and tags take most of it."""
_OURS = re.compile(r"(?:AKIA|ASIA)([A-Z2-7]{8})[A-Z2-7]{5}EMU")
"""Eight digits to the base of 32 hold the twelve decimal ones of an account, five tell keys apart."""
_ROLE = re.compile(r"arn:[a-z-]{1,32}:iam::[0-9]{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)
_SESSION = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class RoleSession(NamedTuple):
    """Whose credentials are: a role's, for the time that something by this name has it. role: its ARN."""

    role: str
    name: str


class Session(Struct, frozen=True, array_like=True):
    """What a session token says. kind: of CallerKind. expires_s: epoch seconds; None: it holds as long as the server.

    nonce: tells it from every other one; nobody can guess it.
    """

    access_key: str
    kind: str
    account: str
    arn: str
    user_id: str
    nonce: str
    role_arn: str | None = None
    expires_s: float | None = None
    policies: tuple[str, ...] = ()
    source_identity: str | None = None
    tags: tuple[tuple[str, str], ...] = ()

    def caller(self) -> Caller:
        return Caller(
            CallerKind(self.kind),
            self.access_key,
            self.account,
            self.arn,
            self.user_id,
            self.role_arn,
            self.policies,
            self.source_identity,
            self.tags,
        )


class Credentials(Struct, frozen=True):
    """token: empty of those that do not end."""

    access_key: str
    secret: str
    token: str

    def variables(self) -> Mapping[str, str]:
        """As environment variables."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_SESSION_TOKEN": self.token,
        }


class Issuer:
    """Gives credentials out, and knows its own again. key: KEY_BYTES that nobody else has."""

    def __init__(self, key: bytes) -> None:
        self.key = key

    def credentials(self, session: Session) -> Credentials:
        token = b64encode(msgspec.json.encode(session)).decode()
        return Credentials(session.access_key, self.secret_of(token), token)

    def secret_of(self, token: str) -> str:
        """Of whatever text; only what we gave out has it."""
        return b64encode(hmac.digest(self.key, token.encode(), "sha512")[:30]).decode()

    def of_token(self, token: str) -> Credentials:
        """Those that have this session token, which we gave out."""
        session = read_token(token)
        return Credentials("" if session is None else session.access_key, self.secret_of(token), token)

    def of_role(self, account: str, nonce: str, whose: RoleSession) -> Credentials:
        """Those that a function's code finds in its environment, in the function's own account.

        nonce: hex digits that nobody can guess, and others each time (`Clock.new_token`).
        """
        key, arn = _temporary_key(account, nonce), session_arn(whose.role, whose.name)
        user_id = f"{role_id(whose.role)}:{whose.name}"
        return self.credentials(Session(key, CallerKind.SESSION.value, account, arn, user_id, nonce, whose.role))

    def of_caller(self, caller: Caller, nonce: str) -> Credentials:
        """Those by which this server asks in the name of who asked it: they may what he may."""
        key = _temporary_key(caller.account, nonce)
        who = (caller.kind.value, caller.account, caller.arn, caller.user_id)
        more = (caller.policies, caller.source_identity, caller.tags)
        return self.credentials(Session(key, *who, nonce, caller.role_arn, None, *more))

    def of_service(self, account: str, nonce: str) -> Credentials:
        """Those by which this server asks itself, in an account's name."""
        root = f"arn:aws:iam::{account}:root"
        key = _temporary_key(account, nonce)
        return self.credentials(Session(key, CallerKind.SERVICE.value, account, root, account, nonce))


def read_token(token: str) -> Session | None:
    """What it says, whoever wrote it; None: it is not of ours."""
    if len(token) > MOST_TOKEN:
        return None
    try:
        session = msgspec.json.decode(b64decode(token, validate=True), type=Session)
        CallerKind(session.kind)
    except (ValueError, msgspec.DecodeError):
        return None
    return session


def session_of(session_token: str) -> RoleSession | None:
    """None: it does not say, or is not of ours."""
    session = read_token(session_token)
    if session is None or session.role_arn is None:
        return None
    name = session.arn.rpartition("/")[2]
    return (
        RoleSession(session.role_arn, name) if _ROLE.fullmatch(session.role_arn) and _SESSION.fullmatch(name) else None
    )


def session_arn(role: str, name: str) -> str:
    """Of a role's session, which has no path."""
    _, partition, _, _, account, path = role.split(":", 5) if role.count(":") >= 5 else ("", "aws", "", "", "", role)
    return f"arn:{partition}:sts::{account}:assumed-role/{path.rpartition('/')[2]}/{name}"


def role_id(role: str) -> str:
    """What a role's ARN comes to where IAM is not asked."""
    return "AROA" + b32encode(sha256(role.encode()).digest()).decode()[:17]


def new_role_id(nonce: str) -> str:
    """nonce: hex digits that are others each time."""
    return "AROA" + b32encode(sha256(nonce.encode()).digest()).decode()[:17]


def access_key(prefix: str, account: str, number: int) -> str:
    """A key that says whose it is. number: below 2**25, tells keys of one account apart."""
    return f"{prefix}{_encode(int(account), 8)}{_encode(number, 5)}EMU"


def account_of(access_key: str) -> str | None:
    """The account that an access key belongs to: the key is its number, or one of ours. None: it does not say."""
    if len(access_key) == 12 and access_key.isascii() and access_key.isdigit():
        return access_key
    ours = _OURS.fullmatch(access_key)
    if ours is None:
        return None
    number = 0
    for digit in ours[1]:
        number = number * 32 + _DIGITS.index(digit)
    return f"{number:012}" if number < 10**12 else None


def _temporary_key(account: str, nonce: str) -> str:
    return access_key("ASIA", account, int(sha512(nonce.encode()).hexdigest()[:7], 16))


def _encode(number: int, digits: int) -> str:
    """The lowest digits to the base of 32."""
    return "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(digits)))
