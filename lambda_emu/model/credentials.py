"""The credentials that a function's code finds in its environment: of its execution role, in its own account.

An access key of AWS holds the number of its account; so do ours, and calls from inside a function come back to it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha512

KEY_PREFIXES = ("AKIA", "ASIA")
"""Of a user's key, and of a temporary one."""
KEY_LENGTH = 20
_OURS = re.compile(r"(?:AKIA|ASIA)([A-Z2-7]{8})[A-Z2-7]{5}EMU")
"""Eight digits to the base of 32 hold the twelve decimal ones of an account, five tell keys apart."""

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def role_credentials(account: str, token: str) -> Mapping[str, str]:
    """As environment variables: a temporary access key with what belongs to it. Nothing here checks them.

    token: hex digits that nobody can guess, and others each time (`Clock.new_token`); they cannot be told from the
    credentials.
    """
    secret, session = (b64encode(sha512(f"{name} {token}".encode()).digest()).decode() for name in ("key", "session"))
    number = int(sha512(token.encode()).hexdigest()[:7], 16)
    return {
        "AWS_ACCESS_KEY_ID": access_key("ASIA", account, number),
        "AWS_SECRET_ACCESS_KEY": secret[:40],
        "AWS_SESSION_TOKEN": session,
    }


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
