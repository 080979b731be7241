"""The credentials that a function's code finds in its environment: of its execution role, in its own account.

An access key of AWS holds the number of its account; so do ours, and calls from inside a function come back to it.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha512
from typing import NamedTuple

KEY_PREFIXES = ("AKIA", "ASIA")
"""Of a user's key, and of a temporary one."""
KEY_LENGTH = 20
_OURS = re.compile(r"(?:AKIA|ASIA)([A-Z2-7]{8})[A-Z2-7]{5}EMU")
"""Eight digits to the base of 32 hold the twelve decimal ones of an account, five tell keys apart."""

_UNGUESSED_BYTES = 64
_ROLE = re.compile(r"arn:[a-z-]{1,32}:iam::[0-9]{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)
_SESSION = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class RoleSession(NamedTuple):
    """Whose credentials are: a role's, for the time that something by this name has it. role: its ARN."""

    role: str
    name: str


def role_credentials(account: str, token: str, whose: RoleSession | None = None) -> Mapping[str, str]:
    """As environment variables: a temporary access key with what belongs to it. Nothing here checks them.

    token: hex digits that nobody can guess, and others each time (`Clock.new_token`); they cannot be told from the
    credentials. whose: is said by the session token.
    """
    secret = b64encode(sha512(f"key {token}".encode()).digest()).decode()
    said = b"" if whose is None else " ".join(whose).encode()
    session = b64encode(sha512(f"session {token}".encode()).digest() + said).decode()
    number = int(sha512(token.encode()).hexdigest()[:7], 16)
    return {
        "AWS_ACCESS_KEY_ID": access_key("ASIA", account, number),
        "AWS_SECRET_ACCESS_KEY": secret[:40],
        "AWS_SESSION_TOKEN": session,
    }


def session_of(session_token: str) -> RoleSession | None:
    """None: it does not say, or is not of ours."""
    try:
        said = b64decode(session_token, validate=True)[_UNGUESSED_BYTES:].decode()
    except ValueError:
        return None
    role, _, name = said.partition(" ")
    return RoleSession(role, name) if _ROLE.fullmatch(role) and _SESSION.fullmatch(name) else None


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


def _encode(number: int, digits: int) -> str:
    """The lowest digits to the base of 32."""
    return "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(digits)))
