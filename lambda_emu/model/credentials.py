"""The credentials that a function's code finds in its environment: of its execution role, in its own account.

An access key of AWS holds the number of its account; so do ours, and calls from inside a function come back to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_OURS = re.compile(r"ASIA([A-Z2-7]{8})LAMBDEMU")
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def role_credentials(account: str) -> Mapping[str, str]:
    """As environment variables. Nothing here checks them."""
    return {
        "AWS_ACCESS_KEY_ID": f"ASIA{_encoded(int(account))}LAMBDEMU",
        "AWS_SECRET_ACCESS_KEY": "lambda-emu-secret-access-key",
        "AWS_SESSION_TOKEN": "lambda-emu-session-token",
    }


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
    return f"{number:012}"


def _encoded(number: int) -> str:
    """Eight digits to the base of 32 hold twelve decimal ones."""
    return "".join(_DIGITS[number >> shift & 31] for shift in range(35, -1, -5))
