"""Formats of texts that JSON Schema's draft 4 names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import datetime

_DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.\d{1,12})?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)
_EMAIL = re.compile(r"[^@\s]{1,256}@[^@\s]{1,256}")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9][A-Za-z0-9-]{0,62}){0,40}")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,63}:[^\s<>\"{}|\\^`]*")


def _date_time(text: str) -> bool:
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        return False
    try:
        datetime.fromisoformat(f"{found[1]}T{found[2]}")
    except ValueError:
        return False
    return True


def _address(of: type[ipaddress.IPv4Address] | type[ipaddress.IPv6Address]) -> Callable[[str], bool]:
    def is_right(text: str) -> bool:
        try:
            of(text)
        except ValueError:
            return False
        return True

    return is_right


FORMATS: Mapping[str, Callable[[str], bool]] = {
    "date-time": _date_time,
    "email": lambda text: _EMAIL.fullmatch(text) is not None,
    "hostname": lambda text: len(text) < 254 and _HOST.fullmatch(text) is not None,
    "ipv4": _address(ipaddress.IPv4Address),
    "ipv6": _address(ipaddress.IPv6Address),
    "uri": lambda text: _URI.fullmatch(text) is not None,
}
